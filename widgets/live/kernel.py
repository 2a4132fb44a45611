"""The kernel in the live figure: a ring of width σ around prototypes, a shade at the pointer."""

import numpy as np
from bokeh.events import MouseLeave, MouseMove
from bokeh.models import CustomJS
from bokeh.plotting import figure

from clusterer.session.frame import Frame

N_RINGS = 100
"""With more prototypes their rings would hide the points."""

N_JUDGED = 500
FULL_WEIGHT, NO_WEIGHT = 0.98, 0.02
TOO_WIDE = "At this σ most of the newest points have full weight. A larger σ changes nothing."
TOO_NARROW = "At this σ most of the newest points have no weight. A smaller σ changes nothing."

# An element above the canvas: a glyph at the pointer would redraw all points with each move.
SHADE = """
    const view = Bokeh.index.find_one(plot)
    const box = view?.frame.bbox, at = cb_obj
    const is_inside = box && at.event_name == "mousemove" && at.sx >= box.left &&
        at.sx <= box.right && at.sy >= box.top && at.sy <= box.bottom
    const width = rings.glyph.width.value, height = rings.glyph.height.value
    if (!plot._shade?.isConnected) {
        if (!is_inside) return
        plot._shade = document.createElement("div")
        plot._shade.append(document.createElement("div"))
        plot._shade.className = "kernel"
        Object.assign(plot._shade.style,
            {position: "absolute", overflow: "hidden", pointerEvents: "none"})
        view.canvas_view.overlays_el.append(plot._shade)
    }
    const shade = plot._shade, disc = shade.firstChild
    shade.hidden = !is_inside || !(width > 0) || !(height > 0)
    if (shade.hidden) return
    const {x_scale, y_scale} = view.frame
    const across = Math.abs(x_scale.compute(at.x + width / 2) - x_scale.compute(at.x))
    const upwards = Math.abs(y_scale.compute(at.y + height / 2) - y_scale.compute(at.y))
    const px = (value) => `${value}px`, n = 2.2
    Object.assign(shade.style, {left: px(box.left), top: px(box.top), width: px(box.width),
        height: px(box.height)})
    const stops = []
    for (let r = 0; r <= n; r += n / 11)
        stops.push(`rgba(120, 130, 140, ${(0.32 * Math.exp(-r * r)).toFixed(3)}) ${100 * r / n}%`)
    const edge = 100 / n
    Object.assign(disc.style, {position: "absolute", width: px(2 * n * across),
        height: px(2 * n * upwards), left: px(at.sx - box.left - n * across),
        top: px(at.sy - box.top - n * upwards),
        background: `radial-gradient(closest-side, transparent calc(${edge}% - 1px),
            rgba(120, 130, 140, .9) ${edge}%, transparent calc(${edge}% + 1px)),
            radial-gradient(closest-side, ${stops.join(", ")})`})
"""


class KernelRings:
    """Rings of radius σ around the prototypes, and the weights around the pointer as a shade."""

    def __init__(self, plot: figure, prototypes: object, color: object) -> None:
        self._rings = plot.ellipse(
            "x",
            "y",
            width=0.0,
            height=0.0,
            source=prototypes,
            fill_alpha=0.0,
            line_color=color,
            line_alpha=0.35,
            line_dash="dotted",
            name="kernel",
        )
        script = CustomJS(args={"plot": plot, "rings": self._rings}, code=SHADE)
        for event in (MouseMove, MouseLeave):
            plot.js_on_event(event, script)

    def draw(self, frame: Frame) -> None:
        """Draw rings of the present width."""
        half_width, half_height = measure_kernel(frame)
        glyph, size = self._rings.glyph, (2 * half_width, 2 * half_height)
        if not np.allclose((glyph.width, glyph.height), size, rtol=0.01):
            glyph.update(width=size[0], height=size[1])
        is_shown = len(frame.centers) <= N_RINGS
        if self._rings.visible != is_shown:
            self._rings.visible = is_shown


def measure_kernel(frame: Frame) -> tuple[float, float]:
    """The half axes of the ellipse, in the units of the plot, on which a point weighs exp(-1).

    Zeros before the first point.
    """
    sigma, scaling = frame.snapshot.sigma, frame.scaling
    if scaling is None or not np.isfinite(sigma):
        return 0.0, 0.0
    request, half_axes = frame.view_request, []
    for axis in (request.x, request.y):
        if axis >= 0:
            half_axes.append(float(scaling.scales[min(axis, len(scaling.scales) - 1)]))
        elif request.projection is None:
            return 0.0, 0.0
        else:
            view = request.projection
            direction = view.components[-1 - axis] * scaling.scales / view.scaling.scales
            half_axes.append(float(np.linalg.norm(direction)))
    return sigma * half_axes[0], sigma * half_axes[1]


def judge_kernel(frame: Frame) -> str:
    """A sentence if a change of σ in one direction can have no effect; else empty."""
    centers, sigma = frame.snapshot.centers, frame.snapshot.sigma
    if frame.scaling is None or not len(centers) or not np.isfinite(sigma):
        return ""
    points = frame.scaling.apply(frame.points[-N_JUDGED:])
    squares = ((points[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2).min(axis=1)
    # Not the mean: points that are prototypes themselves have full weight at each σ.
    typical = float(np.median(np.exp(-squares / sigma**2))) if len(squares) else 0.5
    if typical >= FULL_WEIGHT:
        return TOO_WIDE
    return TOO_NARROW if typical <= NO_WEIGHT else ""
