"""The counters above the plot."""

import time

from clusterer.session.frame import Frame
from widgets.components.text import Html

PERIOD_S = 0.5
NAMES = ("points seen", "points per second", "clusters found", "noise in view", "prototypes")

STYLE = """
:host { display: block; width: 100%; }
.counters { display: grid; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 10px; }
.counter { border: 1px solid rgba(128, 128, 128, .28); border-radius: 10px; padding: 8px 14px; }
.value { font-size: 1.45rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.name { font-size: .78rem; opacity: .8; }
@media (max-width: 600px) {
    .counters { grid-template-columns: repeat(6, 1fr); gap: 6px; }
    .counter { grid-column: span 2; padding: 3px 9px; }
    .counter:nth-child(n + 4) { grid-column: span 3; }
    .value { font-size: 1.1rem; }
    .name { font-size: .72rem; }
}
"""


class Counters:
    """Points seen, points a second, clusters, noise, prototypes; as text, twice a second."""

    def __init__(self) -> None:
        self.pane = Html(
            _lay_out(dict.fromkeys(NAMES, "–")),
            stylesheets=[STYLE],
            sizing_mode="stretch_width",
            margin=(4, 10),
        )
        self._drawn_at = 0.0

    def draw(self, frame: Frame) -> None:
        """Show the frame's numbers if the last ones have stood long enough to be read."""
        now = time.monotonic()
        if now - self._drawn_at >= PERIOD_S or not frame.is_playing:
            self._drawn_at = now
            self.pane.object = _lay_out(count(frame))


def count(frame: Frame) -> dict[str, str]:
    """The numbers shown, by name."""
    values = (
        f"{frame.snapshot.n_seen:,}",
        shorten(frame.points_per_s) if frame.is_playing else "paused",
        f"{frame.snapshot.n_clusters}",
        f"{frame.noise_share:.0%}",
        f"{len(frame.centers)}",
    )
    return dict(zip(NAMES, values, strict=True))


def shorten(value: float) -> str:
    """A number in at most four characters and a letter.

    >>> shorten(950), shorten(12_345), shorten(2_400_000)
    ('950', '12.3 k', '2.4 M')
    """
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _lay_out(values: dict[str, str]) -> str:
    cards = "".join(
        f'<div class="counter" data-counter="{name}"><div class="value">{value}</div>'
        f'<div class="name">{name}</div></div>'
        for name, value in values.items()
    )
    return f'<div class="counters" role="status">{cards}</div>'
