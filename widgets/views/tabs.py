"""The views beside the live figure, in tabs; only the open view is measured and drawn."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, runtime_checkable

import panel as pn
import panel_material_ui as pmui

from widgets.components.lazy import LazyColumn
from widgets.live.view_data import ViewData

PERIOD_S = 0.5
REST_SHARE = 2.0
MAX_REST_S = 2.0
"""The worker rests for `REST_SHARE` times as long as it has measured, at most for this time."""

LIVE = "Live plot"
PANEL_CLASS = "views"
FORMER_TITLES = {"River": "Stream graph", "Over time": "History"}
"""Titles of tabs in older links, and the titles that the tabs have today."""

log = logging.getLogger(__name__)


class View(Protocol):
    """The content of a tab: a worker thread measures it, the next frame draws it."""

    pane: Any

    def measure(self, view_data: ViewData) -> Any:
        """The data that `draw` shows; must not touch the page."""

    def draw(self, measured: Any) -> None:
        """Show the measured data on the page."""


@runtime_checkable
class Opened(Protocol):
    """A view that needs to know whether its tab is open."""

    def open(self, is_open: bool) -> None:
        """Called when a tab of the page was opened; ``is_open`` tells whether it is this tab."""


class ViewTabs:
    """Updates the view of the open tab, at most twice a second.

    ``tabs`` is the bar with the titles, ``panel`` holds the views; code that arranges them watches
    the parameter ``active`` of the bar. ``makers`` maps the title of each view to the function
    that makes it when its tab is first opened. ``take_view_data`` can be called in any thread. The
    worker thread calls ``request_frame`` when data are ready; the next call of `draw` shows them.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[], View]],
        take_view_data: Callable[[], ViewData],
        request_frame: Callable[[], None],
    ) -> None:
        self._makers = list(makers.values())
        self._titles = LIVE, *makers
        self._places: dict[int, LazyColumn] = {}
        # A column that adds places as they are needed.
        self.panel = LazyColumn(list, css_classes=[PANEL_CLASS])
        self._views: dict[int, View] = {}
        self._take_view_data = take_view_data
        self._request_frame = request_frame
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-views")
        self._job: Future[tuple[View, ViewData, Any]] | None = None
        self._drawn: tuple[View, ViewData] | None = None
        self._measure_at = 0.0
        # The bar needs an object for each title; the views stand in the panel.
        self.tabs = pmui.Tabs(
            *[(title, pn.Spacer(height=0, margin=0)) for title in self._titles],
            sizing_mode="stretch_width",
            margin=(0, 10),
        )
        self.tabs.param.watch(self._switch, "active")

    def _switch(self, *_: Any) -> None:
        tab = self.tabs.active
        if tab and tab not in self._places:
            place = self._places[tab] = LazyColumn(partial(self._make, tab))
            place.fill()
            self.panel.append(place)
        for number, place in self._places.items():
            place.visible = number == tab
        for view in self._views.values():
            if isinstance(view, Opened):
                view.open(view is self.open_view)
        self._request_frame()

    def _make(self, tab: int) -> list[Any]:
        view = self._views[tab] = self._makers[tab - 1]()
        return [view.pane]

    @property
    def titles(self) -> list[str]:
        """The titles of the tabs."""
        return [*self._titles]

    def find(self, title: str | None) -> int | None:
        """Number of the tab with this title or former title; None if there is no such tab."""
        title = FORMER_TITLES.get(title or "", title)
        return self._titles.index(title) if title in self._titles else None

    @property
    def open_view(self) -> View | None:
        """The view of the open tab; None for the first tab, which is empty."""
        return self._views.get(self.tabs.active)

    def draw(self) -> None:
        """Draw measured data and measure new data in the worker; called with each frame."""
        if self._job is not None and self._job.done():
            job, self._job = self._job, None
            self._finish(job)
        wanted = self.open_view
        if (
            wanted is None
            or self._job is not None
            or self._drawn == (wanted, self._take_view_data())
        ):
            return
        self._job = self._worker.submit(self._measure, wanted)
        self._job.add_done_callback(lambda _: self._request_frame())

    def _finish(self, job: "Future[tuple[View, ViewData, Any]]") -> None:
        try:
            view, view_data, measured = job.result()
        except Exception:
            # The live figure continues without the view.
            log.exception("A view could not be measured")
            return
        if view is self.open_view:
            view.draw(measured)
            self._drawn = view, view_data

    def _measure(self, view: View) -> tuple[View, ViewData, Any]:
        # Wait here, then take the data: so the page always shows the newest data in the end.
        if self._drawn is not None and self._drawn[0] is view:
            time.sleep(max(self._measure_at - time.monotonic(), 0.0))
        start = time.monotonic()
        view_data = self._take_view_data()
        measured = view.measure(view_data)
        end = time.monotonic()
        rest_s = min(REST_SHARE * (end - start), MAX_REST_S)
        self._measure_at = max(start + PERIOD_S, end + rest_s)
        return view, view_data, measured

    def close(self) -> None:
        """Stop measuring."""
        self._worker.shutdown(wait=False, cancel_futures=True)
