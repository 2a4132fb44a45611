"""A script repeats its run bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterer import OnlineClusterer
from clusterer.cluster.density.labels import number_in_order
from clusterer.datasets import GENERATORS, make_generator
from clusterer.export.python_script import write_script
from clusterer.preprocessing.scaling import RunningScaling, Scaling, Treatment
from clusterer.session.engine import Engine
from clusterer.session.recipe import MAX_CHANGES, Recipe
from clusterer.session.restart import restart_run
from clusterer.session.run import Run
from clusterer.stream import ArraySource, TableSource
from clusterer.tables import open_table

CHANGES = st.one_of(
    st.integers(1, 3000),
    st.tuples(st.just("n_prototypes"), st.integers(1, 60)),
    st.tuples(st.just("sigma"), st.one_of(st.just("auto"), st.floats(0.01, 50))),
    st.tuples(st.just("half_life"), st.one_of(st.none(), st.floats(10, 1e5))),
    st.tuples(st.just("noise"), st.floats(0, 1)),
    st.tuples(st.just("drop_singletons"), st.booleans()),
    st.tuples(st.just("window_length"), st.integers(10, 500)),
)


def repeat(exported, **known):
    """Run the script and return its model."""
    names = {**known}
    exec(write_script(exported), names)
    return names["model"]


def assert_same(model, exported):
    assert model.n_seen_ == exported.snapshot.n_seen
    ours, theirs = model.snapshot(), exported.snapshot
    for name in ("centers", "weights", "counts", "scatters", "ids", "last_seen"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
    # The lasting numbers of clusters begin when they are first read.
    assert np.array_equal(number_in_order(ours.labels), number_in_order(theirs.labels))


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(GENERATORS)),
    st.integers(0, 9999),
    st.lists(CHANGES, max_size=12),
    st.booleans(),
)
def test_a_run_with_changed_parameters_is_repeated(key, seed, actions, is_watched):
    run = Run(make_generator(key, seed=seed, noise=0.1), OnlineClusterer(30), window_length=100)
    run.advance(10)
    for action in actions:
        if isinstance(action, int):
            run.advance(action)
        else:
            run.set(*action)
        if is_watched:
            run.export_run()
    exported = run.export_run()
    assert_same(repeat(exported), exported)


def test_a_playing_engine_is_repeated_for_any_chunk_sizes():
    engine = Engine(make_generator("drifting", n_features=5, drift=3.0), OnlineClusterer(40))
    engine.set("speed", 50_000)
    engine.play()
    for sigma in (0.5, 2.0, "auto"):
        n_seen = engine.wait_for_frame().snapshot.n_seen
        while engine.wait_for_frame().snapshot.n_seen < n_seen + 3000:
            pass
        engine.set("sigma", sigma)
    exported = engine.export_run().result(30)
    engine.close()
    assert len(exported.recipe.changes) == 3
    assert_same(repeat(exported), exported)


def test_a_reset_starts_a_new_recipe_with_the_current_parameters():
    run = Run(make_generator("rings"), OnlineClusterer(30))
    run.advance(500)
    run.set("n_prototypes", 8)
    run.set("noise", 0.25)
    run = restart_run(run, 1)
    run.advance(700)
    exported = run.export_run()
    assert exported.recipe.changes == []
    assert_same(repeat(exported), exported)


@pytest.mark.parametrize("is_scaled", [True, False])
def test_a_table_is_opened_with_the_same_choices(tmp_path, monkeypatch, is_scaled):
    random = np.random.default_rng(0)
    rows = "\n".join(f"{a:.3f}|{b * 1e4:.3f}|{c}" for a, b, c in random.normal(size=(400, 3)))
    # The file name contains quotes that could end a string or a docstring.
    path = tmp_path / 'it\'s """ odd.csv'
    path.write_text(f"length|it's|'''\n{rows}\n?|1|2\n".replace(".", ","), "utf-8")
    table = open_table(path, delimiter="|", missing="mean", decimal=",")
    means = np.array([0.125, 7.0])
    scaling = Scaling.standardize(means, np.array([1 / 3, 1e4])) if is_scaled else None
    run = Run(
        TableSource(table, ("length", "it's"), name=table.name), OnlineClusterer(), scaling=scaling
    )
    run.advance(150)
    run.set("sigma", 0.7)
    run.advance(1000)
    exported = run.export_run()
    assert exported.snapshot.n_seen == 401
    monkeypatch.chdir(tmp_path)
    assert_same(repeat(exported), exported)


def test_logarithms_and_weights_are_repeated_also_when_the_spread_changes(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    # The amounts grow, so that the running scaling changes in the course of the run.
    amounts = random.lognormal(np.linspace(2, 9, 3_000), 0.8)
    ages = random.normal(40, 9, 3_000)
    rows = "\n".join(f"{a:.2f},{b:.1f}" for a, b in zip(amounts, ages, strict=True))
    path = tmp_path / "sales.csv"
    path.write_text(f"amount,age\n{rows}\n")
    table = open_table(path)
    scaling = RunningScaling.start(2, Treatment((3.7, 0.0), (1.0, 2.5)))
    source = TableSource(table, ("amount", "age"), name=table.name)
    run = Run(source, OnlineClusterer(), scaling=scaling)
    for n in (7, 400, 1_000, 1_593):
        run.advance(n)
    exported = run.export_run()
    assert sum(change.name == "scaling" for change in exported.recipe.changes) > 3
    monkeypatch.chdir(tmp_path)
    assert_same(repeat(exported), exported)
    assert "# The logarithm is asinh(value / 2 / unit)" in write_script(exported)


def test_the_script_asks_for_data_that_the_program_supplied():
    data = np.random.default_rng(1).normal(size=(300, 2))
    run = Run(ArraySource(data), OnlineClusterer())
    run.advance(200)
    exported = run.export_run()
    assert "Put your data here" in write_script(exported)
    assert_same(repeat(exported, data=data), exported)


def test_a_run_that_lost_points_has_no_script():
    def chunks():
        yield np.arange(20.0).reshape(10, 2)
        yield np.full((10, 2), 1e200)

    run = Run(ArraySource(chunks), OnlineClusterer())
    run.advance(10)
    with pytest.raises(ValueError, match="too far"):
        run.advance(10)
    with pytest.raises(ValueError, match="cannot repeat"):
        write_script(run.export_run())


def test_a_full_recipe_is_no_longer_exact():
    recipe = Recipe({"sigma": "auto"}, noise=None)
    for i in range(MAX_CHANGES):
        recipe.note(i + 1, "sigma", float(i))
        recipe.note(i + 1, "sigma", float(i) + 0.5)
    assert recipe.is_exact
    recipe.note(MAX_CHANGES + 2, "sigma", 1.0)
    assert not recipe.is_exact
    assert len(recipe.changes) == MAX_CHANGES
