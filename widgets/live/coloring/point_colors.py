"""The colours of the points of a frame, by what the user has chosen, and their legend in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.session.frame import Frame
from clusterer.stream.chunk import NOISE
from clusterer.support.text import format_number, make_printable
from widgets.components.palette import (
    CLUSTER_COLORS,
    NOISE_COLOR,
    VALUE_COLORS,
    number_levels,
    wrap_colors,
)

N_CATEGORIES = 12
"""Most categories with a colour of their own; all others are grey."""

EDGE = 0.02
"""Share of the values below, and above, the ends of a scale; so outliers do not stretch it."""

MARGIN = 0.1
"""A new scale is longer by this share at each end, so that it lasts while values move a little."""

N_SWATCHES = 5
NAME_CHARS = 20
DAY_S = 86_400.0
MAX_TIME_S = 6.2e10
"""From this many seconds on, before or after 1970, a number is no time that `datetime` knows."""

Kind = Literal["cluster", "class", "time", "score", "feature", "column"]


class ColorChoice(NamedTuple):
    """What the colours of the points show.

    Parameters
    ----------
    kind : str
        "cluster", "class", "time" of arrival, "score", a "feature", or another "column" of a table.
    name : str
        The name for people; of a feature or column the name in the data.
    feature : int
        The number of the feature, from 0.
    """

    kind: Kind
    name: str
    feature: int = 0


BY_CLUSTER = ColorChoice("cluster", "cluster")


class PointValues(NamedTuple):
    """Values (n,) of the points of a frame; NaN where a value is missing or not read yet.

    ``kind`` tells what they are: numbers, times in seconds since 1970, or indices of ``names``.
    """

    values: NDArray[np.float64]
    kind: Literal["number", "date", "category"] = "number"
    names: tuple[str, ...] = ()


class ColorLegend(NamedTuple):
    """The legend: a title, and a label for each of some colours; none if clusters are shown."""

    title: str = ""
    entries: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> str:
        """The legend in words; empty if clusters are shown."""
        labels = ", ".join(label for label, _ in self.entries)
        return f"The colour of a point is its {self.title}: {labels}." if self.title else ""


class PointColors:
    """Numbers the colours of a frame's points; `legend` tells what the last colours mean.

    A colour keeps its meaning while the stream runs, as far as possible: a category keeps its
    colour, and a scale changes only if values leave it or fill less than half of it.

    ``read_column`` returns the values of a column that is no feature, for the points of a frame.
    """

    def __init__(self, read_column: Callable[[Frame, str], PointValues] | None = None) -> None:
        self.choice = BY_CLUSTER
        self.legend = ColorLegend()
        self._read_column = read_column
        self._categories = Categories()
        self._scale: tuple[float, float] | None = None

    def choose(self, choice: ColorChoice) -> None:
        """Show something else from the next frame on, with a new scale or new categories."""
        self.choice, self.legend = choice, ColorLegend()
        self._categories, self._scale = Categories(), None

    def paint(self, frame: Frame) -> NDArray[np.int8]:
        """Return the colour numbers (n,) of the points of a frame."""
        if self.choice.kind == "cluster":
            return wrap_colors(frame.point_colors)
        if self.choice.kind == "time":
            self.legend = self._list_swatches(("oldest", "middle", "newest"))
            return number_levels(np.linspace(0.0, 1.0, len(frame.points)))
        found = self._take_values(frame)
        return self._paint_categories(found) if found.kind == "category" else self._grade(found)

    def _take_values(self, frame: Frame) -> PointValues:
        n_points, choice = len(frame.points), self.choice
        if choice.kind == "class":
            classes = frame.point_classes
            if classes is None:
                return PointValues(np.full(n_points, np.nan), "category")
            known = np.where(classes == NOISE, np.nan, classes)
            return self._categories.encode(fill_front(known, n_points), frame.class_names)
        if choice.kind == "score":
            scores = frame.point_scores
            return PointValues(np.full(n_points, np.nan) if scores is None else scores)
        if choice.kind == "feature" and choice.feature < frame.points.shape[1]:
            return PointValues(frame.points[:, choice.feature])
        if choice.kind == "column" and self._read_column is not None:
            return self._read_column(frame, choice.name)
        # Just after a change of the source.
        return PointValues(np.full(n_points, np.nan))

    def _paint_categories(self, found: PointValues) -> NDArray[np.int8]:
        is_known = np.isfinite(found.values)
        numbers = np.where(is_known, found.values, -1).astype(np.int8)
        counts = np.bincount(numbers[is_known], minlength=len(found.names))
        entries = [
            (make_printable(name, NAME_CHARS), CLUSTER_COLORS[i])
            for i, name in enumerate(found.names)
            if counts[i]
        ]
        if not is_known.all():
            entries.append(("others or none", NOISE_COLOR))
        self.legend = ColorLegend(self._title, tuple(entries))
        return numbers

    def _grade(self, found: PointValues) -> NDArray[np.int8]:
        scale = self._fit_scale(found.values)
        if scale is None:
            self.legend = ColorLegend(self._title, (("no value", NOISE_COLOR),))
            return np.full(len(found.values), -1, dtype=np.int8)
        low, high = scale
        places = np.full(len(found.values), 0.5)
        if high > low:
            places = (found.values / 2 - low / 2) / (high / 2 - low / 2)
        else:
            places[np.isnan(found.values)] = np.nan
        self.legend = self._list_swatches(label_scale(scale, found.kind == "date"))
        if self.choice.kind == "column":
            entries = (*self.legend.entries, ("no value", NOISE_COLOR))
            self.legend = ColorLegend(self.legend.title, entries)
        return number_levels(places)

    def _fit_scale(self, values: NDArray[np.float64]) -> tuple[float, float] | None:
        """Return the lowest and the highest value with a colour of its own."""
        known = values[np.isfinite(values)]
        if not len(known):
            return self._scale
        # Halves, because the difference of two numbers can overflow.
        low, high = (2.0 * np.quantile(known / 2, [EDGE, 1.0 - EDGE])).tolist()
        if self._scale is not None:
            before_low, before_high = self._scale
            is_inside = before_low <= low and high <= before_high
            if is_inside and high / 2 - low / 2 >= (before_high / 2 - before_low / 2) / 2:
                return self._scale
        # With the margin, but not beyond the values: a scale of 0 and 1 begins at 0.
        margin = MARGIN * 2 * (high / 2 - low / 2)
        self._scale = (
            max(low - margin, float(known.min())),
            min(high + margin, float(known.max())),
        )
        return self._scale

    @property
    def _title(self) -> str:
        return make_printable(self.choice.name, 40)

    def _list_swatches(self, labels: Sequence[str]) -> ColorLegend:
        places = np.linspace(0, len(VALUE_COLORS) - 1, len(labels)).round().astype(int).tolist()
        colors = [VALUE_COLORS[place] for place in places]
        return ColorLegend(self._title, tuple(zip(labels, colors, strict=True)))


class Categories:
    """Gives each of the first categories a number, which it keeps; all others get none.

    >>> categories = Categories()
    >>> categories.encode(np.array([7.0, 300.0, 300.0, np.nan]), None).values.tolist()
    [7.0, 0.0, 0.0, nan]
    """

    def __init__(self) -> None:
        self._slots: dict[Hashable, int] = {}

    def find(self, category: Hashable, wanted: int = 0) -> float:
        """Return the number of a category, ``wanted`` if it is free; NaN if all are taken."""
        if category not in self._slots:
            free = sorted(set(range(N_CATEGORIES)) - set(self._slots.values()))
            if not free:
                return np.nan
            self._slots[category] = wanted if wanted in free else free[0]
        return self._slots[category]

    def encode(
        self, classes: NDArray[np.float64], class_names: Sequence[str] | None
    ) -> PointValues:
        """Return the categories of classes, which are whole numbers; NaN stays NaN."""
        known = np.isfinite(classes)
        distinct, places = np.unique(classes[known].astype(np.int64), return_inverse=True)
        values = np.full(len(classes), np.nan)
        if len(distinct):
            # An array of NaN and numbers, because a category may get no number.
            values[known] = np.array([self.find(each, each) for each in distinct.tolist()])[places]
        return PointValues(values, "category", self.list_names(class_names))

    def list_names(self, class_names: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return the name of each number: of a class number its class name, otherwise the text."""
        names = [""] * (1 + max(self._slots.values(), default=-1))
        for category, slot in self._slots.items():
            names[slot] = str(category)
            if isinstance(category, int):
                is_named = class_names is not None and 0 <= category < len(class_names)
                names[slot] = class_names[category] if is_named else f"class {category}"  # type: ignore[index]
        return tuple(names)


def fill_front(values: NDArray[np.floating], n: int) -> NDArray[np.float64]:
    """Return the last n of the values, with NaN in front if there are fewer.

    >>> fill_front(np.array([1.0, 2.0]), 3).tolist(), fill_front(np.array([1.0, 2.0]), 1).tolist()
    ([nan, 1.0, 2.0], [2.0])
    """
    last = values[max(len(values) - n, 0) :]
    return np.concatenate([np.full(n - len(last), np.nan), last])


def label_scale(scale: tuple[float, float], is_date: bool = False) -> tuple[str, ...]:
    """Return the labels of evenly spaced values on a scale; a single one if its ends are equal.

    >>> label_scale((18.0, 74.0))
    ('≤ 18', '32', '46', '60', '≥ 74')
    >>> label_scale((0.0, 8.64e7), is_date=True)[1:]
    ('1970-09-08', '1971-05-16', '1972-01-21', '≥ 1972-09-27')
    """
    low, high = scale
    spread = 2 * (high / 2 - low / 2)
    shares = np.linspace(0.0, 1.0, N_SWATCHES if high > low else 1).tolist()
    values = [(1.0 - share) * low + share * high for share in shares]
    texts = [
        write_time(each, spread) if is_date else format_number(each, spread) for each in values
    ]
    if len(texts) > 1:
        texts[0], texts[-1] = f"≤ {texts[0]}", f"≥ {texts[-1]}"
    return tuple(texts)


def write_time(seconds: float, spread_s: float) -> str:
    """Return a time as text, as exact as its spread needs.

    >>> write_time(0.0, 1e9), write_time(3600.0, 60.0), write_time(1e300, 1.0)
    ('1970-01-01', '01-01 01:00:00', '1e+300')
    """
    if not abs(seconds) < MAX_TIME_S:
        return format_number(seconds)
    pattern = "%Y-%m-%d" if spread_s > 5 * DAY_S else "%m-%d %H:%M"
    if spread_s < 600.0:
        pattern += ":%S"
    # Not `fromtimestamp`, which some systems refuse for times before 1970.
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime(pattern)
