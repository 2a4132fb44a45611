"""Logarithms and weights of the columns of a table: offered, chosen, kept and explained."""

import asyncio
import json
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.tables import TableError
from tests.datasets.customers import NAMES, draw_customers, write_customers
from widgets import Dashboard
from widgets.sources.source_chooser import describe_negative
from widgets.sources.table_chooser import TableChooser


@pytest.fixture
def make_chooser():
    """Return a function that makes a chooser, and the list of the sources that choosers open."""
    choosers, opened = [], []

    def make():
        choosers.append(TableChooser(lambda *chosen: opened.append(chosen)))
        return choosers[-1]

    yield make, opened
    for chooser in choosers:
        chooser.close()


@pytest.fixture
def chooser(make_chooser, tmp_path):
    """A chooser that shows the table of customers."""
    make, _ = make_chooser
    write_customers(tmp_path / "customers.csv")
    chooser = make()
    chooser.open_path(tmp_path / "customers.csv")
    return chooser


def edit(chooser, name, **changes):
    """Change a row of the table of features, as the browser does."""
    grid = chooser.columns.treatment.grid
    grid.rows = [row | changes if row["name"] == name else row for row in grid.rows]


def learn(source, scaling):
    """Return a run that has learned all rows, and its agreement with the true classes."""
    run = Run(source, OnlineClusterer(), scaling=scaling, window_length=10_000)
    while not run.is_finished:
        run.advance(10_000)
    exported = run.export_run()
    return run, adjusted_rand_score(exported.classes, exported.label_points())


def test_the_offered_click_finds_the_kinds_of_customers(chooser):
    treatment, opened = chooser.columns.treatment, chooser.columns.make_source()
    assert "fresh, milk, grocery, frozen, detergents, delicatessen are" in treatment.offer.sentence
    # Nothing is applied unasked.
    assert opened[1].treatment.is_plain
    _, before = learn(*opened)
    treatment.offer.button.clicks += 1
    _, after = learn(*chooser.columns.make_source())
    assert after > 0.85 > 0.5 > before
    assert all(row["log"] for row in treatment.grid.rows)
    assert treatment.offer.button.label == "Cluster the plain values"
    treatment.offer.button.clicks += 1
    assert chooser.columns.make_source()[1].treatment.is_plain


def test_a_column_without_a_heavy_tail_is_not_offered(make_chooser, write):
    chooser = make_chooser[0]()
    ages = np.random.default_rng(0).normal(40, 9, 300)
    chooser.open_path(write("age\n" + "\n".join(f"{age:.1f}" for age in ages)))
    assert chooser.columns.treatment.offer.sentence == ""
    assert not chooser.columns.treatment.offer.button.visible
    # The user may take the logarithm all the same.
    edit(chooser, "age", log=True)
    assert chooser.columns.make_source()[1].treatment.log_units[0] > 0


def test_each_change_of_a_row_opens_the_stream_again(chooser, make_chooser):
    _, opened = make_chooser
    edit(chooser, "milk", log=True)
    edit(chooser, "milk", weight="2,5")
    edit(chooser, "fresh", weight="0")
    source, scaling = opened[-1]
    assert len(opened) == 3
    assert source.feature_names == NAMES[1:]
    assert scaling.treatment.weights == (2.5, 1, 1, 1, 1)
    assert [unit > 0 for unit in scaling.treatment.log_units] == [True, *[False] * 4]
    # The column keeps its checkbox, and its row to give it a weight again.
    assert "fresh" in chooser.columns.features.value
    assert chooser.columns.treatment.grid.rows[0]["weight"] == "0"


@pytest.mark.parametrize("text", ["much", "-1", "nan", "1e9", ""])
def test_a_weight_that_is_not_allowed_is_named_and_changes_nothing(chooser, make_chooser, text):
    edit(chooser, "milk", weight=text)
    assert "The weight of milk is" in chooser.columns.treatment.message.pane.object
    assert chooser.columns.treatment.grid.rows[1]["weight"] == "1"
    assert make_chooser[1] == []
    edit(chooser, "milk", weight="2")
    assert chooser.columns.treatment.message.pane.object == ""


def test_without_any_weight_the_page_asks_for_a_column(chooser, make_chooser):
    for name in NAMES:
        edit(chooser, name, weight="0")
    assert "Choose at least one column" in chooser.message.pane.object
    assert len(make_chooser[1]) == len(NAMES) - 1


def test_a_checkpoint_continues_with_logarithms_and_weights(chooser, make_chooser, tmp_path):
    chooser.columns.treat(["milk", "grocery"], {"fresh": 0.5, "frozen": 0.0})
    source, scaling = chooser.columns.make_source()
    run = Run(source, OnlineClusterer(), scaling=scaling)
    run.advance(700)
    state = {"table": chooser.describe() | {"file": "customers.csv", "name": "customers.csv"}}
    text, model = Checkpoint.take(run, page_state=json.loads(json.dumps(state))).write()
    checkpoint = Checkpoint.read(text, model)
    fresh = make_chooser[0]()
    restoring = fresh.restore(checkpoint.page_state["table"], tmp_path)
    worker = threading.Thread(target=asyncio.run, args=[restoring])
    worker.start()
    worker.join(60)
    source, scaling = fresh.columns.make_source()
    assert scaling.treatment == run.scaling.treatment
    restored = checkpoint.restore_run(source)
    for each in (run, restored):
        each.advance(300)
    assert np.array_equal(restored.model.prototypes_, run.model.prototypes_)
    assert fresh.columns.treatment.weights == {"fresh": 0.5, "frozen": 0.0}


def test_choices_of_earlier_versions_are_plain(chooser):
    choices = chooser.columns.describe()
    del choices["logs"], choices["weights"]
    edit(chooser, "milk", log=True)
    chooser.columns.restore(choices)
    assert chooser.columns.make_source()[1].treatment.is_plain


async def choose(chooser, title):
    chooser.catalog_select.value = title
    while not chooser.is_ready:
        await asyncio.sleep(0.01)


def test_a_link_treats_the_table_that_it_names(tmp_path):
    write_customers(tmp_path / "customers.csv")
    opened = []
    chooser = TableChooser(lambda *chosen: opened.append(chosen), tmp_path)
    try:
        title = next(each for each in chooser.catalog if "customers" in each)
        chooser.treat(["milk", "wine"], {"fresh": 2.0, "kind": 3.0}, is_next=True)
        # In a new thread: the browser tests leave an event loop running in this thread.
        worker = threading.Thread(target=asyncio.run, args=[choose(chooser, title)])
        worker.start()
        worker.join(60)
        assert chooser.ignored == ["wine", "kind"]
        treatment = opened[-1][1].treatment
        assert treatment.weights == (2, 1, 1, 1, 1, 1)
        assert [unit > 0 for unit in treatment.log_units] == [False, True, *[False] * 4]
        # The wish is fulfilled: a later wish is for the table that is shown.
        chooser.treat([], {"milk": 3.0}, is_next=False)
        assert opened[-1][1].treatment.weights == (1, 3, 1, 1, 1, 1)
    finally:
        chooser.close()


def test_a_frame_of_python_is_treated_as_the_program_says():
    spent, kinds = draw_customers()
    frame = pd.DataFrame(spent, columns=NAMES)
    dashboard = Dashboard(frame, log=NAMES, weights={"delicatessen": 0})
    try:
        dashboard.learn()
        clusters = dashboard.clusters()
        assert adjusted_rand_score(kinds, dashboard.labels()) > 0.8
        assert "mean of delicatessen" not in clusters
        # The means are those of the rows, in their own units.
        own = frame["grocery"].groupby(dashboard.labels().to_numpy()).mean()
        assert clusters["mean of grocery"].to_dict() == pytest.approx(
            {i: own[i] for i in clusters.index}, rel=0.02
        )
    finally:
        dashboard.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"log": ["wine"]}, "wine cannot have a logarithm"),
        ({"weights": {"milk": -1}}, "the weight of milk is -1"),
    ],
)
def test_a_program_learns_what_is_wrong_with_its_wishes(settings, message):
    frame = pd.DataFrame(draw_customers(50)[0], columns=NAMES)
    with pytest.raises((TableError, ValueError), match=message):
        Dashboard(frame, **settings)


def test_logarithms_of_an_array_are_refused():
    with pytest.raises(ValueError, match="belong to columns of a table"):
        Dashboard(np.eye(3), log=["x0"])


def test_later_values_below_zero_are_learned_and_told(make_chooser, write):
    spent = draw_customers(6_000)[0][:, 0]
    spent[5_500:5_510] = -7.0
    chooser = make_chooser[0]()
    chooser.open_path(write("fresh\n" + "\n".join(f"{each:.0f}" for each in spent)))
    chooser.columns.treat(["fresh"], {})
    source, scaling = chooser.columns.make_source()
    run = Run(source, OnlineClusterer(), scaling=scaling)
    run.advance(5_000)
    assert describe_negative(run.make_frame(ViewRequest()), source) == ""
    run.advance(1_000)
    frame = run.make_frame(ViewRequest())
    assert frame.snapshot.n_seen == 6_000
    assert "below 0 in fresh (lowest: -7)" in describe_negative(frame, source)
    plain = replace(frame, scaling=None)
    assert describe_negative(plain, source) == ""
