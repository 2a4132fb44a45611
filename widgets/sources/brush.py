"""The brush: what the pointer does on a plot, gathered in the browser and told now and then."""

import json
import math
from typing import Any, NamedTuple

from bokeh.core.properties import Float, String
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, PanTool, PointDrawTool
from bokeh.plotting import figure

PAINT, MOVE, LOOK, OFF = "Paint", "Move", "View", "off"
PERIOD_MS = 50
MOST_TOLD = 100
EVENTS = (
    *("panstart", "pan", "panend", "press", "pressup", "tap", "doubletap"),
    *("mousemove", "mouseleave"),
)

# The pointer is down from panstart or press, whichever comes first, to panend or pressup. A press
# is told late, and moves of a pointer that was pressed before are no pan. Of a fast hand the way
# between two places is filled up.
DRIVE = """
    const {x_range: across, y_range: upwards} = plot
    const {event_name: kind, x, y, sx, sy} = cb_obj
    const is_on = tool.active && (brush.mode == "Paint" || brush.mode == "Move")
    const hand = brush._hand ??= {is_down: false, number: 0, stroke: 0, path: [], rest: 0}
    const show = (data) => cursor.setv({data}, {sync: false})

    const tell = (content) => {
        brush.told = JSON.stringify({number: hand.number++, stroke: hand.stroke, ...content})
    }
    const tell_paint = () => {
        const now = performance.now()
        const n = brush.n_per_s * (now - hand.since) / 1000 + hand.rest
        if (n < 1) return
        hand.since = now
        hand.rest = n % 1
        const places = hand.path.length ? hand.path.slice(-MOST_TOLD) : [hand.at]
        hand.path = []
        const radii = [
            brush.radius_px * (across.end - across.start) / plot.inner_width,
            brush.radius_px * (upwards.end - upwards.start) / plot.inner_height,
        ]
        tell({kind: "Paint", places, radii, n_points: Math.floor(n)})
    }
    const tell_move = () => {
        if (String(hand.at) == String(hand.told_at)) return
        hand.told_at = hand.at
        tell({kind: "Move", places: [hand.from, hand.at]})
    }
    const begin = (late_ms) => {
        const is_inside = across.start <= x && x <= across.end
            && upwards.start <= y && y <= upwards.end
        if (!is_on || !is_inside || hand.is_down) return
        Object.assign(hand, {
            is_down: true, stroke: hand.stroke + 1, path: [[x, y]], at: [x, y], from: [x, y],
            told_at: [x, y], was: [sx, sy], since: performance.now() - late_ms, rest: 0,
            go_on: brush.mode == "Paint" ? tell_paint : tell_move,
        })
        hand.timer = setInterval(() => hand.go_on(), PERIOD_MS)
    }
    const follow = () => {
        const [far_x, far_y] = [sx - hand.was[0], sy - hand.was[1]]
        const n = Math.min(20, Math.ceil(2 * Math.hypot(far_x, far_y) / brush.radius_px))
        const [x0, y0] = hand.at
        for (let i = 1; i <= n; i++) {
            hand.path.push([x0 + (x - x0) * i / n, y0 + (y - y0) * i / n])
        }
        hand.at = [x, y]
        hand.was = [sx, sy]
    }
    const end = () => {
        if (!hand.is_down) return
        clearInterval(hand.timer)
        hand.go_on()
        hand.is_down = false
    }

    if (kind == "panstart") begin(PERIOD_MS)
    else if (kind == "press") begin(250)
    else if (kind == "panend" || kind == "pressup") end()
    else if (kind == "tap" || kind == "doubletap") {
        end()
        begin(250)
        end()
    }
    else if ((kind == "mousemove" || kind == "pan") && hand.is_down) follow()
    if (kind == "mouseleave" || !is_on) {
        if (cursor.data.x.length) show({x: [], y: [], size: []})
    } else if (kind == "mousemove") {
        show({x: [x], y: [y], size: [brush.mode == "Paint" ? 2 * brush.radius_px : 12]})
    }
""".replace("PERIOD_MS", str(PERIOD_MS)).replace("MOST_TOLD", str(MOST_TOLD))

# The tool does nothing itself, but where it is active no other has the pointer, and on a
# touch screen the page stays where it is.
SWITCH = """
    const is_on = brush.mode == "Paint" || brush.mode == "Move"
    hover.active = !is_on
    if (is_on) tool.active = true
    else if (tool.active) pan.active = true
"""


class Brush(DataModel):
    """How the pointer paints, and what it did last, as JSON."""

    mode = String(default=OFF)
    radius_px = Float(default=36.0)
    n_per_s = Float(default=200.0)
    told = String(default="")


class Gesture(NamedTuple):
    """A piece of what the pointer did between down and up; all pieces have one ``stroke``.

    ``places`` (x, y) are those painted since the last piece, or of a move its first and its last.
    """

    kind: str
    stroke: int
    places: list[tuple[float, float]]
    radii: tuple[float, float] = (0.0, 0.0)
    n_points: int = 0


def read_gesture(told: str) -> Gesture | None:
    """What the browser told; None if it makes no sense.

    >>> read_gesture('{"kind": "Move", "stroke": 1, "places": [[0, 1], [2, 3]]}')
    Gesture(kind='Move', stroke=1, places=[(0.0, 1.0), (2.0, 3.0)], radii=(0.0, 0.0), n_points=0)
    >>> read_gesture('{"kind": "Move", "stroke": 1, "places": [[0, null]]}')
    """
    try:
        content = json.loads(told)
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
        raise ValueError(f"{pair} is not a place")
    return x, y


def equip(plot: figure, brush: Brush) -> None:
    """Let a plot be painted on while the brush's mode says so; else it is panned."""
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
    known = {"plot": plot, "brush": brush, "tool": tool, "cursor": cursor}
    drive = CustomJS(args=known, code=DRIVE)
    for event in EVENTS:
        plot.js_on_event(event, drive)
    others = {"pan": plot.select_one(PanTool), "hover": plot.select_one(HoverTool)}
    switch = CustomJS(args={"brush": brush, "tool": tool, **others}, code=SWITCH)
    brush.js_on_change("mode", switch)
    # A view that was made later has not heard of the mode.
    plot.js_on_event("mouseenter", switch)
