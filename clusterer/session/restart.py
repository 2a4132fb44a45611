"""Restart a run: at its first point, or from one of its recorded states."""

from clusterer.evaluation.classification.companion import CompanionClassifier
from clusterer.session.recording import Event, RecordedState
from clusterer.session.run import Run


def restart_run(run: Run, number: int) -> Run:
    """Return a new run of the same source from its first point, with the present parameters.

    Raises what the source raises if it cannot be rewound.
    """
    restarted = _rewind(run, number)
    _continue_classifier(restarted, run)
    restarted.recorder.note(Event(0, "reset"))
    return restarted


def branch_run(run: Run, state: RecordedState, number: int) -> Run:
    """Return a new run that continues from a recorded state, with the present parameters.

    The model with the decisions about its clusters, the cluster ids and colours, the recording up
    to the state and the position of the source are restored exactly. With the parameters of the
    state, the new run continues bit for bit as the old run did. The window is filled with points
    that the source returns again, with the noise of the state; so it differs if the noise was
    changed within the window.

    Raises
    ------
    ValueError
        If the run cannot branch, or the source has fewer points than before. Exceptions of the
        source are raised as they are.
    """
    if not run.can_branch:
        raise ValueError(
            f"A run of {run.source.name} cannot continue from a recorded state; it can only be "
            "shown or reset."
        )
    branch = _rewind(run, number)
    branch.recent_points.bounds = run.recent_points.bounds
    refill(branch, state.n_seen, state.parameters.get("noise"))
    branch.scaling = state.scaling
    branch.model = state.model.set_params(**run.model.get_params())
    branch.tracker = state.tracker
    # The names that are given now, also those given later than the state.
    branch.tracker.take_names(run.tracker.names)
    branch.recorder = run.recorder.fork(state.n_seen)
    branch.recorder.add(state)
    branch.recorder.note(Event(state.n_seen, "branched"))
    branch.recipe = run.recipe.cut(state.n_seen, state.parameters, state.n_decided)
    for name, value in run.parameters.items():
        if name != "classifier" and state.parameters.get(name) != value:
            branch.recipe.note(state.n_seen, name, value)
    if state.classification is not None:
        branch.companion = CompanionClassifier.resume(state.classification)
    _continue_classifier(branch, run)
    return branch


def _continue_classifier(branch: Run, run: Run) -> None:
    """Use the present settings of a run's classifier in the run that follows it."""
    if run.companion is not None:
        branch.set_classifier(run.companion.settings)
        branch.set_peer(run.companion.peer)


def _rewind(run: Run, number: int) -> Run:
    run.source.rewind()
    return type(run)(
        run.source,
        run.model,
        scaling=run.scaling.restart(),
        window_length=run.recent_points.window.length,
        number=number,
    )


def refill(run: Run, n_seen: int, noise: float | None) -> None:
    """Advance the source of a new run to ``n_seen`` points and fill the window with the last ones.

    The source returns these points with this share of noise. Raises what the source raises, and
    ValueError if it has fewer points.
    """
    source = run.source
    before = source.noise
    if before is not None and noise is not None:
        source.noise = noise
    n_shown = min(n_seen, run.recent_points.window.length)
    n_skipped = source.skip(n_seen - n_shown)
    chunk = source.take(n_shown)
    if before is not None:
        source.noise = before
    n_found = n_skipped + len(chunk.points)
    if n_found < n_seen:
        raise ValueError(
            f"{source.name} has only {n_found} points now, so the run cannot continue "
            f"after {n_seen}. Press Reset to start it again."
        )
    if n_shown:
        run.recent_points.push(*chunk)
    run.recent_points.window.n_pushed = n_seen
