"""Python scripts that repeat a run from its first point, bit for bit."""

import json
from itertools import groupby
from typing import Any

import clusterer
from clusterer.base import Clusterer, Learner
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import CUT, DECISION, MERGE, SPLIT, MadeDecision
from clusterer.session.run_export import RunExport
from clusterer.stream.source import SourceCode
from clusterer.support.python_code import format_arguments, format_value

MAX_CHUNK = 100_000
CLASSIFIER = "classifier"

DOCSTRING = '"""Repeats a run of online clustering: {n_seen:,} points of {name}{note}"""'

LEARN = f'''
def learn(n_points):
    """Learn the next points of the stream."""
    while n_points > 0:
        points, classes = source.take(min(n_points, {MAX_CHUNK:_}))
        if not len(points):
            raise ValueError("The stream has fewer points than the run has learned.")
        model.learn_chunk({{points}}, classes)
        n_points -= len(points)

'''

CLASSIFY = f'''
classifier, teacher, is_classifying = None, "classes", False


def learn(n_points):
    """Learn the next points of the stream, and let the classifier learn them."""
    while n_points > 0:
        points, classes = source.take(min(n_points, {MAX_CHUNK:_}))
        if not len(points):
            raise ValueError("The stream has fewer points than the run has learned.")
        n_points -= len(points)
        points = {{points}}
        model.learn_chunk(points, classes)
        if is_classifying and (classes is None or teacher == "clusters"):
            # The run has read the clusters at other points, so single points may differ.
            classes = model.predict(points)
        if is_classifying:
            classifier.test_then_learn(points, classes)

'''

RESCALE = '''
def rescale(new):
    """Continue with another scaling, because the spread of the table has changed."""
    global scaling
    model.change_units(*new.take_over(scaling)){classifier}
    scaling = new

'''

RESCALE_CLASSIFIER = """
    if classifier is not None and classifier.__sklearn_is_fitted__():
        classifier.change_units(*new.take_over(scaling))"""


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
    is_scaled = is_rescaled or not scaling.is_identity
    known = [recipe.classifier, *(each.value for each in recipe.changes if each.name == CLASSIFIER)]
    settings = [ClassifierSettings.from_dict(each) for each in known if each is not None]
    classes = {type(each): each for each in (run.model, *(each.make() for each in settings))}
    imports = [*map(_import_class, classes.values()), *code.imports]
    if is_scaled:
        imports.insert(1, "from clusterer.preprocessing.scaling import Scaling")
    lines = [_write_docstring(run, code), "", *imports, "", *code.lines]
    if is_scaled:
        lines += [
            *_explain_scaling(scaling),
            f"scaling = {_format_scaling(scaling)}",
        ]
    arguments = format_arguments(_find_changed(run.model, recipe.parameters))
    lines += [f"model = {type(run.model).__name__}({arguments})", ""]
    learn = CLASSIFY if settings else LEARN
    lines += [learn.format(points="scaling.apply(points)" if is_scaled else "points")]
    if is_rescaled:
        lines.append(RESCALE.format(classifier=RESCALE_CLASSIFIER if settings else ""))
    lines += [*_write_classifier(None, recipe.classifier), *_list_steps(run)]
    lines += _write_result(run.model, is_scaled)
    if run.classification is not None:
        lines.append(
            'print(classifier.n_seen_ - classifier.n_mistakes_, "points classified right")'
        )
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
    lines, n_learned, classifier = [], 0, run.recipe.classifier
    for n_seen, changes in groupby(run.recipe.changes, key=lambda change: change.n_seen):
        lines.append(f"learn({n_seen - n_learned:_})")
        n_learned = n_seen
        for _, name, value in changes:
            if name == "noise":
                lines.append(f"source.noise = {format_value(value)}")
            elif name == "scaling":
                lines.append(f"rescale({_format_scaling(value)})")
            elif name == DECISION:
                lines.append(_write_decision(value))
            elif name == CLASSIFIER:
                lines += _write_classifier(classifier, value)
                classifier = value
            else:
                lines.append(f"model.change_parameters({name}={format_value(value)})")
    if n_left := run.snapshot.n_seen - n_learned:
        lines.append(f"learn({n_left:_})")
    return lines


def _write_decision(decision: MadeDecision) -> str:
    """The line that decides about clusters, which it finds by the ids of prototypes."""
    if decision.kind == MERGE:
        return f"model.merge_clusters(*map(model.find_cluster, {decision.prototypes}))"
    if decision.kind == SPLIT:
        return f"model.split_cluster(model.find_cluster({decision.prototypes[0]}))"
    if decision.kind == CUT:
        return f"model.cut_dendrogram({format_value(decision.threshold)})"
    return "model.undo_decision()"


def _write_classifier(before: dict[str, Any] | None, now: dict[str, Any] | None) -> list[str]:
    """The lines that begin, change or stop the classifier."""
    if now is None:
        return [] if before is None else ["classifier, is_classifying = None, False"]
    settings = ClassifierSettings.from_dict(now)
    known = None if before is None else ClassifierSettings.from_dict(before)
    lines = []
    if known is None or not settings.continues(known):
        model = settings.make()
        arguments = format_arguments(_find_changed(model, settings.parameters))
        lines.append(f"classifier = {type(model).__name__}({arguments})")
        if settings.teacher != ("classes" if known is None else known.teacher):
            lines.append(f"teacher = {format_value(settings.teacher)}")
    elif settings.parameters != known.parameters:
        changed = {
            name: value
            for name, value in settings.parameters.items()
            if value != known.parameters[name]
        }
        lines.append(f"classifier.change_parameters({format_arguments(changed)})")
    if known is None or settings.is_learning != known.is_learning:
        lines.append(f"is_classifying = {settings.is_learning}")
    return lines


def _explain_scaling(scaling: Scaling) -> list[str]:
    """The comments about the features that the model learns."""
    value = "value"
    if any(scaling.treatment.log_units):
        value = "logarithm"
    lines = [f"# The model learns standardised features: ({value} - offset) / scale."]
    if value == "logarithm":
        lines.append("# The logarithm is asinh(value / 2 / unit); a unit of 0 keeps the value.")
    if any(weight != 1.0 for weight in scaling.treatment.weights):
        lines.append("# The scales are the standard deviations divided by the weights.")
    return lines


def _format_scaling(scaling: Scaling) -> str:
    return f"Scaling.from_dict({scaling.to_dict('none')})"


def _find_changed(model: Learner, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that differ from the defaults of the model's class."""
    defaults = type(model)().get_params()
    return {name: value for name, value in parameters.items() if value != defaults[name]}
