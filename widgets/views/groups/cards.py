"""Groups: a card for each cluster that says what sets it apart, in the units of the data."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import NDArray

from clusterer.evaluation.category_contrasts import CategoryCounter
from clusterer.evaluation.descriptions import (
    HOW_TO_READ,
    LabelledState,
    describe_state,
    measure_scales,
)
from clusterer.export.cluster_card import write_card
from clusterer.export.row_categories import count_recent_rows
from clusterer.session.tracking import MAX_NAME_CHARS
from clusterer.stream.finite_points import number_features
from widgets.components.palette import CLUSTER_COLORS
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE
from widgets.live.view_data import ViewData
from widgets.views.groups.decide import HOW_SURE, Choices, ChoicesPanel, Decide, measure_choices
from widgets.views.groups.group_plot import (
    Group,
    draw_group,
    measure_group,
    measure_height,
)
from widgets.views.plot import LivePlot, PlotData

log = logging.getLogger(__name__)

N_CARDS = 12

NO_CLUSTER = "There is no cluster yet."

STYLE = """
:host { font-size: .88rem; line-height: 1.45; overflow-wrap: anywhere; }
.words { font-size: 1.02rem; font-weight: 500; margin: 0 0 4px; }
ul { margin: 0 0 6px; padding-left: 1.2em; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; }
.facts div { white-space: nowrap; }
dt { display: inline; opacity: .8; }
dd { display: inline; margin: 0; font-variant-numeric: tabular-nums; }
.note { opacity: .8; margin: 4px 0 0; }
"""
CARD_STYLE = {
    "border": "1px solid rgba(128, 128, 128, .28)",
    "border-left-width": "6px",
    "border-radius": "10px",
    "padding": "6px 10px",
    "flex": "1 1 340px",
    "max-width": "520px",
}


def measure_groups(view_data: ViewData) -> list[Group]:
    """What the cards show of the state shown on the page, the largest cluster first."""
    state, colors = _take_state(view_data)
    if state is None:
        return []
    n_seen = view_data.past[0] if view_data.past else state.snapshot.n_seen
    described = describe_state(state, N_CARDS, count_categories(view_data, n_seen, state))
    scales = measure_scales(described)
    counts, taken = state.snapshot.counts.sum(), state.snapshot.points_taken.sum()
    return [
        Group(
            description=each,
            name=view_data.names.get(each.cluster, ""),
            color=colors.get(each.cluster, -1),
            scales=scales,
            nearest="" if each.nearest is None else view_data.call(each.nearest),
            # The first point of a stream has no count.
            is_forgetting=bool(taken - counts > 1.5),
        )
        for each in described
    ]


def count_categories(
    view_data: ViewData, n_seen: int, state: LabelledState
) -> CategoryCounter | None:
    """Count the columns that are no features, by cluster; None if there are none to read."""
    rows = view_data.rows
    # Just after a change of the source, the points are those of the source before.
    if rows is None or len(rows.feature_names) != state.points.shape[1]:
        return None
    try:
        return count_recent_rows(rows, n_seen, state.point_clusters)
    except (ValueError, OSError) as error:
        log.info("The rows behind the points could not be read: %s", type(error).__name__)
        return None


def _take_state(view_data: ViewData) -> tuple[LabelledState | None, dict[int, int]]:
    """The clusters of the state shown, and the colour number of each cluster."""
    state, frame = view_data.state, view_data.frame
    names = view_data.feature_names
    if view_data.past and state is not None:
        parts = state.snapshot, state.clusters, state.points, state.point_clusters
        return LabelledState(*parts, state.scaling, _fit_names(names, state.centers)), state.palette
    if frame is None or frame.scaling is None or not len(frame.centers):
        return None, {}
    pairs = zip(frame.center_clusters.tolist(), frame.center_colors.tolist(), strict=True)
    shown = LabelledState(
        frame.snapshot,
        frame.center_clusters,
        frame.points,
        frame.point_clusters,
        frame.scaling,
        _fit_names(names, frame.centers),
    )
    return shown, dict(pairs)


def _fit_names(names: tuple[str, ...], centers: NDArray[np.float64]) -> tuple[str, ...]:
    """The names, or x1, x2, ... while the centres are still those of the source before."""
    n_features = centers.shape[1]
    return names if len(names) == n_features else number_features(n_features)


class GroupCard:
    """The card of a cluster: its name, its text and its plot.

    ``on_name`` gets the number of the cluster and its new name.
    """

    def __init__(self, on_name: Callable[[int, str], None]) -> None:
        self._on_name = on_name
        self._is_updating = self._is_waiting = False
        self.cluster = 0
        self._known_name = ""
        self.plot = LivePlot(draw_group)
        self.name = pmui.TextInput(
            label="Name",
            max_length=MAX_NAME_CHARS,
            size="small",
            variant="standard",
            margin=(4, 4, 8, 4),
            **WIDE,
        )
        self.text = Html("", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(0, 4))
        self.view = pn.Column(
            self.name, self.text, self.plot.pane, styles=CARD_STYLE, min_width=290, margin=6
        )
        self.name.param.watch(self._rename, "value")

    def _rename(self, event: Any) -> None:
        if not self._is_updating and self.cluster:
            self._is_waiting = True
            self._on_name(self.cluster, event.new or "")

    def _show_name(self, group: Group) -> None:
        # The engine may answer with an older name before it knows the user's new one.
        is_same = group.description.cluster == self.cluster and group.name == self._known_name
        if self._is_waiting and is_same:
            return
        self._is_waiting, self._known_name = False, group.name
        if self.name.value != group.name:
            self._is_updating = True
            self.name.value = group.name
            self._is_updating = False

    def draw(self, group: Group, data: PlotData, is_new: bool) -> None:
        """Show a cluster."""
        self._show_name(group)
        self.cluster = group.description.cluster
        label = f"Name of {group.title}"
        if self.name.label != label:
            self.name.label = label
        color = CLUSTER_COLORS[group.color % len(CLUSTER_COLORS)] if group.color >= 0 else "grey"
        styles = CARD_STYLE | {"border-left-color": color}
        if self.view.styles != styles:
            self.view.styles = styles
        text = write_card(group.description, group.nearest, is_forgetting=group.is_forgetting)
        if self.text.object != text:
            self.text.object = text
        height = measure_height(len(data.ticks["y"]))
        for figure in self.plot.figures:
            if figure.height != height:
                figure.height = height
        self.plot.show(data, is_new)
        self.view.visible = True


class Measured(NamedTuple):
    """What `GroupsView.draw` shows: the number of clusters in words, and the cards."""

    choices: Choices
    cards: list[tuple[int, Group, PlotData, bool]]


class GroupsView:
    """How many clusters there are and how sure that is, and a card for each of the largest.

    ``on_name`` gets a cluster and its new name, ``decide`` passes decisions about clusters on. A
    cluster keeps its card as long as it is among the largest, so that no card moves away while
    its user reads or writes.
    """

    title = "Groups"

    def __init__(self, on_name: Callable[[int, str], None], decide: Decide) -> None:
        self._panel = ChoicesPanel(decide)
        self._cards = [GroupCard(on_name) for _ in range(N_CARDS)]
        self._places: dict[int, int] = {}
        self._n_on_page = 0
        self._note = Text(role="status")
        self._about = Text()
        self._about.show(HOW_SURE, *HOW_TO_READ)
        # The containers of Panel itself: those of Material load styles from the internet when
        # something is added later in a notebook.
        self._box = pn.FlexBox(sizing_mode="stretch_width", margin=(4, 4), align_items="stretch")
        self.pane = pn.Column(
            self._panel.pane,
            self._note.pane,
            self._box,
            self._about.pane,
            sizing_mode="stretch_width",
            margin=0,
        )

    def measure(self, view_data: ViewData) -> Measured:
        """The choices, and the cards by their places; runs in a worker thread."""
        groups = measure_groups(view_data)
        self._places = assign_places(self._places, [each.description.cluster for each in groups])
        measured = []
        for group in groups:
            place = self._places[group.description.cluster]
            data = measure_group(group)
            measured.append((place, group, data, self._cards[place].plot.build(data)))
        return Measured(measure_choices(view_data), measured)

    def draw(self, measured: Measured) -> None:
        """Show the choices and the cards."""
        self._panel.draw(measured.choices)
        cards = measured.cards
        self._note.show("" if cards else NO_CLUSTER)
        used = {place for place, *_ in cards}
        for place, card in enumerate(self._cards):
            if place not in used and card.view.visible:
                card.view.visible = False
        for place, group, data, is_new in cards:
            self._cards[place].draw(group, data, is_new)
        n_needed = max(used, default=-1) + 1
        if n_needed > self._n_on_page:
            self._n_on_page = n_needed
            views = [card.view for card in self._cards[:n_needed]]
            # In a batch of its own, as in `LivePlot.show`.
            pn.state.execute(partial(setattr, self._box, "objects", views), schedule=True)


def assign_places(places: Mapping[int, int], clusters: Sequence[int]) -> dict[int, int]:
    """The place of each cluster: its present one, or the first free one.

    >>> assign_places({3: 0, 8: 1}, [8, 4, 7])
    {8: 1, 4: 0, 7: 2}
    """
    kept = {each: places[each] for each in clusters if each in places}
    free = iter(sorted(set(range(len(clusters) + len(kept))) - set(kept.values())))
    return {each: kept[each] if each in kept else next(free) for each in clusters}
