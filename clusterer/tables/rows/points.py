"""From columns to points without missing or infinite values; every dropped row is counted."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.support.text import make_printable
from clusterer.tables.columns.numbers import NumberFormat, Numbers, parse_numbers
from clusterer.tables.limits import LARGEST_NUMBER
from clusterer.tables.options import MissingRule
from clusterer.tables.report import Report
from clusterer.tables.row_source import RowBatch
from clusterer.tables.rows.totals import TotalFinder


class Feature(NamedTuple):
    """A column that is a feature: its name, its number format, and its mean in the sample."""

    name: str
    number_format: NumberFormat
    mean: float


class PointConverter:
    """Converts batches of rows to points and counts the dropped rows in the report.

    Parameters
    ----------
    features : sequence of Feature
        The columns of a batch, in their order; further columns are ignored.
    rule : "drop" or "mean"
        Drop rows with a missing value, or fill in the mean of the column's values so far.
    report : Report
        Where the rows are counted.
    has_totals : bool, default False
        Whether the last column of a batch holds names of rows, by which totals are recognised.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        rule: MissingRule,
        report: Report,
        has_totals: bool = False,
    ) -> None:
        self._features, self._rule, self._report = features, rule, report
        self._totals = TotalFinder(len(features)) if has_totals else None
        self._means = np.array([feature.mean for feature in features])
        self._n_values = np.zeros(len(features), np.int64)

    @property
    def n_features(self) -> int:
        """The number of coordinates of a point."""
        return len(self._features)

    def convert(self, batch: RowBatch) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        """Return the points of a batch, and which rows were kept (None: all)."""
        points = np.empty((batch.n_rows, len(self._features)))
        unreadable = np.zeros(batch.n_rows, np.bool_)
        for j, feature in enumerate(self._features):
            numbers = parse_numbers(batch.columns[j], feature.number_format)
            points[:, j] = numbers.values
            self._report_examples(feature, batch.columns[j], numbers)
            unreadable |= numbers.unreadable
        is_total = None if self._totals is None else self._totals.find(batch.columns[-1], points)
        if is_total is not None:
            unreadable &= ~is_total
            self._report_totals(batch, is_total)
        self._report_lines(batch, unreadable)
        if is_total is None and (np.abs(points) <= LARGEST_NUMBER).all():
            if self._rule == "mean":
                self._update_means(points, np.ones(len(points), np.bool_))
            return points, None
        return self._keep_finite(points, unreadable if is_total is None else unreadable | is_total)

    def _keep_finite(
        self, points: NDArray[np.float64], unreadable: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        infinite = (np.abs(points) > LARGEST_NUMBER).any(axis=1) & ~unreadable
        lacking = np.isnan(points) & ~(unreadable | infinite)[:, None]
        for feature, n_lacking in zip(self._features, lacking.sum(axis=0).tolist(), strict=True):
            if n_lacking:
                self._report.missing_by_column[feature.name] += n_lacking
        kept = ~(unreadable | infinite)
        self._report.n_dropped_infinite += int(infinite.sum())
        if self._rule == "mean":
            self._fill_in_means(points, lacking, kept)
        else:
            missing = lacking.any(axis=1)
            self._report.n_dropped_missing += int(missing.sum())
            kept &= ~missing
        return points[kept], kept

    def _report_examples(self, feature: Feature, cells: pa.Array, numbers: Numbers) -> None:
        report, name = self._report, make_printable(feature.name, 30)
        if not report.unreadable and numbers.unreadable.any():
            cell = cells[int(numbers.unreadable.argmax())].as_py()
            report.unreadable = f"{make_printable(cell, 30)!r} in {name}"
        if numbers.regrouped is not None and numbers.regrouped.any():
            row = int(numbers.regrouped.argmax())
            report.n_regrouped += int(numbers.regrouped.sum())
            cell = make_printable(cells[row].as_py(), 30)
            value = f"{numbers.values[row]:.15g}"
            report.regrouped = report.regrouped or f"{cell!r} in {name} as {value}"

    def _report_totals(self, batch: RowBatch, is_total: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(is_total)
        numbers = rows + 1 if batch.line_numbers is None else batch.line_numbers[rows]
        name = str(batch.columns[-1][int(rows[0])].as_py() or "").strip()
        self._report.add_totals(name, numbers.tolist())

    def _report_lines(self, batch: RowBatch, unreadable: NDArray[np.bool_]) -> None:
        report = self._report
        report.n_comments += batch.n_comments
        report.n_recoded += batch.n_recoded
        report.add_headers(batch.header_lines)
        bad = np.flatnonzero(unreadable)
        if batch.line_numbers is None:
            report.n_dropped_malformed += bad.size
            return
        if bad.size or batch.malformed_lines:
            bad_lines = batch.line_numbers[bad].tolist()
            report.add_malformed(sorted(batch.malformed_lines + bad_lines))

    def _fill_in_means(
        self, points: NDArray[np.float64], lacking: NDArray[np.bool_], kept: NDArray[np.bool_]
    ) -> None:
        """Replace each missing value by the mean of all values before it."""
        self._report.n_filled += int(lacking.sum())
        for j in np.flatnonzero(lacking.any(axis=0)).tolist():
            is_value = kept & ~lacking[:, j]
            n_before = self._n_values[j] + np.cumsum(is_value)
            # Divided by the largest value, because sums of large values overflow.
            scale = max(float(np.abs(points[is_value, j]).max(initial=0.0)), abs(self._means[j]))
            scale = scale or 1.0
            sums = np.cumsum(np.where(is_value, points[:, j], 0.0) / scale)
            total = sums + self._means[j] / scale * self._n_values[j]
            means = np.where(n_before > 0, total / np.maximum(n_before, 1) * scale, self._means[j])
            points[lacking[:, j], j] = means[lacking[:, j]]
        self._update_means(points, kept, lacking)

    def _update_means(
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


class RowNumbers:
    """Numbers the rows of successive batches from 1.

    Malformed rows count; comments, blank lines and the header do not.

    Examples
    --------
    >>> numbers = RowNumbers()
    >>> batch = RowBatch([], 2, line_numbers=np.array([2, 4]), malformed_lines=[3])
    >>> numbers.number(batch).tolist()
    [1.0, 3.0]
    >>> numbers.number(RowBatch([], 1)).tolist()
    [4.0]
    """

    def __init__(self) -> None:
        self._n_before = 0

    def number(self, batch: RowBatch) -> NDArray[np.float64]:
        """Return the numbers (n,) of the rows of the next batch."""
        numbers = np.arange(self._n_before + 1.0, self._n_before + batch.n_rows + 1)
        if batch.malformed_lines and batch.line_numbers is not None:
            numbers += np.searchsorted(batch.malformed_lines, batch.line_numbers)
        self._n_before += batch.n_rows + len(batch.malformed_lines)
        return numbers
