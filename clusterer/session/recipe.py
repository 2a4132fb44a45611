"""The recipe of a run: its first parameters, and every change and decision since."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from clusterer.preprocessing.scaling import Scaling

MAX_CHANGES = 10_000
DECISION = "decision"
MERGE, SPLIT, CUT, UNDO = "merge", "split", "cut", "undo"


class ParameterChange(NamedTuple):
    """A parameter that got another value after ``n_seen`` points."""

    n_seen: int
    name: str
    value: Any


class MadeDecision(NamedTuple):
    """What a person decided about the clusters of a run.

    Parameters
    ----------
    kind : "merge", "split", "cut" or "undo"
        Clusters became one, a cluster became two, the dendrogram was cut, or the last decision was
        undone.
    n_seen : int
        Number of points learned at that time.
    clusters : tuple of int
        The lasting ids of the clusters at that time; none for "cut" and "undo".
    prototypes : tuple of int
        The id of a prototype of each cluster, by which a script finds it.
    threshold : float
        Where the dendrogram was cut.
    """

    kind: str
    n_seen: int
    clusters: tuple[int, ...] = ()
    prototypes: tuple[int, ...] = ()
    threshold: float = 0.0

    def describe(self, names: Mapping[int, str] | None = None) -> str:
        """Return the decision in words; ``names`` of the clusters by their ids.

        >>> MadeDecision("merge", 500, (2, 4)).describe({4: "young"})
        'merged cluster 2 and young'
        >>> MadeDecision("cut", 500, threshold=1.25).describe()
        'cut the dendrogram at 1.25'
        """
        if self.kind == "cut":
            return f"cut the dendrogram at {self.threshold:.2f}"
        if self.kind == "undo":
            return "undid the last decision"
        known = names or {}
        called = [known.get(each, f"cluster {each}") for each in self.clusters]
        return f"{'merged' if self.kind == 'merge' else 'split'} {' and '.join(called)}"


class Recipe:
    """Everything that is needed to repeat a run, besides its source.

    ``classifier`` holds the settings of the classifier beside the model at the first point; None
    without one. ``is_exact`` is False if the run cannot be repeated: an error lost points, or there
    were more changes than are kept. ``decisions`` are those about clusters that are in force.

    Parameters
    ----------
    parameters : the parameters of the model at the first point
    scaling : from the units of the source to those of the model at the first point, default none
    noise : the source's share of noise at the first point, None if the source has none to set

    Examples
    --------
    >>> recipe = Recipe({"sigma": "auto"}, noise=None)
    >>> recipe.note(0, "sigma", 1.0)
    >>> recipe.note(500, "sigma", 2.0)
    >>> recipe.parameters, recipe.changes
    ({'sigma': 1.0}, [ParameterChange(n_seen=500, name='sigma', value=2.0)])
    """

    def __init__(
        self, parameters: dict[str, Any], *, noise: float | None, scaling: Scaling | None = None
    ) -> None:
        self.parameters = dict(parameters)
        self.noise = noise
        self.scaling = scaling
        self.classifier: dict[str, Any] | None = None
        self.changes: list[ParameterChange] = []
        self.decisions: tuple[MadeDecision, ...] = ()
        self.is_exact = True

    def note(self, n_seen: int, name: str, value: Any) -> None:
        """Note that a parameter has another value after these points.

        ``name`` is the name of a parameter of the model, "noise", "scaling" or "classifier".
        """
        if not n_seen:
            if name in ("noise", "scaling", "classifier"):
                setattr(self, name, value)
            else:
                self.parameters[name] = value
            return
        # A smaller K merges prototypes at once, and another kind of classifier begins anew, so each
        # of these values between two points matters. Of all others only the last value matters.
        if name not in ("n_prototypes", "classifier"):
            self._forget(n_seen, name)
        self._append(ParameterChange(n_seen, name, value))

    def note_decision(self, decision: MadeDecision) -> None:
        """Note a decision about clusters, or that the last one was undone."""
        self.decisions = follow_decision(self.decisions, decision)
        self._append(ParameterChange(decision.n_seen, DECISION, decision))

    def _append(self, change: ParameterChange) -> None:
        if len(self.changes) == MAX_CHANGES:
            self.is_exact = False
            return
        self.changes.append(change)

    @property
    def n_decided(self) -> int:
        """Number of all decisions, also of those that were undone."""
        return sum(change.name == DECISION for change in self.changes)

    def _forget(self, n_seen: int, name: str) -> None:
        for i in range(len(self.changes) - 1, -1, -1):
            if self.changes[i].n_seen != n_seen:
                return
            if self.changes[i].name == name:
                del self.changes[i]

    def cut(self, n_seen: int, parameters: Mapping[str, Any], n_decided: int = 0) -> "Recipe":
        """Return the recipe up to a recorded state with these points and these parameters.

        ``n_decided`` is the `n_decided` at that time.
        """
        twin = self.copy()
        decided = [i for i, change in enumerate(self.changes) if change.name == DECISION]
        # All changes before the last decision belong to the state, also those at the same point.
        last = decided[:n_decided][-1] if n_decided and decided else -1
        twin.changes = [
            change
            for i, change in enumerate(self.changes)
            if i <= last or (change.n_seen < n_seen and change.name != DECISION)
        ]
        # The scaling changes before the points that it is applied to.
        twin.changes += [
            change for change in self.changes[last + 1 :] if change[:2] == (n_seen, "scaling")
        ]
        twin.decisions = ()
        for change in twin.changes:
            if change.name == DECISION:
                twin.decisions = follow_decision(twin.decisions, change.value)
        noted = twin.parameters | {"noise": twin.noise, "classifier": twin.classifier}
        noted |= {change.name: change.value for change in twin.changes}
        for name, value in parameters.items():
            if noted[name] != value:
                twin.note(n_seen, name, value)
        return twin

    def copy(self) -> "Recipe":
        """Return an independent copy."""
        twin = Recipe(self.parameters, noise=self.noise, scaling=self.scaling)
        twin.changes, twin.is_exact = list(self.changes), self.is_exact
        twin.classifier, twin.decisions = self.classifier, self.decisions
        return twin

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe in JSON's types."""
        return {
            "parameters": self.parameters,
            "noise": self.noise,
            "scaling": None if self.scaling is None else self.scaling.to_dict(),
            "classifier": self.classifier,
            "is_exact": self.is_exact,
            "decisions": self.decisions,
            "changes": [
                [n_seen, name, value.to_dict() if isinstance(value, Scaling) else value]
                for n_seen, name, value in self.changes
            ],
        }

    @staticmethod
    def from_dict(entries: dict[str, Any]) -> "Recipe":
        """Build the recipe that `to_dict` wrote."""
        scaling = None if entries["scaling"] is None else Scaling.from_dict(entries["scaling"])
        recipe = Recipe(entries["parameters"], noise=entries["noise"], scaling=scaling)
        # Runs that were saved earlier have no classifier.
        recipe.classifier = entries.get("classifier")
        recipe.is_exact = entries["is_exact"]
        recipe.changes = [
            ParameterChange(n_seen, name, _read_value(name, value))
            for n_seen, name, value in entries["changes"]
        ]
        # Runs that were saved earlier have no decisions.
        recipe.decisions = tuple(map(_read_decision, entries.get("decisions", ())))
        return recipe


def follow_decision(
    decisions: tuple[MadeDecision, ...], decision: MadeDecision
) -> tuple[MadeDecision, ...]:
    """Return the decisions in force after one more, which may undo the last one."""
    return decisions[:-1] if decision.kind == UNDO else (*decisions, decision)


def _read_value(name: str, value: Any) -> Any:
    if name == "scaling":
        return Scaling.from_dict(value)
    return _read_decision(value) if name == DECISION else value


def _read_decision(entry: list[Any]) -> MadeDecision:
    kind, n_seen, clusters, prototypes, threshold = entry
    return MadeDecision(kind, n_seen, tuple(clusters), tuple(prototypes), threshold)
