"""A closed page frees the plots of its views."""

import gc
import weakref

import pytest

from tests.app.test_views import has_rows
from tests.support.screens import seen, wait_until
from widgets.views.plot import LivePlot

SOURCES = {
    "Stream graph": "stream graph",
    "History": "history clusters",
    "Dendrogram": "dendrogram",
    "Drift": "drift",
}
"""For each tab, a data source of its plots."""

N_FIGURES = 6  # the history has three


@pytest.fixture
def figures(app_server, monkeypatch):
    """All figures that the views have built and that are still in memory."""
    living, build = weakref.WeakSet(), LivePlot.build

    def note(plot, data):
        is_new = build(plot, data)
        living.update(plot.figures)
        return is_new

    monkeypatch.setattr(LivePlot, "build", note)
    return living


def count(figures):
    """Figures that are in memory after a full collection of garbage."""
    # The server freezes the objects of open pages, so the garbage collector does not see them.
    gc.unfreeze()
    gc.collect()
    return len(figures)


def test_a_closed_page_frees_the_plots_of_its_views(open_page, figures):
    page = open_page()
    wait_until(lambda: seen(page) > 300)
    for tab, source in SOURCES.items():
        page.get_by_role("tab", name=tab).click()
        wait_until(lambda source=source: has_rows(page, source))
    assert count(figures) == N_FIGURES
    page.close()
    wait_until(lambda: count(figures) == 0, 90)
