"""How good the clusters are, in a quiet line below the counters."""

from clusterer.evaluation.metrics import QualityMetrics
from clusterer.session.frame import Frame
from widgets.components.text import Html

STYLE = """
:host { display: block; width: 100%; }
.measures { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: .82rem; opacity: .85; }
.measures span { white-space: nowrap; cursor: help; }
.measures b { font-weight: 500; font-variant-numeric: tabular-nums; }
"""
HELP = {
    "ARI": "Adjusted Rand index against the true classes: 1 is the same division, 0 is chance.",
    "NMI": "Normalised mutual information with the true classes, 0 to 1.",
    "purity": "The share of points in the most frequent class of their cluster.",
    "clusters / classes": "How many of each there are among the last points.",
    "compactness": "How far points lie from the centre of their cluster, in the units that are "
    "learned in: smaller is better.",
    "separation": "The smallest distance between the centres of two clusters, in those units.",
    "silhouette": "How much nearer points lie to their own cluster than to the next, -1 to 1.",
}


class QualityLine:
    """The measures of the last points; those against true classes where there are any."""

    def __init__(self) -> None:
        self._shown: QualityMetrics | None = None
        self.pane = Html(
            "", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(0, 14), min_height=22
        )

    def draw(self, frame: Frame) -> None:
        """Show the frame's measures, if they are new."""
        if frame.measures is not self._shown:
            self._shown = frame.measures
            # Always there: a plot that moves while it is drawn stumbles in a notebook.
            self.pane.object = lay_out(frame.measures) if frame.measures else ""


def list_measures(measures: QualityMetrics) -> dict[str, str]:
    """The measures that could be taken, by name.

    >>> list_measures(QualityMetrics(100, 2, 0.5, 3.25, None))
    {'compactness': '0.5', 'separation': '3.25'}
    """
    values: dict[str, str] = {}
    if measures.n_classes is not None:
        values["ARI"] = _write(measures.ari)
        values["NMI"] = _write(measures.nmi)
        values["purity"] = _write(measures.purity)
        values["clusters / classes"] = f"{measures.n_clusters} / {measures.n_classes}"
    else:
        values["compactness"] = _write(measures.compactness)
        values["separation"] = _write(measures.separation)
    values["silhouette"] = _write(measures.silhouette)
    return {name: value for name, value in values.items() if value}


def lay_out(measures: QualityMetrics) -> str:
    """The measures as HTML."""
    items = "".join(
        f'<span data-measure="{name}" title="{HELP[name]}">{name} <b>{value}</b></span>'
        for name, value in list_measures(measures).items()
    )
    return (
        f'<div class="measures">{items}<span>on the last {measures.n_points:,} points</span></div>'
    )


def _write(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"
