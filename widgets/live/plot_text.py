"""The live plot in words, for people who hear the page: clusters, their shares, what changed."""

import time

import numpy as np

from clusterer.session.frame import Frame
from clusterer.stream.chunk import NOISE
from widgets.components.text import Html, escape_lines

PERIOD_S = 10.0
"""A screen reader speaks some seconds for each report."""

N_NAMED = 8
# Not visible, but read aloud; `display: none` would silence it.
STYLE = """
:host { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""


class PlotText:
    """A sentence about the live plot, which changes at most every ten seconds, and at a pause.

    Screen readers read changes of the element aloud when they have nothing else to say.
    """

    def __init__(self) -> None:
        self.pane = Html(_write_html("The plot is empty."), stylesheets=[STYLE], margin=0)
        self._shares: dict[str, float] = {}
        self._run = -1
        self._reported: tuple[object, ...] = ()
        self._reported_at = 0.0

    def draw(self, frame: Frame, colors: str = "") -> None:
        """Report a frame if the last report is old enough and something can have changed.

        ``colors`` says what the colours of the points show.
        """
        counts = frame.snapshot.n_seen, frame.snapshot.n_clusters
        state = frame.run, counts, frame.is_playing, colors
        is_due = time.monotonic() - self._reported_at >= PERIOD_S
        has_stopped = bool(self._reported) and self._reported[2] and not frame.is_playing
        if state == self._reported or not (is_due or has_stopped):
            return
        self._reported, self._reported_at = state, time.monotonic()
        before = self._shares if frame.run == self._run else {}
        self._run, self._shares = frame.run, list_shares(frame)
        text = describe(frame, self._shares, before)
        self.pane.object = _write_html(f"{text} {colors}".strip())


def list_shares(frame: Frame) -> dict[str, float]:
    """The share of each cluster among the points shown, the largest first; by name or number."""
    found, counts = np.unique(frame.point_clusters, return_counts=True)
    pairs = zip(found.tolist(), (counts / max(counts.sum(), 1)).tolist(), strict=True)
    ordered = sorted((pair for pair in pairs if pair[0] != NOISE), key=lambda pair: -pair[1])
    return {frame.cluster_names.get(i, f"cluster {i}"): share for i, share in ordered}


def describe(frame: Frame, shares: dict[str, float], before: dict[str, float]) -> str:
    """The plot in words; ``before`` are the shares of the last report, empty for none."""
    if not shares and not len(frame.points):
        return "The plot is empty."
    n = len(shares)
    named = ", ".join(f"{name} {share:.0%}" for name, share in [*shares.items()][:N_NAMED])
    more = f" and {n - N_NAMED} smaller ones" if n > N_NAMED else ""
    parts = [
        "" if frame.is_playing else "The stream is paused.",
        f"{frame.snapshot.n_seen:,} points seen.",
        f"{n} cluster{'' if n == 1 else 's'} in the plot{': ' if named else ''}{named}{more}.",
        f"Noise: {frame.noise_share:.0%}." if frame.noise_share else "",
    ]
    if before:
        new = [name for name in shares if name not in before]
        gone = [name for name in before if name not in shares]
        parts += [
            f"New: {', '.join(new)}." if new else "",
            f"Gone: {', '.join(gone)}." if gone else "",
        ]
    return " ".join(part for part in parts if part)


def _write_html(text: str) -> str:
    return f'<div role="status" aria-label="Live plot in words">{escape_lines([text])}</div>'
