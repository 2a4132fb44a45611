"""The recording of a run: states and events in bounded memory, however long the run is."""

import json
import sys
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Learner, Snapshot
from clusterer.evaluation.classification.companion import Classification
from clusterer.model_file import Model, dump_model, parse_model
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import MadeDecision
from clusterer.session.tracking import ClusterTracker, map_labels
from clusterer.stream.chunk import NOISE
from clusterer.support.lazy_property import lazy_property

N_MOST = 400
N_RECENT = 40
MAX_BYTES = 64 * 2**20
N_EVENTS = 1_000
FAST = 1
NO_LINKS = np.empty((0, 0))

Kind = Literal["born", "split", "merged", "ended", "changed", "decided", "reset", "branched"]


def pack(model: Learner) -> bytes:
    """Return a model in a quarter of its memory, because most of its links are 0."""
    return zlib.compress(dump_model(Model(model)), FAST)


@dataclass(frozen=True)
class Event:
    """An event of a run after ``n_seen`` points.

    A cluster was "born", "split" from the cluster ``other``, "merged" into it, or "ended"; or the
    parameter ``name`` was "changed" from ``before`` to ``after``; or a person "decided" about the
    clusters what ``name`` says; or the run started with a
    "reset" or "branched" from another run.
    """

    n_seen: int
    kind: Kind
    cluster: int = 0
    other: int = 0
    name: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, eq=False)
class RecordedState:
    """The complete state of a run at one time, from which the run can continue bit for bit.

    Parameters
    ----------
    snapshot : Snapshot
        The state of the model in the units of the model, without the links.
    centers : (m, d)
        The prototypes in the units of the data.
    points : (n, d) of float32
        Some of the last points in the units of the data, for the views.
    point_clusters : (n,)
        Their lasting cluster ids; -1 for noise.
    clusters, colors : (m,), (m,)
        The lasting cluster ids and the colours of the prototypes; -1 for noise.
    parameters : mapping
        The parameters in force.
    packed_model : bytes
        The model, as `pack` returns it.
    tracker_json : str
        The tracker from which the next tracking goes on, in JSON.
    scaling : Scaling
        From the units of the data to the units of the model.
    classification : Classification or None
        The classifier that learns beside the model.
    point_classes : (k,) or None
        The true classes of the last k of ``points``; None if they are unknown.
    decisions : tuple of MadeDecision
        What people have decided about the clusters; it is in force.
    n_decided : int
        The number of all decisions, see `Recipe.n_decided`.
    """

    snapshot: Snapshot
    centers: NDArray[np.float64]
    points: NDArray[np.float32]
    point_clusters: NDArray[np.signedinteger]
    clusters: NDArray[np.int64]
    colors: NDArray[np.int64]
    parameters: Mapping[str, Any]
    packed_model: bytes
    tracker_json: str
    scaling: Scaling
    classification: Classification | None = None
    point_classes: NDArray[np.signedinteger] | None = None
    decisions: tuple[MadeDecision, ...] = ()
    n_decided: int = 0

    @property
    def model(self) -> Learner:
        """The model; a new copy each time."""
        return parse_model(zlib.decompress(self.packed_model)).learner

    @property
    def tracker(self) -> ClusterTracker:
        """The tracker from which the next tracking goes on; a new copy each time."""
        return ClusterTracker.from_dict(json.loads(self.tracker_json))

    @property
    def whole_snapshot(self) -> Snapshot:
        """The snapshot with its links, which are taken from the model."""
        return replace(self.snapshot, links=self.model.snapshot().links)

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.snapshot.n_seen

    @lazy_property
    def sizes(self) -> dict[int, float]:
        """Number of points that each cluster stands for, by cluster id; -1 is noise."""
        ids, slots = np.unique(self.clusters, return_inverse=True)
        sums = np.bincount(slots, self.snapshot.counts, minlength=len(ids))
        return dict(zip(ids.tolist(), sums.tolist(), strict=True))

    @lazy_property
    def palette(self) -> dict[int, int]:
        """Colour of each cluster, by cluster id; -1 is noise."""
        return dict(zip(self.clusters.tolist(), self.colors.tolist(), strict=True))

    @property
    def point_colors(self) -> NDArray[np.int64]:
        """Colours (n,) of ``points``; -1 for noise."""
        return map_labels(self.point_clusters, self.palette)

    def average(self, values: NDArray) -> dict[int, NDArray[np.float64]]:
        """Return the weighted mean (d,) of ``values`` (m, d) over the prototypes of each cluster.

        The means are in a dict by cluster id. A cluster of weightless prototypes has a plain mean.
        """
        means = {}
        for cluster in sorted(self.sizes.keys() - {NOISE}):
            is_member = self.clusters == cluster
            weights = self.snapshot.weights[is_member]
            means[cluster] = np.average(
                values[is_member], axis=0, weights=weights if weights.any() else None
            )
        return means

    @property
    def n_clusters(self) -> int:
        """Number of clusters, noise excluded."""
        return len(self.sizes.keys() - {NOISE})

    @property
    def noise_share(self) -> float:
        """Share of noise among the points that the prototypes stand for."""
        total = sum(self.sizes.values())
        return self.sizes.get(NOISE, 0.0) / total if total else 0.0

    @lazy_property
    def n_bytes(self) -> int:
        """Memory of this state in bytes, nearly all of it in arrays."""
        arrays: list[NDArray[Any]] = [
            value for value in vars(self.snapshot).values() if isinstance(value, np.ndarray)
        ]
        arrays += [self.centers, self.points, self.point_clusters, self.clusters, self.colors]
        arrays += [] if self.point_classes is None else [self.point_classes]
        n_more = 0 if self.classification is None else self.classification.n_bytes
        return n_more + sum(
            map(sys.getsizeof, [*arrays, self.packed_model, self.tracker_json, self.parameters])
        )


@dataclass(frozen=True)
class Recording:
    """The recorded states and events of a run, in the order of the stream."""

    states: tuple[RecordedState, ...] = ()
    events: tuple[Event, ...] = ()

    def until(self, n_seen: int) -> "Recording":
        """Return the states and events up to this number of points."""
        states = tuple(state for state in self.states if state.n_seen <= n_seen)
        return Recording(states, tuple(e for e in self.events if e.n_seen <= n_seen))

    def find(self, n_seen: int) -> int:
        """Return the index of the last state with at most ``n_seen`` points; 0 if there is none.

        >>> Recording().find(100)
        0
        """
        known = [state.n_seen for state in self.states]
        return max(int(np.searchsorted(known, n_seen, side="right")) - 1, 0)


@dataclass(eq=False)
class Recorder:
    """Record the states and events of a run in bounded memory.

    The newest ``n_recent`` states are all kept. Of the older states every s-th is kept, where s is
    a power of two. It starts at 1 and doubles whenever there are more than ``n_most`` states or
    more than ``max_bytes`` bytes. So the first and the last state are always kept, and the states
    in between are evenly distributed. ``n_recent`` is halved while the newest states are more than
    a quarter of all states.

    The newest 1 000 events of clusters are kept, and the newest 1 000 other events.

    Parameters
    ----------
    n_most : maximum number of states, larger than ``n_recent``, default 400
    n_recent : number of newest states that are all kept, at least 1, default 40
    max_bytes : maximum memory of all states together in bytes, default 64 MiB
    """

    n_most: int = N_MOST
    n_recent: int = N_RECENT
    max_bytes: int = MAX_BYTES
    _states: list[tuple[int, RecordedState]] = field(default_factory=list)
    _step: int = 1
    _n_added: int = 0
    _n_bytes: int = 0
    _clusters: deque[Event] = field(default_factory=lambda: deque(maxlen=N_EVENTS))
    _controls: deque[Event] = field(default_factory=lambda: deque(maxlen=N_EVENTS))

    @property
    def n_seen(self) -> int:
        """Number of points at the last state; 0 without a state."""
        return self._states[-1][1].n_seen if self._states else 0

    def add(self, state: RecordedState) -> None:
        """Add a state; it replaces the last state if that has the same number of points."""
        if self._states and self._states[-1][1].n_seen == state.n_seen:
            number, last = self._states[-1]
            self._states[-1] = number, state
            self._n_bytes += state.n_bytes - last.n_bytes
        else:
            self._states.append((self._n_added, state))
            self._n_added += 1
            self._n_bytes += state.n_bytes
            self._drop()
        self._make_room()

    def limit(self, max_bytes: int) -> None:
        """Change the maximum memory in bytes."""
        if max_bytes != self.max_bytes:
            self.max_bytes = max_bytes
            self._make_room()

    def _make_room(self) -> None:
        while self._is_full():
            if self.n_recent > max(len(self._states) // 4, 1):
                self.n_recent //= 2
            else:
                self._step *= 2
            self._drop()

    def note(self, event: Event) -> None:
        """Add an event."""
        is_of_cluster = event.kind in ("born", "split", "merged", "ended")
        (self._clusters if is_of_cluster else self._controls).append(event)

    @property
    def recording(self) -> Recording:
        """Everything recorded so far; it is immutable."""
        events = sorted([*self._controls, *self._clusters], key=lambda event: event.n_seen)
        return Recording(tuple(state for _, state in self._states), tuple(events))

    def fork(self, n_seen: int) -> "Recorder":
        """Return an independent recorder with the states and events up to ``n_seen`` points."""
        twin = Recorder(self.n_most, self.n_recent, self.max_bytes)
        twin._states = [each for each in self._states if each[1].n_seen <= n_seen]
        twin._step = self._step
        twin._n_added = twin._states[-1][0] + 1 if twin._states else 0
        twin._n_bytes = sum(state.n_bytes for _, state in twin._states)
        for event in self.recording.events:
            if event.n_seen <= n_seen:
                twin.note(event)
        return twin

    def _is_full(self) -> bool:
        is_large = self._n_bytes > self.max_bytes and len(self._states) > 2
        return is_large or len(self._states) > self.n_most

    def _drop(self) -> None:
        first_recent = self._n_added - self.n_recent
        kept = [
            each for each in self._states if each[0] >= first_recent or not each[0] % self._step
        ]
        if len(kept) < len(self._states):
            self._states = kept
            self._n_bytes = sum(state.n_bytes for _, state in kept)
