"""Metrics: where a point lies in the space in which the prototypes are.

The prototypes are means, so their space is Euclidean. Two other metrics are distances on a sphere,
and the sphere lies in such a space: a point is projected onto it before it is learned, and centres
are projected back before they are shown. The chord between two points of the sphere grows with the
angle between them, so the nearest prototype is the same.

========== ============================== ================================= ===================
metric     points                         prototypes                        unit of distances
========== ============================== ================================= ===================
euclidean  any                            as the points                     that of the data
cosine     any direction, not all 0       rows of length 1                  1 - cosine
haversine  latitude, longitude in degrees on a sphere of radius 180/π, so   degrees
                                          that an arc of 1° has length 1
========== ============================== ================================= ===================
"""

import numpy as np
from numpy.typing import NDArray

RADIUS = 180.0 / np.pi  # of the sphere whose arcs are as long as their degrees
MAX_LATITUDE = 90.0
N_DEGREES = 2  # latitude and longitude


def project_points(metric: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where points (n, d) lie in the space of the prototypes: (n, d), or (n, 3).

    Rows that hold NaN or infinity stay as they are; the learning loop refuses them.

    Raises
    ------
    ValueError
        If a row has no direction, or is no latitude and longitude.

    Examples
    --------
    >>> project_points("cosine", np.array([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    >>> project_points("haversine", np.array([[0.0, 180.0], [0.0, -180.0]])).round(9).tolist()
    [[-57.295779513, 0.0, 0.0], [-57.295779513, -0.0, 0.0]]
    """
    if metric == "cosine":
        return project_directions(points)
    if metric == "haversine":
        return project_degrees(points)
    return points


def project_directions(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide each row (n, d) by its length."""
    largest = np.abs(points).max(axis=1, keepdims=True)
    is_zero = largest[:, 0] == 0.0
    if is_zero.any():
        row = int(np.argmax(is_zero))
        raise ValueError(
            f"Row {row} of the chunk holds only zeros; with metric='cosine' a point needs a "
            "direction. Drop such rows. The model is unchanged."
        )
    # Divided twice, because the square of a large or small number is infinite or 0.
    with np.errstate(invalid="ignore"):
        scaled = points / largest
        unit = scaled / np.sqrt((scaled * scaled).sum(axis=1, keepdims=True))
    return np.where(np.isfinite(points).all(axis=1, keepdims=True), unit, points)


def project_degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project latitudes and longitudes (n, 2) in degrees onto the sphere (n, 3)."""
    if points.shape[1] != N_DEGREES:
        raise ValueError(
            f"metric='haversine' needs 2 features, latitude and longitude in degrees; X has "
            f"{points.shape[1]}."
        )
    is_outside = np.abs(points[:, 0]) > MAX_LATITUDE
    is_outside &= np.isfinite(points[:, 0])
    if is_outside.any():
        row = int(np.argmax(is_outside))
        raise ValueError(
            f"Row {row} of the chunk has the latitude {points[row, 0]:.6g}, which is not between "
            "-90 and 90 degrees; the first column must be the latitude, the second the longitude. "
            "The model is unchanged."
        )
    with np.errstate(invalid="ignore"):
        latitude, longitude = np.radians(points[:, 0]), np.radians(points[:, 1])
        around = np.cos(latitude)
        place = np.column_stack(
            [around * np.cos(longitude), around * np.sin(longitude), np.sin(latitude)]
        )
    # NaN in one feature reaches all three, infinity becomes NaN; the loop refuses both.
    is_finite = np.isfinite(points).all(axis=1, keepdims=True)
    return np.where(is_finite, RADIUS * place, points.sum(axis=1, keepdims=True))


def project_back(metric: str, centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return centres (m, D) in the features of the data (m, d).

    >>> project_back("haversine", project_degrees(np.array([[48.0, -179.5]]))).round(9).tolist()
    [[48.0, -179.5]]
    """
    if metric == "cosine":
        lengths = np.sqrt((centers * centers).sum(axis=1, keepdims=True))
        # The mean of opposite directions has none.
        return centers / np.where(lengths > 0.0, lengths, 1.0)
    if metric == "haversine":
        x, y, z = centers.T
        return np.degrees(np.column_stack([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)]))
    return centers


def count_features(metric: str, n_inner: int) -> int:
    """Return the number of features of the data, given that of the prototypes."""
    return N_DEGREES if metric == "haversine" else n_inner


def measure_distances(
    metric: str, points: NDArray[np.float64], centers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distances (n, k) of points (n, D) from centres (k, D), in the unit of the metric.

    Points and centres are those of the prototypes' space, with the origin of the data.

    >>> sphere = project_degrees(np.array([[0.0, 179.0], [0.0, -179.0]]))
    >>> measure_distances("haversine", sphere[:1], sphere[1:]).round(9).tolist()
    [[2.0]]
    """
    distances = np.empty((len(points), len(centers)))
    for k, center in enumerate(centers):
        if metric == "cosine":
            length = np.sqrt(center @ center)
            distances[:, k] = 1.0 - points @ center / (length if length > 0.0 else 1.0)
            continue
        if metric == "haversine":
            length = np.sqrt(center @ center)
            center = center * (RADIUS / length if length > 0.0 else 1.0)
        # Scaled, because the square of a large number is infinite.
        gaps = points - center
        largest = np.abs(gaps).max(axis=1)
        scale = np.where(largest > 0.0, largest, 1.0)
        gaps /= scale[:, None]
        distances[:, k] = scale * np.sqrt((gaps * gaps).sum(axis=1))
    if metric == "haversine":
        distances = 2.0 * RADIUS * np.arcsin(np.minimum(distances / (2.0 * RADIUS), 1.0))
    return distances
