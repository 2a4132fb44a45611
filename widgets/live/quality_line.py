"""The quality of the clusters, in a line below the counters."""

from clusterer.evaluation.metrics import QualityMetrics
from clusterer.session.frame import Frame
from widgets.components.text import Html

STYLE = """
:host { display: block; width: 100%; }
.metrics { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: .82rem; opacity: .85; }
.metrics span { white-space: nowrap; cursor: help; }
.metrics b { font-weight: 500; font-variant-numeric: tabular-nums; }
"""
HELP = {
    "ARI": "Adjusted Rand index: agreement of clusters and true classes. 1 is perfect, 0 is "
    "chance.",
    "NMI": "Normalised mutual information of clusters and true classes. 1 is perfect, 0 is none.",
    "purity": "The share of points that belong to the most frequent class of their cluster. 1 is "
    "perfect.",
    "clusters / classes": "The numbers of clusters and of true classes among the newest points.",
    "compactness": "The root mean square distance of points from the centre of their cluster, in "
    "the units of the model. Smaller is better.",
    "separation": "The smallest distance between two cluster centres, in the units of the model. "
    "Larger is better.",
    "silhouette": "How much closer points are to their own cluster than to the next one, from -1 "
    "to 1. Larger is better.",
}


class QualityLine:
    """The quality metrics of the newest points; those that need true classes, if there are any."""

    def __init__(self) -> None:
        self._shown: QualityMetrics | None = None
        self.pane = Html(
            "", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(0, 14), min_height=22
        )

    def draw(self, frame: Frame) -> None:
        """Show the metrics of a frame if they are new."""
        if frame.measures is not self._shown:
            self._shown = frame.measures
            # An empty line keeps its height: in a notebook, drawing fails if the plot moves.
            self.pane.object = write_html(frame.measures) if frame.measures else ""


def list_metrics(metrics: QualityMetrics) -> dict[str, str]:
    """The known metrics as text, by name.

    >>> list_metrics(QualityMetrics(100, 2, 0.5, 3.25, None))
    {'compactness': '0.5', 'separation': '3.25'}
    """
    values: dict[str, str] = {}
    if metrics.n_classes is not None:
        values["ARI"] = _write_number(metrics.ari)
        values["NMI"] = _write_number(metrics.nmi)
        values["purity"] = _write_number(metrics.purity)
        values["clusters / classes"] = f"{metrics.n_clusters} / {metrics.n_classes}"
    else:
        values["compactness"] = _write_number(metrics.compactness)
        values["separation"] = _write_number(metrics.separation)
    values["silhouette"] = _write_number(metrics.silhouette)
    return {name: value for name, value in values.items() if value}


def write_html(metrics: QualityMetrics) -> str:
    """The metrics as HTML."""
    items = "".join(
        f'<span data-measure="{name}" title="{HELP[name]}">{name} <b>{value}</b></span>'
        for name, value in list_metrics(metrics).items()
    )
    return (
        f'<div class="metrics">{items}<span>of the newest {metrics.n_points:,} points</span></div>'
    )


def _write_number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"
