"""The row behind the point at the pointer, shown beside the pointer."""

import json
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from bokeh.core.properties import String
from bokeh.events import MouseLeave, MouseMove, Tap
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, HoverTool
from bokeh.plotting import figure

from clusterer.support.text import make_printable

N_LINES = 14
N_CHARACTERS = 60

Lines = list[tuple[str, str]]
"""Pairs of a name and a value."""

log = logging.getLogger(__name__)

# The nearest point within 8 pixels. The element lies above the canvas, above or below the pointer,
# and catches no clicks; the tooltip of a prototype stands at the side. If the brush has switched
# that tooltip off, there is no tip either.
FIND = """
    const view = Bokeh.index.find_one(plot)
    const box = view?.frame.bbox, at = cb_obj
    const is_inside = box && at.event_name != "mouseleave" && at.sx >= box.left &&
        at.sx <= box.right && at.sy >= box.top && at.sy <= box.bottom
    let nearest = -1
    if (is_inside && hover.active) {
        const {x, y} = points.data, {x_scale, y_scale} = view.frame
        let least = 64
        for (let i = 0; i < x.length; i++) {
            const across = x_scale.compute(x[i]) - at.sx, upwards = y_scale.compute(y[i]) - at.sy
            const square = across * across + upwards * upwards
            if (square < least) [least, nearest] = [square, i]
        }
    }
    let element = plot._tip
    if (nearest < 0) {
        if (element) element.hidden = true
        tip._place = ""
        return
    }
    if (!element?.isConnected) {
        element = plot._tip = document.createElement("div")
        element.className = "point-tip"
        Object.assign(element.style, {position: "absolute", pointerEvents: "none", zIndex: 3,
            maxWidth: "340px", padding: "6px 10px", borderRadius: "6px", font: "12px sans-serif",
            lineHeight: "1.45", color: "#fff", background: "rgba(40, 44, 52, .94)"})
        view.canvas_view.overlays_el.append(element)
    }
    const px = (value) => `${value}px`, {width, height} = view.bbox
    Object.assign(element.style,
        at.sx < width / 2 ? {left: px(at.sx + 14), right: "auto"}
            : {left: "auto", right: px(width - at.sx + 14)},
        at.sy < height / 2 ? {top: px(at.sy + 32), bottom: "auto"}
            : {top: "auto", bottom: px(height - at.sy + 32)})
    const place = JSON.stringify([points.data.x[nearest], points.data.y[nearest]])
    if (place == tip._place) return
    tip._place = place
    element.hidden = true
    tip.place = place
"""

SHOW = """
    const {place, lines} = JSON.parse(tip.content), element = plot._tip
    if (!element || place != tip._place) return
    element.replaceChildren(...lines.map(([name, value], i) => {
        const line = document.createElement("div"), label = document.createElement("span")
        line.style.overflowWrap = "anywhere"
        label.style.opacity = .75
        label.textContent = name + " "
        line.append(label, value)
        if (!i) line.style.fontWeight = 600
        return line
    }))
    element.hidden = !lines.length
"""


class Tip(DataModel):
    """The coordinates of the point at the pointer, and what the page shows of it, as JSON."""

    place = String(default="")
    content = String(default="")


class PointTip:
    """Shows the features of the point at the pointer, and then the whole row of its table.

    Parameters
    ----------
    plot : figure
        The live figure.
    points : ColumnDataSource
        Its points.
    describe : callable
        Returns the lines about the point with the given coordinates, and a function that reads
        the lines about its row and may take long; None if there is no row.
    update_page : callable
        Runs a function that changes the page's models, from outside the page's callbacks.
    """

    def __init__(
        self,
        plot: figure,
        points: ColumnDataSource,
        describe: Callable[[float, float], tuple[Lines, Callable[[], Lines] | None]],
        update_page: Callable[[Callable[[], None]], None],
    ) -> None:
        self._describe, self._update_page = describe, update_page
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-point-tip")
        self.tip = Tip(name="tip")
        hover = next(tool for tool in plot.toolbar.tools if isinstance(tool, HoverTool))
        models = {"plot": plot, "points": points, "tip": self.tip, "hover": hover}
        find = CustomJS(args=models, code=FIND)
        for event in (MouseMove, MouseLeave, Tap):
            plot.js_on_event(event, find)
        self.tip.js_on_change("content", CustomJS(args=models, code=SHOW))
        self.tip.on_change("place", self._answer)

    def close(self) -> None:
        """Read no more rows."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _answer(self, attr: str, old: str, place: str) -> None:
        try:
            x, y = map(float, json.loads(place))
        except (ValueError, TypeError, OverflowError, RecursionError):
            return
        lines, read_more = self._describe(x, y)
        self._show(place, lines)
        if read_more is not None:
            self._worker.submit(self._add, place, read_more)

    def _add(self, place: str, read_more: Callable[[], Lines]) -> None:
        # The pointer may be elsewhere meanwhile, and a long table takes time to read.
        if place != self.tip.place:
            return
        try:
            more = read_more()
        except Exception:
            log.exception("The row behind a point could not be read")
            return
        if more:
            self._update_page(lambda: self._show(place, more))

    def _show(self, place: str, lines: Lines) -> None:
        self.tip.content = json.dumps({"place": place, "lines": format_lines(lines)})


def format_lines(lines: Iterable[tuple[str, str]]) -> Lines:
    """Lines that fit beside the pointer.

    >>> format_lines([("row", "7"), *((f"x{i}", str(i)) for i in range(20))])[-1]
    ('and 8 more', '')
    """
    shown = [(make_printable(a, 40), make_printable(b, N_CHARACTERS)) for a, b in lines]
    n_more = len(shown) - N_LINES + 1
    return shown if n_more < 2 else [*shown[: N_LINES - 1], (f"and {n_more} more", "")]
