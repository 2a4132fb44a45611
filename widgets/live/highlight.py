"""The highlight: the live figure fades all clusters except one."""

from typing import Any

from bokeh.models import LinearInterpolator
from numpy.typing import NDArray

POINT_ALPHA, PROTOTYPE_ALPHA = 0.55, 0.35
FAINT_ALPHA = 0.06
ACCENT = "#d55e00"


class Highlight:
    """Sets the opacity of points and prototypes by their column ``cluster``.

    ``cluster`` is the highlighted cluster; 0 means none. While no point or prototype belongs to it,
    nothing is faded: a figure without bright glyphs would look broken.
    """

    def __init__(self, points: Any, prototypes: Any) -> None:
        self._points = points
        self._prototypes = prototypes
        self.cluster = self._drawn = 0

    def draw(self, clusters: NDArray) -> None:
        """Update the glyphs if need be; ``clusters`` (m,) are the clusters of the prototypes."""
        cluster = self.cluster if self.cluster in clusters else 0
        if cluster == self._drawn:
            return
        self._drawn = cluster
        self._points.fill_alpha = choose_alpha(cluster, POINT_ALPHA)
        self._prototypes.fill_alpha = choose_alpha(cluster, PROTOTYPE_ALPHA)
        self._prototypes.line_alpha = choose_alpha(cluster, 1.0)


def choose_alpha(cluster: int, alpha: float) -> Any:
    """The opacity ``alpha`` for the highlighted cluster, a faint one for the others."""
    if not cluster:
        return alpha
    ids = [-2, cluster - 0.5, cluster - 0.4, cluster + 0.4, cluster + 0.5, cluster + 1]
    faint = min(alpha, FAINT_ALPHA)
    alphas = [faint, faint, alpha, alpha, faint, faint]
    return {"field": "cluster", "transform": LinearInterpolator(x=ids, y=alphas, clip=False)}
