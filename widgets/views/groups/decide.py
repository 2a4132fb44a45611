"""How many clusters, how sure, and what else there could be; decisions about clusters by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from clusterer.base import Snapshot
from clusterer.cluster.labelling.alternatives import Join, Split, find_alternatives
from clusterer.export.selected_rows import call_cluster
from clusterer.session.recipe import MERGE, SPLIT, UNDO, MadeDecision
from clusterer.support.errors import explain_error
from widgets.components.background import run_in_thread
from widgets.components.button import build_button
from widgets.components.download import EXPORT_TIMEOUT_S
from widgets.components.text import Text
from widgets.controls.controls import WIDE
from widgets.live.view_data import ViewData

Decide = Callable[..., "Future[None]"]
"""Passes a decision to the engine: its kind, ``clusters`` and ``threshold``."""

VERDICTS = ((2.0, "clear"), (1.0, "likely"), (0.5, "may be chance"), (0.0, "most likely chance"))
"""What the significance of a gap says, by the lower bounds."""

MOST_TIMES = 10.0
MOST_OPTIONS = 100
"""The largest clusters, about which the page offers decisions."""

HOW_SURE = (
    "How sure: chance leaves gaps within one group, too. A gap 1 time as deep as chance explains "
    "is undecided; a gap at least 2 times as deep is clear. The certainty on each card says how "
    "well the points fit their cluster. A decision by hand lasts while the stream goes on and is "
    "saved with the run; it changes the clusters, not what the model learns."
)


@dataclass(frozen=True)
class Choices:
    """What the page says about the number of clusters, and what there is to decide.

    ``options`` are the ids of the clusters by their titles; ``decisions`` are in force.
    ``can_decide`` tells whether the run takes decisions, ``is_past`` whether the page shows a state
    of the past.
    """

    sentences: tuple[str, ...] = ()
    options: Mapping[str, int] = field(default_factory=dict)
    decisions: tuple[MadeDecision, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    can_decide: bool = False
    is_past: bool = False


def measure_choices(view_data: ViewData) -> Choices:
    """What there is to say and to decide about the clusters shown; runs in a worker thread."""
    shown, choices = take_snapshot(view_data), list_choices(view_data)
    if shown is None:
        return choices
    names = view_data.names
    return replace(
        choices,
        sentences=describe_alternatives(shown, view_data.call) if choices.can_decide else (),
        options={call_cluster(each, names.get(each, "")): each for each in find_largest(shown)},
    )


def list_choices(view_data: ViewData) -> Choices:
    """The decisions in force in the state shown, without sentences and options."""
    frame, state = view_data.frame, view_data.state
    if frame is None or not len(frame.centers):
        return Choices()
    is_past = bool(view_data.past)
    return Choices(
        decisions=state.decisions if is_past and state is not None else frame.decisions,
        names=view_data.names,
        can_decide=frame.can_decide,
        is_past=is_past,
    )


def find_largest(snapshot: Snapshot) -> list[int]:
    """The labels of the clusters that there are to decide about, at most `MOST_OPTIONS`."""
    clusters, slots = np.unique(snapshot.labels, return_inverse=True)
    sizes = np.bincount(slots, snapshot.counts, minlength=len(clusters))
    sizes[clusters < 0] = -1.0
    largest = clusters[np.argsort(-sizes, kind="stable")][:MOST_OPTIONS]
    return sorted(largest[largest >= 0].tolist())


def take_snapshot(view_data: ViewData) -> Snapshot | None:
    """The snapshot shown on the page, with lasting ids as labels; None before the first point."""
    state, frame = view_data.state, view_data.frame
    if view_data.past and state is not None:
        return replace(state.whole_snapshot, labels=state.clusters)
    if frame is None or not len(frame.centers):
        return None
    return replace(frame.snapshot, labels=frame.center_clusters)


def describe_alternatives(snapshot: Snapshot, call: Callable[[int], str]) -> tuple[str, ...]:
    """The number of clusters and the next best answers in words; ``call`` names a cluster.

    >>> describe_alternatives(Snapshot.empty(1), str)
    ()
    """
    found = find_alternatives(snapshot)
    if not found.n_clusters:
        return ()
    plural = "" if found.n_clusters == 1 else "s"
    sentences = [f"{found.n_clusters} cluster{plural}."]
    if found.joins:
        sentences.append(f"One fewer: {describe_join(found.joins[0], call)}")
    if found.splits:
        sentences.append(f"One more: {describe_split(found.splits[0], call)}")
    return tuple(sentences)


def describe_join(join: Join, call: Callable[[int], str]) -> str:
    """Which clusters would be one, and how sure it is that they are two.

    >>> describe_join(Join(2, 4, 1.62), "cluster {}".format)
    'cluster 2 and cluster 4 become one. The gap between them is 1.6 times as deep as chance \
explains: likely.'
    """
    gap = describe_gap(join.significance, "between them")
    return f"{call(join.first)} and {call(join.second)} become one. {gap}"


def describe_split(split: Split, call: Callable[[int], str]) -> str:
    """How a cluster would be two, and how sure it is.

    >>> describe_split(Split(3, 0.6, 0.3), "cluster {}".format)
    'cluster 3 splits into 60 % and 40 %. The gap inside it is 0.3 times as deep as chance \
explains: most likely chance.'
    """
    share = round(100 * split.share)
    gap = describe_gap(split.significance, "inside it")
    return f"{call(split.cluster)} splits into {share} % and {100 - share} %. {gap}"


def describe_gap(significance: float, where: str) -> str:
    """How deep a gap is compared with gaps by chance.

    >>> describe_gap(math.inf, "between them"), describe_gap(0.0, "inside it")
    ('Nothing lies between them: clear.', 'There is no gap inside it.')
    """
    if math.isinf(significance):
        return f"Nothing lies {where.replace('inside it', 'between the parts')}: clear."
    if significance < 0.05:
        return f"There is no gap {where}."
    verdict = next(word for bound, word in VERDICTS if significance >= bound)
    times = f"{significance:.1f}"
    if significance > MOST_TIMES:
        times = f"more than {MOST_TIMES:.0f}"
    return f"The gap {where} is {times} times as deep as chance explains: {verdict}."


def list_decisions(decisions: Sequence[MadeDecision], names: Mapping[int, str]) -> str:
    """The decisions in force in one sentence; empty without any.

    >>> list_decisions([MadeDecision("split", 1200, (3,))], {})
    'By hand: split cluster 3 (after 1,200 points).'
    """
    if not decisions:
        return ""
    listed = [f"{each.describe(names)} (after {each.n_seen:,} points)" for each in decisions]
    return f"By hand: {'; '.join(listed)}."


class DecisionBar:
    """The decisions in force, a button that undoes the last one, and what was not possible."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self.text = Text(role="status")
        self.problem = Text(role="alert", style="color: #d32f2f;")
        self.undo = build_button(
            "Undo",
            "takes back the last decision about clusters.",
            self._undo,
            variant="outlined",
            size="small",
            disabled=True,
        )

    async def _undo(self, _: Any) -> None:
        await self.run(UNDO)

    async def run(self, kind: str, **values: Any) -> bool:
        """Pass a decision on, and say what was wrong; return whether it was possible."""
        self.problem.show()
        answer = self._decide(kind, **values)
        try:
            await run_in_thread(answer.result, EXPORT_TIMEOUT_S)
        except (ValueError, RuntimeError, TimeoutError) as error:
            self.problem.show(explain_error(error))
            return False
        return True

    def draw(self, choices: Choices) -> None:
        """Show the decisions in force."""
        self.text.show(list_decisions(choices.decisions, choices.names))
        is_off = choices.is_past or not choices.decisions
        if self.undo.disabled != is_off:
            self.undo.disabled = is_off


class ChoicesPanel:
    """Sentences about the number of clusters, and the controls to merge and to split clusters."""

    def __init__(self, decide: Decide) -> None:
        self._bar = DecisionBar(decide)
        self._text = Text(role="status", style="font-size: .95rem;")
        self.choice = pmui.CheckBoxGroup(
            label="Clusters to merge or to split",
            options={},
            value=[],
            inline=True,
            margin=(6, 12),
            **WIDE,
        )
        self.merge, self.split = (
            build_button(label, text, on_click, variant="outlined", size="small", disabled=True)
            for label, text, on_click in (
                (
                    "Merge these",
                    "makes one cluster of those that are chosen.",
                    self._merge,
                ),
                (
                    "Split this one",
                    "makes two clusters of the one that is chosen, at its deepest gap.",
                    self._split,
                ),
            )
        )
        buttons = pn.FlexBox(self.merge, self.split, self._bar.undo, margin=(0, 4), **WIDE)
        self._controls = pn.Column(self.choice, buttons, margin=0, **WIDE)
        self._controls.visible = False
        self.choice.param.watch(self._enable, "value")
        self._is_past = False
        self.pane = pn.Column(
            self._text.pane,
            self._controls,
            self._bar.problem.pane,
            self._bar.text.pane,
            margin=0,
            **WIDE,
        )

    @property
    def chosen(self) -> list[int]:
        """The ids of the clusters that are chosen."""
        return list(self.choice.value or [])

    async def _merge(self, _: Any) -> None:
        await self._run(MERGE)

    async def _split(self, _: Any) -> None:
        await self._run(SPLIT)

    async def _run(self, kind: str) -> None:
        if await self._bar.run(kind, clusters=tuple(self.chosen)):
            self.choice.value = []

    def _enable(self, *_: object) -> None:
        n_chosen = len(self.chosen)
        for button, is_on in ((self.merge, n_chosen > 1), (self.split, n_chosen == 1)):
            is_off = self._is_past or not is_on
            if button.disabled != is_off:
                button.disabled = is_off

    def draw(self, choices: Choices) -> None:
        """Bring the panel up to date."""
        self._text.show(*choices.sentences)
        self._bar.draw(choices)
        if self._controls.visible != choices.can_decide:
            self._controls.visible = choices.can_decide
        if dict(self.choice.options) != dict(choices.options):
            known = {*choices.options.values()}
            # First, because a chosen cluster must be among the options.
            self.choice.value = [each for each in self.chosen if each in known]
            self.choice.options = dict(choices.options)
        self._is_past = choices.is_past
        self._enable()
