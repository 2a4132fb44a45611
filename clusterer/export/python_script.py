"""Scripts: the lines of Python that repeat a run from its first point, to the last bit."""

import json
from itertools import groupby
from typing import Any

import numpy as np

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.datasets import GeneratedSource, PaintedSource
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import Recipe
from clusterer.session.run_export import RunExport
from clusterer.stream import Source, TableSource

MOST_AT_ONCE = 100_000

OPENING = '"""Repeats a run of online clustering: {n_seen:,} points of {name}{note}"""'

LEARN = f'''
def learn(n_points):
    """Learn the next points of the stream."""
    while n_points > 0:
        points = source.take(min(n_points, {MOST_AT_ONCE:_})).points
        if not len(points):
            raise ValueError("The stream has fewer points than the run had.")
        model.partial_fit({{points}})
        n_points -= len(points)

'''

RESCALE = '''
def rescale(now):
    """Go on in other units, as the table's spread has become another."""
    global scaling
    model.change_units(*now.take_over(scaling))
    scaling = now

'''

GIVEN = """# Put your data here: the data frame, the array, or the callable that the run was given.
source = ArraySource(data)
"""


def write_script(taken: RunExport) -> str:
    """The script. It needs the table's file beside it where the run had a table.

    Raises ValueError if the run cannot be repeated, saying why.
    """
    recipe = taken.recipe
    if not recipe.is_exact:
        raise ValueError(
            "This run cannot be repeated by a script: points were lost to an error, or its "
            "parameters were changed too often. Reset starts one that can."
        )
    scaling = recipe.scaling or Scaling.identity(taken.source.n_features)
    is_moving = any(name == "scaling" for _, name, _ in recipe.changes)
    is_scaled = is_moving or bool((scaling.offsets != 0).any() or (scaling.scales != 1).any())
    lines = [_write_opening(taken), "", *_write_imports(taken.source, is_scaled), ""]
    lines += _write_source(taken.source, recipe)
    if is_scaled:
        lines += [
            "# The model learns standardised features: (value - offset) / scale.",
            f"scaling = {_write_scaling(scaling)}",
        ]
    lines += [f"model = OnlineClusterer({_write_arguments(_find_changed(recipe.parameters))})", ""]
    points = "scaling.apply(points)" if is_scaled else "points"
    lines += [LEARN.format(points=points)]
    lines += [*([RESCALE] if is_moving else []), *_write_course(taken)]
    undone = "scaling.undo({})" if is_scaled else "{}"
    lines += [
        'print(model.n_seen_, "points,", model.n_clusters_, "clusters")',
        f"print({undone.format('model.cluster_centers_')})",
    ]
    return "\n".join(lines) + "\n"


def _write_opening(taken: RunExport) -> str:
    # JSON's escapes end no docstring.
    name = json.dumps(taken.source.name)[1:-1].replace('\\"', "'").replace("\\", "/")
    note = "." if not isinstance(taken.source, TableSource) else ", whose file lies beside it."
    return OPENING.format(n_seen=taken.snapshot.n_seen, name=name, note=note)


def _write_imports(source: Source, is_scaled: bool) -> list[str]:
    if isinstance(source, GeneratedSource):
        names = ["from clusterer.datasets import make_generator"]
    elif isinstance(source, PaintedSource):
        names = [
            "from clusterer.datasets import PaintedSource",
            "from clusterer.datasets.edits import EraseEdit, MoveEdit, PaintEdit",
        ]
    elif isinstance(source, TableSource):
        names = [
            "from clusterer.stream import TableSource",
            "from clusterer.tables import open_table",
        ]
    else:
        names = ["from clusterer.stream import ArraySource"]
    scaled = ["from clusterer.preprocessing.scaling import Scaling"] if is_scaled else []
    return ["from clusterer import OnlineClusterer", *scaled, *names]


def _write_source(source: Source, recipe: Recipe) -> list[str]:
    if isinstance(source, GeneratedSource) and source.arguments is not None:
        told = dict(source.arguments)
        key = told.pop("key")
        return [
            f"source = make_generator({key!r}, {_write_arguments(told | {'noise': recipe.noise})})"
        ]
    if isinstance(source, PaintedSource):
        told = {"seed": source.seed, "noise": recipe.noise}
        return [
            "# Each edit begins with its position in the stream.",
            "edits = [",
            *(f"    {type(edit).__name__}{tuple(edit)!r}," for edit in source.edits),
            "]",
            f"source = PaintedSource(edits, {_write_arguments(told)})",
        ]
    if isinstance(source, TableSource):
        choices = _write_arguments(getattr(source.table, "choices", {}))
        return [
            f"table = open_table({source.name!r}{', ' if choices else ''}{choices})",
            f"source = TableSource(table, {list(source.feature_names)!r}"
            f"{', ' if source.choices else ''}{_write_arguments(source.choices)})",
        ]
    return [GIVEN]


def _write_course(taken: RunExport) -> list[str]:
    """Points learned and parameters changed, in their order."""
    lines, n_learned = [], 0
    for n_seen, changes in groupby(taken.recipe.changes, key=lambda change: change.n_seen):
        lines.append(f"learn({n_seen - n_learned:_})")
        n_learned = n_seen
        for _, name, value in changes:
            if name == "noise":
                lines.append(f"source.noise = {_write_value(value)}")
                continue
            if name == "scaling":
                lines.append(f"rescale({_write_scaling(value)})")
                continue
            lines.append(f"model.set_params({name}={_write_value(value)})")
            if name == "n_prototypes":
                lines.append("model.merge_excess()")
    if n_left := taken.snapshot.n_seen - n_learned:
        lines.append(f"learn({n_left:_})")
    return lines


def _write_scaling(scaling: Scaling) -> str:
    return f"Scaling.from_dict({scaling.to_dict('none')})"


def _find_changed(parameters: dict[str, Any]) -> dict[str, Any]:
    usual = OnlineClusterer().get_params()
    return {name: value for name, value in parameters.items() if value != usual[name]}


def _write_arguments(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_write_value(value)}" for name, value in arguments.items())


def _write_value(value: Any) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)
