"""Rows that sum up other rows: totals, subtotals, averages. They are no points of the table."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import is_text, strip_cells
from clusterer.tables.columns.words import DOUBTFUL_SUMMARY_WORDS, SUMMARY_WORDS


def _list_words(words: frozenset[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


# A cell that is a word for a sum or an average, alone or before a colon, a year or brackets.
_ENDING = r"\s*(?:[:=.]|\([^)]*\)|\[[^\]]*\]|\d{4})*\s*$"
ALONE = f"(?i)^(?:{_list_words(SUMMARY_WORDS)}){_ENDING}"
# The same words beside the name of a group, such as "North total" or "Total North".
_WORDS = _list_words(SUMMARY_WORDS | DOUBTFUL_SUMMARY_WORDS)
DOUBTFUL = (
    f"(?i)^(?:{_list_words(DOUBTFUL_SUMMARY_WORDS)}){_ENDING}"
    rf"|(?i)^(?:{_WORDS})[\s:_\-].+|(?i)^.+[\s:_\-](?:{_WORDS})\s*[:.]?$"
)
# A word for the lowest or the highest value.
EXTREME = r"(?i)\b(?:min|max|minim\w*|maxim\w*|lowest|highest|мин|макс|最小|最大)"
# A name that needs a closer look.
ANY = rf"(?i)^\s*(?:{_WORDS})\b|\b(?:{_WORDS})\s*[:.]?\s*$|^\s*[-.?]?\s*$|[^\x00-\x7f]"
# A column in which more cells are such words is a category of the table.
MAX_SHARE = 0.5
# The name of a row stands in one of this many columns.
N_NAME_COLUMNS = 3
# Sums of fewer values may equal the values of a row without a name by chance.
MIN_BLANK_VALUES = 20
# Sums are written with few decimals.
ROUNDING = 1e-3


class TotalFinder:
    """Finds the rows of totals in successive batches.

    A row is one if its name is a word such as "Total". A row whose name is such a word beside a
    name is one only if its values are the sums, the means or, with a word for them, the minima or
    maxima of the rows before it, or if it follows a row of totals. A row whose name is blank is one
    only if its values are the sums.

    Parameters
    ----------
    n_features : int
        The number of values of a row.

    Examples
    --------
    >>> finder = TotalFinder(1)
    >>> finder.find(pa.array(["a", "b", "Total"]), np.array([[1.0], [2.0], [3.0]])).tolist()
    [False, False, True]
    """

    def __init__(self, n_features: int) -> None:
        self._all, self._group = _Sums(n_features), _Sums(n_features)

    def find(self, names: pa.Array, points: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """Return which rows (n,) are totals, None for no row.

        Parameters
        ----------
        names : pyarrow array (n,)
            The names of the rows.
        points : array (n, d)
            The values of the rows, NaN where there is none.
        """
        # Most batches have no such row; one search shows it.
        if not is_text(names.type) or not _has_any(names):
            self._group.add(points)
            return None
        text, is_missing = strip_cells(names)
        is_alone = _to_mask(pc.match_substring_regex(text, ALONE))
        is_blank = _to_mask(is_missing)
        is_doubtful = _to_mask(pc.match_substring_regex(text, DOUBTFUL)) | is_blank
        is_doubtful &= ~is_alone
        is_extreme = _to_mask(pc.match_substring_regex(text, EXTREME))
        is_total, start = is_alone, 0
        for i in np.flatnonzero(is_alone | is_doubtful).tolist():
            self._group.add(points[start:i])
            follows = i > 0 and is_total[i - 1] and not is_blank[i]
            start = i
            kind = "blank" if is_blank[i] else "extreme" if is_extreme[i] else "word"
            if is_alone[i] or follows or self._is_sum(points[i], kind):
                is_total[i] = True
                self._all.merge(self._group)
                self._group.restart()
                start = i + 1
        self._group.add(points[start:])
        return is_total if is_total.any() else None

    def _is_sum(self, values: NDArray[np.float64], kind: str) -> bool:
        return self._group.fits(values, kind) or self._all.joined(self._group).fits(values, kind)


class _Sums:
    """The sums, counts and extremes of the values of some rows."""

    def __init__(self, n_features: int) -> None:
        self._n_features = n_features
        self.restart()

    def restart(self) -> None:
        self._sums, self._counts = np.zeros(self._n_features), np.zeros(self._n_features)
        self._lowest = np.full(self._n_features, np.inf)
        self._highest = np.full(self._n_features, -np.inf)
        self._n_rows = 0

    def add(self, points: NDArray[np.float64]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            sums = points.sum(axis=0)
            if np.isfinite(sums).all():
                self._counts += len(points)
            else:
                finite = np.isfinite(points)
                sums = np.where(finite, points, 0.0).sum(axis=0)
                self._counts += finite.sum(axis=0)
            self._sums += sums
        self._lowest = np.fmin(self._lowest, np.fmin.reduce(points, axis=0, initial=np.inf))
        self._highest = np.fmax(self._highest, np.fmax.reduce(points, axis=0, initial=-np.inf))
        self._n_rows += len(points)

    def merge(self, other: "_Sums") -> None:
        """Add the rows of `other`."""
        self._sums = self._sums + other._sums
        self._counts = self._counts + other._counts
        self._lowest = np.fmin(self._lowest, other._lowest)
        self._highest = np.fmax(self._highest, other._highest)
        self._n_rows += other._n_rows

    def joined(self, other: "_Sums") -> "_Sums":
        """Return the sums of the rows of both."""
        both = _Sums(self._n_features)
        both.merge(self)
        both.merge(other)
        return both

    def fits(self, values: NDArray[np.float64], kind: str) -> bool:
        """Tell whether all values of a row sum up the rows that were added.

        The sums count for every `kind` of name, the means for a "word" if they are no whole
        numbers, the minima and maxima for an "extreme". Whole numbers equal them by chance.
        """
        fewest = MIN_BLANK_VALUES if kind == "blank" else 2
        known = np.isfinite(values)
        if self._n_rows < 2 or not known.any() or self._counts[known].sum() < fewest:
            return False
        candidates = [self._sums]
        if kind == "extreme":
            candidates += [self._lowest, self._highest]
        elif kind == "word" and np.any(values[known] != np.floor(values[known])):
            candidates.append(self._sums / np.maximum(self._counts, 1))
        return any(
            np.allclose(values[known], each[known], rtol=ROUNDING, atol=0) and np.any(each[known])
            for each in candidates
        )


def _has_any(names: pa.Array) -> bool:
    """Tell whether a name may be that of a total."""
    return bool(pc.any(pc.match_substring_regex(names, ANY)).as_py())


def count_totals(names: pa.Array) -> int:
    """Return how many cells are words for totals; 0 if they are a category of the table."""
    if not is_text(names.type) or not len(names):
        return 0
    text, _ = strip_cells(names)
    n_alone = int(_to_mask(pc.match_substring_regex(text, ALONE)).sum())
    return n_alone if n_alone <= MAX_SHARE * len(names) else 0


def drop_totals(columns: Sequence[pa.Array]) -> list[pa.Array]:
    """Return the columns of a sample without the rows whose name is a word for totals.

    The sums of all rows would hide what is unusual about the rows. The name of a row stands in one
    of the first columns.
    """
    is_total = None
    for cells in columns[:N_NAME_COLUMNS]:
        if count_totals(cells):
            found = pc.fill_null(pc.match_substring_regex(strip_cells(cells)[0], ALONE), False)
            is_total = found if is_total is None else pc.or_(is_total, found)
    if is_total is None or len(columns) == 1:
        return list(columns)
    return [cells.filter(pc.invert(is_total)) for cells in columns]


def _to_mask(flags: pa.Array) -> NDArray[np.bool_]:
    return np.array(pc.fill_null(flags, False).to_numpy(zero_copy_only=False), np.bool_)
