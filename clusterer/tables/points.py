"""Columns of a frame as points: no value missing, none infinite, all that is dropped counted."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.support.text import make_printable
from clusterer.tables.columns.numbers import NumberFormat, Numbers, converted
from clusterer.tables.errors import TableError
from clusterer.tables.frames import Frame
from clusterer.tables.limits import LARGEST_NUMBER
from clusterer.tables.report import Report

Missing = Literal["drop", "mean"]


def rule_for_missing(missing: Missing) -> Missing:
    """Return the rule for missing values, or raise TableError if there is none of that name."""
    if missing not in ("drop", "mean"):
        raise TableError(f"missing is {make_printable(missing)!r}; allowed: 'drop' or 'mean'")
    return missing


class Feature(NamedTuple):
    """A column that is a feature: its name, its format, and the mean of the sample."""

    name: str
    form: NumberFormat
    mean: float


class PointFilter:
    """Turns frames into points by the rule chosen for missing values."""

    def __init__(self, features: Sequence[Feature], missing: Missing, report: Report) -> None:
        self._features, self._missing, self._report = features, missing, report
        self._means = np.array([feature.mean for feature in features])
        self._n_values = np.zeros(len(features), np.int64)

    @property
    def n_features(self) -> int:
        """The number of coordinates of the points."""
        return len(self._features)

    def points(self, frame: Frame) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        """Return the points of a frame, and which of its rows they are (None: all)."""
        points = np.empty((frame.n_rows, len(self._features)))
        unreadable = np.zeros(frame.n_rows, np.bool_)
        for j, feature in enumerate(self._features):
            numbers = converted(frame.columns[j], feature.form)
            points[:, j] = numbers.values
            self._tell_examples(feature, frame.columns[j], numbers)
            unreadable |= numbers.unreadable
        self._tell_lines(frame, unreadable)
        if (np.abs(points) <= LARGEST_NUMBER).all():
            if self._missing == "mean":
                self._advance(points, np.ones(len(points), np.bool_))
            return points, None
        return self._finite(points, unreadable)

    def _finite(
        self, points: NDArray[np.float64], unreadable: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        infinite = (np.abs(points) > LARGEST_NUMBER).any(axis=1) & ~unreadable
        lacking = np.isnan(points) & ~(unreadable | infinite)[:, None]
        for feature, n_lacking in zip(self._features, lacking.sum(axis=0).tolist(), strict=True):
            if n_lacking:
                self._report.missing_by_column[feature.name] += n_lacking
        kept = ~(unreadable | infinite)
        self._report.n_dropped_infinite += int(infinite.sum())
        if self._missing == "mean":
            self._fill(points, lacking, kept)
        else:
            missing = lacking.any(axis=1)
            self._report.n_dropped_missing += int(missing.sum())
            kept &= ~missing
        return points[kept], kept

    def _tell_examples(self, feature: Feature, cells: pa.Array, numbers: Numbers) -> None:
        report, where = self._report, make_printable(feature.name, 30)
        if not report.unreadable and numbers.unreadable.any():
            cell = cells[int(numbers.unreadable.argmax())].as_py()
            report.unreadable = f"{make_printable(cell, 30)!r} in {where}"
        if numbers.regrouped is not None and numbers.regrouped.any():
            at = int(numbers.regrouped.argmax())
            report.n_regrouped += int(numbers.regrouped.sum())
            cell = make_printable(cells[at].as_py(), 30)
            value = f"{numbers.values[at]:.15g}"
            report.regrouped = report.regrouped or f"{cell!r} in {where} as {value}"

    def _tell_lines(self, frame: Frame, unreadable: NDArray[np.bool_]) -> None:
        report = self._report
        report.n_comments += frame.n_comments
        report.n_recoded += frame.n_recoded
        bad = np.flatnonzero(unreadable)
        if frame.lines is None:
            report.n_dropped_malformed += bad.size
            return
        if bad.size or frame.broken:
            report.add_malformed(sorted(frame.broken + frame.lines[bad].tolist()))

    def _fill(
        self, points: NDArray[np.float64], lacking: NDArray[np.bool_], kept: NDArray[np.bool_]
    ) -> None:
        """Put the mean of all values before it where a value is missing."""
        self._report.n_filled += int(lacking.sum())
        for j in np.flatnonzero(lacking.any(axis=0)).tolist():
            is_value = kept & ~lacking[:, j]
            n_before = self._n_values[j] + np.cumsum(is_value)
            # In parts of the whole, because sums of large values overflow.
            scale = max(float(np.abs(points[is_value, j]).max(initial=0.0)), abs(self._means[j]))
            scale = scale or 1.0
            parts = np.cumsum(np.where(is_value, points[:, j], 0.0) / scale)
            total = parts + self._means[j] / scale * self._n_values[j]
            means = np.where(n_before > 0, total / np.maximum(n_before, 1) * scale, self._means[j])
            points[lacking[:, j], j] = means[lacking[:, j]]
        self._advance(points, kept, lacking)

    def _advance(
        self,
        points: NDArray[np.float64],
        kept: NDArray[np.bool_],
        lacking: NDArray[np.bool_] | None = None,
    ) -> None:
        for j in range(points.shape[1]):
            values = points[kept if lacking is None else kept & ~lacking[:, j], j]
            if values.size:
                scale = float(np.abs(values).max()) or 1.0
                n_values = self._n_values[j] + values.size
                mean = float(np.mean(values / scale)) * scale
                share = values.size / n_values
                self._means[j] = self._means[j] * (1 - share) + mean * share
                self._n_values[j] = n_values
