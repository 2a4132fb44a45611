"""The highlight: one cluster stands out in the live figure, the others fade."""

from typing import Any

from bokeh.models import LinearInterpolator

POINT_ALPHA, PROTOTYPE_ALPHA = 0.55, 0.35
FAINT_ALPHA = 0.06
ACCENT = "#d55e00"


class Highlight:
    """Fade the glyphs of the points and of the prototypes by their column ``cluster``."""

    def __init__(self, points: Any, prototypes: Any) -> None:
        self._points = points
        self._prototypes = prototypes
        self.cluster = self._drawn = 0

    def draw(self) -> None:
        """Bring the glyphs up to the chosen ``cluster``; at 0 none fades."""
        if self.cluster == self._drawn:
            return
        self._drawn = self.cluster
        self._points.fill_alpha = single_out(self.cluster, POINT_ALPHA)
        self._prototypes.fill_alpha = single_out(self.cluster, PROTOTYPE_ALPHA)
        self._prototypes.line_alpha = single_out(self.cluster, 1.0)


def single_out(cluster: int, alpha: float) -> Any:
    """An opacity for all, or one that depends on the cluster."""
    if not cluster:
        return alpha
    ids = [-2, cluster - 0.5, cluster - 0.4, cluster + 0.4, cluster + 0.5, cluster + 1]
    faint = min(alpha, FAINT_ALPHA)
    alphas = [faint, faint, alpha, alpha, faint, faint]
    return {"field": "cluster", "transform": LinearInterpolator(x=ids, y=alphas, clip=False)}
