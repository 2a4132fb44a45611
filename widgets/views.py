"""The views below the live figure, in tabs; only the one that is open is measured and drawn."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, runtime_checkable

import panel as pn
import panel_material_ui as pmui

from .scenes import Scene

PERIOD_S = 0.4
LIVE = "Live plot"

log = logging.getLogger(__name__)


class View(Protocol):
    """What a tab holds: measured in a thread of its own, drawn with the next frame."""

    title: str
    pane: Any

    def measure(self, scene: Scene) -> Any:
        """Everything that is to be drawn; nothing of the page is touched."""

    def draw(self, measured: Any) -> None:
        """Bring the screen up to what was measured."""


@runtime_checkable
class Opened(Protocol):
    """A view that wants to know whether its tab is open."""

    def open(self, is_open: bool) -> None:
        """The tab was opened or closed."""


class Views:
    """Keep the open view up with the scene, two or three times a second at most.

    ``take_scene`` may be called from any thread. ``ask`` is called from one when something is
    ready to be drawn, which is done by the next call of `draw`.
    """

    def __init__(
        self, views: Sequence[View], take_scene: Callable[[], Scene], ask: Callable[[], None]
    ) -> None:
        self._views = list(views)
        self._take_scene = take_scene
        self._ask = ask
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-views")
        self._job: Future[tuple[View, Scene, Any]] | None = None
        self._drawn: tuple[View, Scene] | None = None
        self._measured_at = 0.0
        self.tabs = pmui.Tabs(
            (LIVE, pn.Spacer(height=0, margin=0)),
            *((view.title, view.pane) for view in self._views),
            sizing_mode="stretch_width",
            margin=(0, 10),
        )
        self.tabs.param.watch(self._switch, "active")

    def _switch(self, *_: Any) -> None:
        for view in self._views:
            if isinstance(view, Opened):
                view.open(view is self.open_view)
        self._ask()

    @property
    def open_view(self) -> View | None:
        """The view in the open tab; None for the first, which is empty."""
        return self._views[self.tabs.active - 1] if self.tabs.active else None

    def draw(self) -> None:
        """Draw what is measured, and have measured what is not; called with each frame."""
        if self._job is not None and self._job.done():
            job, self._job = self._job, None
            self._finish(job)
        wanted = self.open_view
        if wanted is None or self._job is not None or self._drawn == (wanted, self._take_scene()):
            return
        self._job = self._worker.submit(self._measure, wanted)
        self._job.add_done_callback(lambda _: self._ask())

    def _finish(self, job: "Future[tuple[View, Scene, Any]]") -> None:
        try:
            view, scene, measured = job.result()
        except Exception:
            # The live figure goes on without the view.
            log.exception("A view could not be measured")
            return
        if view is self.open_view:
            view.draw(measured)
            self._drawn = view, scene

    def _measure(self, view: View) -> tuple[View, Scene, Any]:
        # The wait is here, not before the call, so that what comes last is always drawn.
        if self._drawn is not None and self._drawn[0] is view:
            time.sleep(max(self._measured_at + PERIOD_S - time.monotonic(), 0.0))
        self._measured_at = time.monotonic()
        scene = self._take_scene()
        return view, scene, view.measure(scene)

    def close(self) -> None:
        """Measure no more."""
        self._worker.shutdown(wait=False, cancel_futures=True)
