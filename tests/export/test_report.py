"""The report: one HTML file that says who the groups are."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.export.report import N_CARDS, write_report
from clusterer.export.report_figures import N_POINTS
from clusterer.session.run import Run
from clusterer.session.run_export import RunExport
from clusterer.stream import ArraySource

HOSTILE = "<script>alert(1)</script>&\"'"


def learn(points: np.ndarray, names: list[str] | None = None, name: str = "table") -> RunExport:
    run = Run(ArraySource(points, names, name=name), OnlineClusterer(), window_length=len(points))
    run.advance(len(points))
    return run.export_run()


def make_groups(n_points: int = 1_000) -> np.ndarray:
    """Two groups that differ in the second feature alone."""
    random = np.random.default_rng(0)
    points = random.normal(size=(n_points, 3))
    points[::2, 1] += 20.0
    return points


class Elements(HTMLParser):
    """Counts the elements of a document, and checks that each of them is closed."""

    VOID = frozenset({"meta", "circle", "rect", "line"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self._open.pop() == tag


def test_each_group_has_a_card_with_the_feature_that_sets_it_apart():
    report = write_report(learn(make_groups(), ["age", "income", "visits"]))
    words = re.findall(r'<p class="words">(.*?)</p>', report)
    assert len(words) == 2
    assert {each.split(",")[0].split(" very ")[0] for each in words} == {"income"}
    assert "1,000 points were learned. The model found 2 clusters; no point is noise" in report
    # The first axis is the feature that sets the groups apart.
    assert 'aria-label="income and ' in report


def test_the_report_loads_nothing_and_its_elements_are_closed():
    elements = Elements(write_report(learn(make_groups())))
    assert not {"script", "img", "link", "iframe", "object"} & {*elements.names}
    assert not [value for name, value in elements.attributes if name in ("src", "href")]
    assert ("http-equiv", "Content-Security-Policy") in elements.attributes


def test_text_of_the_table_stays_text():
    run = learn(make_groups(), [HOSTILE, "b", "c"], name=HOSTILE)
    run = replace(run, cluster_names={1: HOSTILE})
    report = write_report(run, how=HOSTILE)
    assert "script" not in Elements(report).names
    assert html.escape(HOSTILE) in report


def test_rows_that_were_counted_replace_the_points_of_the_stream():
    run = learn(make_groups())
    report = write_report(run, n_rows={1: 700, 2: 200, -1: 100})
    assert "1,000 rows were labelled" in report
    assert "10.0% of the points are noise" in report
    assert re.search(r"<h3>Cluster 1</h3>.*?<dd>70.0%</dd>.*?<dd>700</dd>", report, re.DOTALL)


def test_names_of_people_and_the_colours_of_the_page_are_used():
    run = learn(make_groups())
    report = write_report(
        replace(run, cluster_names={1: "Young VIPs"}, cluster_colors={1: 2, 2: 0})
    )
    assert "<h3>Cluster 1: Young VIPs</h3>" in report
    assert "border-left-color: #009e73" in report


@pytest.mark.parametrize("n_features", [1, 2, 120])
def test_any_number_of_features(n_features):
    random = np.random.default_rng(1)
    points = random.normal(size=(400, n_features)) + 30.0 * (np.arange(400) % 2)[:, None]
    report = write_report(learn(points))
    Elements(report)
    assert ("20 more features are not shown" in report) == (n_features == 120)


def test_equal_points_and_very_large_numbers():
    for points in (np.ones((50, 2)), 1e150 * make_groups(200)):
        report = write_report(learn(points))
        assert not re.search(r"\b(nan|inf)\b", report)


def test_many_clusters_and_many_points_are_cut_and_the_report_says_so():
    random = np.random.default_rng(0)
    centers = 40.0 * np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1).reshape(-1, 2)
    points = centers[random.integers(64, size=8_000)] + random.normal(size=(8_000, 2))
    report = write_report(learn(points))
    assert report.count("<article") == N_CARDS
    assert f"{64 - N_CARDS} more clusters are not shown" in report
    assert report.count("<circle") == N_POINTS


def test_nothing_learned_is_said():
    run = Run(make_generator("blobs", seed=1), OnlineClusterer())
    with pytest.raises(ValueError, match="nothing to report yet"):
        write_report(run.export_run())
