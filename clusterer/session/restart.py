"""Branches: beginning a run again, from its first point or from a recorded moment of it."""

from clusterer.session.recording import Event, RecordedState
from clusterer.session.run import Run


def restart_run(run: Run, number: int) -> Run:
    """A new run over the same source from its first point, with the parameters of now."""
    again = _begin_again(run, number)
    again.recorder.note(Event(0, "reset"))
    return again


def branch_run(run: Run, state: RecordedState, number: int) -> Run:
    """A new run that goes on from a moment of this one, with the parameters of now.

    Restored exactly are the model, the clusters' ids and colours, the recording up to there and
    the source's position: with the parameters of then, it goes on bit for bit as this run did.
    The window is filled with the points before the moment as the source gives them again, with
    the noise of the moment, so it differs where the noise was changed within it.

    Raises what the source raises when it cannot start again, and ValueError if it has fewer
    points than it had.
    """
    if not run.can_branch:
        raise ValueError(
            f"A run of {run.source.name} cannot continue from a recorded state; it can only be "
            "shown or reset."
        )
    again = _begin_again(run, number)
    again.recent_points.bounds = run.recent_points.bounds
    refill(again, state.n_seen, state.parameters.get("noise"))
    again.scaling = state.scaling
    again.model = state.model.set_params(**run.model.get_params())
    again.tracker = state.tracker
    again.recorder = run.recorder.fork(state.n_seen)
    again.recorder.add(state)
    again.recorder.note(Event(state.n_seen, "branched"))
    again.recipe = run.recipe.cut(state.n_seen, state.parameters)
    for name, value in run.parameters.items():
        if state.parameters.get(name) != value:
            again.recipe.note(state.n_seen, name, value)
    return again


def _begin_again(run: Run, number: int) -> Run:
    run.source.rewind()
    return type(run)(
        run.source,
        run.model,
        scaling=run.scaling.restart(),
        window_length=run.recent_points.window.length,
        number=number,
    )


def refill(run: Run, n_seen: int, noise: float | None) -> None:
    """Bring a run's source, at its first point, and its window to where they were.

    The window has the points that the source gives with that noise. Raises what the source
    raises, and ValueError if it has fewer points.
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
            f"{source.name} has only {n_found} points now, so the run can't go on after "
            f"{n_seen}. Reset starts it again."
        )
    if n_shown:
        run.recent_points.push(*chunk)
    run.recent_points.window.n_pushed = n_seen
