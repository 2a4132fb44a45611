"""The brush: pointer gestures on a plot, collected in the browser and sent 20 times a second."""

import json
import math
from typing import Any, NamedTuple

from bokeh.core.properties import Float, String
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, PanTool, PointDrawTool
from bokeh.plotting import figure

PAINT, MOVE, VIEW, OFF = "Paint", "Move", "View", "off"
PERIOD_MS = 50
MAX_PLACES = 100
EVENTS = (
    *("panstart", "pan", "panend", "press", "pressup", "tap", "doubletap"),
    *("mousemove", "mouseleave"),
)

# The pointer is down from the first panstart or press to the next panend or pressup. Bokeh reports
# a press 250 ms late, and a move after a press is a mousemove instead of a pan. If the pointer
# moves fast, the path between two events is filled with places.
HANDLE_EVENT = """
    const {x_range: across, y_range: upwards} = plot
    const {event_name: kind, x, y, sx, sy} = cb_obj
    const is_on = tool.active && (brush.mode == "Paint" || brush.mode == "Move")
    const pointer = brush._pointer ??= {is_down: false, number: 0, stroke: 0, path: [], rest: 0}
    const show_cursor = (data) => cursor.setv({data}, {sync: false})

    const send = (content) => {
        const {number, stroke} = pointer
        brush.gesture = JSON.stringify({number, stroke, ...content})
        pointer.number += 1
    }
    const send_paint = () => {
        const now = performance.now()
        const n = brush.n_per_s * (now - pointer.since) / 1000 + pointer.rest
        if (n < 1) return
        pointer.since = now
        pointer.rest = n % 1
        const places = pointer.path.length ? pointer.path.slice(-MAX_PLACES) : [pointer.at]
        pointer.path = []
        const radii = [
            brush.radius_px * (across.end - across.start) / plot.inner_width,
            brush.radius_px * (upwards.end - upwards.start) / plot.inner_height,
        ]
        send({kind: "Paint", places, radii, n_points: Math.floor(n)})
    }
    const send_move = () => {
        if (String(pointer.at) == String(pointer.sent_at)) return
        pointer.sent_at = pointer.at
        send({kind: "Move", places: [pointer.from, pointer.at]})
    }
    const begin = (delay_ms) => {
        const is_inside = across.start <= x && x <= across.end
            && upwards.start <= y && y <= upwards.end
        if (!is_on || !is_inside || pointer.is_down) return
        Object.assign(pointer, {
            is_down: true, stroke: pointer.stroke + 1, path: [[x, y]], at: [x, y], from: [x, y],
            sent_at: [x, y], at_px: [sx, sy], since: performance.now() - delay_ms, rest: 0,
            send_next: brush.mode == "Paint" ? send_paint : send_move,
        })
        pointer.timer = setInterval(() => pointer.send_next(), PERIOD_MS)
    }
    const extend_path = () => {
        const [far_x, far_y] = [sx - pointer.at_px[0], sy - pointer.at_px[1]]
        const n = Math.min(20, Math.ceil(2 * Math.hypot(far_x, far_y) / brush.radius_px))
        const [x0, y0] = pointer.at
        for (let i = 1; i <= n; i++) {
            pointer.path.push([x0 + (x - x0) * i / n, y0 + (y - y0) * i / n])
        }
        pointer.at = [x, y]
        pointer.at_px = [sx, sy]
    }
    const end = () => {
        if (!pointer.is_down) return
        clearInterval(pointer.timer)
        pointer.send_next()
        pointer.is_down = false
    }

    if (kind == "panstart") begin(PERIOD_MS)
    else if (kind == "press") begin(250)
    else if (kind == "panend" || kind == "pressup") end()
    else if (kind == "tap" || kind == "doubletap") {
        end()
        begin(250)
        end()
    }
    else if ((kind == "mousemove" || kind == "pan") && pointer.is_down) extend_path()
    if (kind == "mouseleave" || !is_on) {
        if (cursor.data.x.length) show_cursor({x: [], y: [], size: []})
    } else if (kind == "mousemove") {
        show_cursor({x: [x], y: [y], size: [brush.mode == "Paint" ? 2 * brush.radius_px : 12]})
    }
""".replace("PERIOD_MS", str(PERIOD_MS)).replace("MAX_PLACES", str(MAX_PLACES))

# The draw tool does nothing itself. While it is active, no other tool gets the pointer, and a
# finger on a touch screen does not scroll the page.
SWITCH_TOOL = """
    const is_on = brush.mode == "Paint" || brush.mode == "Move"
    hover.active = !is_on
    if (is_on) tool.active = true
    else if (tool.active) pan.active = true
"""


class Brush(DataModel):
    """How the pointer paints, and its last gesture as JSON."""

    mode = String(default=OFF)
    radius_px = Float(default=36.0)
    n_per_s = Float(default=200.0)
    gesture = String(default="")


class Gesture(NamedTuple):
    """A part of the path of the pointer from down to up; all its parts have the same ``stroke``.

    ``places`` (x, y) are the places painted since the last part. A move has two places: the place
    where the pointer went down and its present place.
    """

    kind: str
    stroke: int
    places: list[tuple[float, float]]
    radii: tuple[float, float] = (0.0, 0.0)
    n_points: int = 0


def read_gesture(text: str) -> Gesture | None:
    """Read a gesture that the browser sent; None if it is not valid.

    >>> read_gesture('{"kind": "Move", "stroke": 1, "places": [[0, 1], [2, 3]]}')
    Gesture(kind='Move', stroke=1, places=[(0.0, 1.0), (2.0, 3.0)], radii=(0.0, 0.0), n_points=0)
    >>> read_gesture('{"kind": "Move", "stroke": 1, "places": [[0, null]]}')
    """
    try:
        content = json.loads(text)
        places = [_read_pair(place) for place in content["places"]]
        radii = _read_pair(content.get("radii", (0, 0)))
        kind, stroke, n_points = content["kind"], content["stroke"], content.get("n_points", 0)
        if kind not in (PAINT, MOVE) or not places or (kind == MOVE and len(places) != 2):
            return None
        return Gesture(kind, int(stroke), places, radii, int(n_points))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _read_pair(pair: Any) -> tuple[float, float]:
    x, y = map(float, pair)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"{pair} is not finite")
    return x, y


def add_brush(plot: figure, brush: Brush) -> None:
    """Add a brush to a plot: it paints or moves in the modes of these names; else the plot pans."""
    tool = PointDrawTool(renderers=[], add=False, drag=False, visible=False)
    plot.add_tools(tool)
    cursor = ColumnDataSource({"x": [], "y": [], "size": []})
    plot.scatter(
        "x",
        "y",
        source=cursor,
        size="size",
        fill_alpha=0,
        line_color="#808080",
        line_dash="dotted",
        level="overlay",
    )
    args = {"plot": plot, "brush": brush, "tool": tool, "cursor": cursor}
    handle_event = CustomJS(args=args, code=HANDLE_EVENT)
    for event in EVENTS:
        plot.js_on_event(event, handle_event)
    # `select` would search all models of the plot, for a tenth of the time of building a page.
    kinds = {"pan": PanTool, "hover": HoverTool}
    other_tools = {
        name: next(tool for tool in plot.toolbar.tools if isinstance(tool, kind))
        for name, kind in kinds.items()
    }
    switch_tool = CustomJS(args={"brush": brush, "tool": tool, **other_tools}, code=SWITCH_TOOL)
    brush.js_on_change("mode", switch_tool)
    # A view that is built after a change of the mode does not get that change.
    plot.js_on_event("mouseenter", switch_tool)
