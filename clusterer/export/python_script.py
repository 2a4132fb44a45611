"""Python scripts that repeat a run from its first point, bit for bit."""

import json
from itertools import groupby
from typing import Any

import clusterer
from clusterer.base import Clusterer, Learner
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.run_export import RunExport
from clusterer.stream.source import SourceCode
from clusterer.support.python_code import format_arguments, format_value

MAX_CHUNK = 100_000

DOCSTRING = '"""Repeats a run of online clustering: {n_seen:,} points of {name}{note}"""'

LEARN = f'''
def learn(n_points):
    """Learn the next points of the stream."""
    while n_points > 0:
        points, classes = source.take(min(n_points, {MAX_CHUNK:_}))
        if not len(points):
            raise ValueError("The stream has fewer points than the run has learned.")
        model.partial_fit({{points}}, classes)
        n_points -= len(points)

'''

RESCALE = '''
def rescale(new):
    """Continue with another scaling, because the spread of the table has changed."""
    global scaling
    model.change_units(*new.take_over(scaling))
    scaling = new

'''


def write_script(run: RunExport) -> str:
    """Write the script that repeats a run.

    The script needs the file of the table beside it if the run reads a table.

    Parameters
    ----------
    run : RunExport
        The run.

    Returns
    -------
    str
        The text of the script.

    Raises
    ------
    ValueError
        The run cannot be repeated; the message says why.
    """
    recipe = run.recipe
    if not recipe.is_exact:
        raise ValueError(
            "A script cannot repeat this run: it lost points to an error, or its parameters were "
            "changed too often. Press Reset to start a run that a script can repeat."
        )
    code = run.source.python_code(recipe.noise)
    scaling = recipe.scaling or Scaling.identity(run.source.n_features)
    is_rescaled = any(name == "scaling" for _, name, _ in recipe.changes)
    is_scaled = is_rescaled or bool((scaling.offsets != 0).any() or (scaling.scales != 1).any())
    imports = [_import_class(run.model), *code.imports]
    if is_scaled:
        imports.insert(1, "from clusterer.preprocessing.scaling import Scaling")
    lines = [_write_docstring(run, code), "", *imports, "", *code.lines]
    if is_scaled:
        lines += [
            "# The model learns standardised features: (value - offset) / scale.",
            f"scaling = {_format_scaling(scaling)}",
        ]
    arguments = format_arguments(_find_changed(run.model, recipe.parameters))
    lines += [f"model = {type(run.model).__name__}({arguments})", ""]
    lines += [LEARN.format(points="scaling.apply(points)" if is_scaled else "points")]
    lines += [*([RESCALE] if is_rescaled else []), *_list_steps(run)]
    lines += _write_result(run.model, is_scaled)
    return "\n".join(lines) + "\n"


def _write_docstring(run: RunExport, code: SourceCode) -> str:
    # The escapes of JSON cannot end a docstring.
    name = json.dumps(run.source.name)[1:-1].replace('\\"', "'").replace("\\", "/")
    note = ", whose file lies beside it." if code.needs_file else "."
    return DOCSTRING.format(n_seen=run.snapshot.n_seen, name=name, note=note)


def _import_class(model: Learner) -> str:
    name = type(model).__name__
    is_exported = getattr(clusterer, name, None) is type(model)
    return f"from {'clusterer' if is_exported else type(model).__module__} import {name}"


def _write_result(model: Learner, is_scaled: bool) -> list[str]:
    """The lines that print what the model has learned."""
    if isinstance(model, Clusterer):
        count, centers = 'model.n_clusters_, "clusters"', "model.cluster_centers_"
    else:
        count, centers = 'len(model.snapshot().centers), "prototypes"', "model.snapshot().centers"
    shown = f"scaling.undo({centers})" if is_scaled else centers
    return [f'print(model.n_seen_, "points,", {count})', f"print({shown})"]


def _list_steps(run: RunExport) -> list[str]:
    """The lines that learn points and change parameters, in their order."""
    lines, n_learned = [], 0
    for n_seen, changes in groupby(run.recipe.changes, key=lambda change: change.n_seen):
        lines.append(f"learn({n_seen - n_learned:_})")
        n_learned = n_seen
        for _, name, value in changes:
            if name == "noise":
                lines.append(f"source.noise = {format_value(value)}")
            elif name == "scaling":
                lines.append(f"rescale({_format_scaling(value)})")
            else:
                lines.append(f"model.change_parameters({name}={format_value(value)})")
    if n_left := run.snapshot.n_seen - n_learned:
        lines.append(f"learn({n_left:_})")
    return lines


def _format_scaling(scaling: Scaling) -> str:
    return f"Scaling.from_dict({scaling.to_dict('none')})"


def _find_changed(model: Learner, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that differ from the defaults of the model's class."""
    defaults = type(model)().get_params()
    return {name: value for name, value in parameters.items() if value != defaults[name]}
