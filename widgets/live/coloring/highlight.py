"""The highlight: the live figure fades all clusters except one."""

from typing import Any

from bokeh.models import LinearInterpolator
from numpy.typing import NDArray

POINT_ALPHA, PROTOTYPE_ALPHA = 0.55, 0.35
VALUE_ALPHA = 0.85
"""The opacity of points that show values: a mixture with the background would be another value."""

FAINT_ALPHA = 0.06
ACCENT = "#d55e00"


class Highlight:
    """Sets the opacity of points and prototypes by their column ``cluster``.

    ``cluster`` is the highlighted cluster; 0 means none. ``shows_values`` tells whether the
    points show values by their colours; then prototypes are not filled. While no point or
    prototype belongs to ``cluster``, nothing is faded: a figure without bright glyphs would look
    broken.
    """

    def __init__(self, points: Any, prototypes: Any) -> None:
        self._points = points
        self._prototypes = prototypes
        self.cluster = 0
        self.shows_values = False
        self._drawn = 0, False

    def draw(self, clusters: NDArray) -> None:
        """Update the glyphs if need be; ``clusters`` (m,) are the clusters of the prototypes."""
        cluster = self.cluster if self.cluster in clusters else 0
        drawn = cluster, self.shows_values
        if drawn == self._drawn:
            return
        self._drawn = drawn
        point_alpha = VALUE_ALPHA if self.shows_values else POINT_ALPHA
        self._points.fill_alpha = choose_alpha(cluster, point_alpha)
        prototype_alpha = 0.0 if self.shows_values else PROTOTYPE_ALPHA
        self._prototypes.fill_alpha = choose_alpha(cluster, prototype_alpha)
        self._prototypes.line_alpha = choose_alpha(cluster, 1.0)


def choose_alpha(cluster: int, alpha: float) -> Any:
    """The opacity ``alpha`` for the highlighted cluster, a faint one for the others."""
    if not cluster:
        return alpha
    ids = [-2, cluster - 0.5, cluster - 0.4, cluster + 0.4, cluster + 0.5, cluster + 1]
    faint = min(alpha, FAINT_ALPHA)
    alphas = [faint, faint, alpha, alpha, faint, faint]
    return {"field": "cluster", "transform": LinearInterpolator(x=ids, y=alphas, clip=False)}
