"""The counters above the plot: points, speed, clusters, noise and prototypes."""

import time

from clusterer.session.frame import Frame
from widgets.components.text import Html

UPDATE_PERIOD_S = 0.5
NAMES = ("points seen", "points per second", "clusters found", "noise in view", "prototypes")

STYLE = """
:host { display: block; width: 100%; }
.counters { display: grid; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 10px; }
.counter { border: 1px solid rgba(128, 128, 128, .28); border-radius: 10px; padding: 8px 14px; }
.value { font-size: 1.45rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.name { font-size: .78rem; opacity: .8; }
:host(.large) .value { font-size: 2.2rem; }
:host(.large) .name { font-size: 1.1rem; }
@media (max-width: 600px) {
    .counters { grid-template-columns: repeat(6, 1fr); gap: 6px; }
    .counter { grid-column: span 2; padding: 3px 9px; }
    .counter:nth-child(n + 4) { grid-column: span 3; }
    .value { font-size: 1.1rem; }
    .name { font-size: .72rem; }
}
"""


class Counters:
    """A row of numbers with names, updated at most twice a second."""

    def __init__(self) -> None:
        self.pane = Html(
            _write_html(dict.fromkeys(NAMES, "–")),
            stylesheets=[STYLE],
            sizing_mode="stretch_width",
            margin=(4, 10),
        )
        self._drawn_at = 0.0
        self._has_begun = False

    def draw(self, frame: Frame) -> None:
        """Show the numbers of a frame unless the last update was too recent to be read."""
        # Before the stream plays for the first time it is not paused; it may wait for a compiler.
        self._has_begun |= frame.is_playing or frame.snapshot.n_seen > 0
        now = time.monotonic()
        if now - self._drawn_at >= UPDATE_PERIOD_S or not frame.is_playing:
            self._drawn_at = now
            counts = list_counts(frame)
            if not self._has_begun:
                counts["points per second"] = "–"
            self.pane.object = _write_html(counts)


def list_counts(frame: Frame) -> dict[str, str]:
    """The numbers of a frame as text, by name."""
    values = (
        f"{frame.snapshot.n_seen:,}",
        abbreviate(frame.points_per_s) if frame.is_playing else "paused",
        f"{frame.snapshot.n_clusters}",
        f"{frame.noise_share:.0%}",
        f"{len(frame.centers)}",
    )
    return dict(zip(NAMES, values, strict=True))


def abbreviate(value: float) -> str:
    """A number with three significant digits, in thousands (k) or millions (M) if it is large.

    >>> abbreviate(950), abbreviate(12_345), abbreviate(2_400_000)
    ('950', '12.3 k', '2.4 M')
    """
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _write_html(values: dict[str, str]) -> str:
    cards = "".join(
        f'<div class="counter" data-counter="{name}"><div class="value">{value}</div>'
        f'<div class="name">{name.capitalize()}</div></div>'
        for name, value in values.items()
    )
    # No live region: a screen reader would read the numbers aloud without end; see `PlotText`.
    return f'<div class="counters" role="group" aria-label="Counters">{cards}</div>'
