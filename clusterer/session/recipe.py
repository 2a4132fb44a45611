"""The recipe of a run: its first parameters, and every change of a parameter since."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from clusterer.preprocessing.scaling import Scaling

MAX_CHANGES = 10_000


class ParameterChange(NamedTuple):
    """A parameter that got another value after ``n_seen`` points."""

    n_seen: int
    name: str
    value: Any


class Recipe:
    """Everything that is needed to repeat a run, besides its source.

    ``classifier`` holds the settings of the classifier beside the model at the first point; None
    without one. ``is_exact`` is False if the run cannot be repeated: an error lost points, or there
    were more changes than are kept.

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
        if len(self.changes) == MAX_CHANGES:
            self.is_exact = False
            return
        self.changes.append(ParameterChange(n_seen, name, value))

    def _forget(self, n_seen: int, name: str) -> None:
        for i in range(len(self.changes) - 1, -1, -1):
            if self.changes[i].n_seen != n_seen:
                return
            if self.changes[i].name == name:
                del self.changes[i]

    def cut(self, n_seen: int, parameters: Mapping[str, Any]) -> "Recipe":
        """Return the recipe up to a recorded state with these points and these parameters."""
        twin = self.copy()
        twin.changes = [change for change in self.changes if change.n_seen < n_seen]
        # The scaling changes before the points that it is applied to.
        twin.changes += [change for change in self.changes if change[:2] == (n_seen, "scaling")]
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
        twin.classifier = self.classifier
        return twin

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe in JSON's types."""
        return {
            "parameters": self.parameters,
            "noise": self.noise,
            "scaling": None if self.scaling is None else self.scaling.to_dict(),
            "classifier": self.classifier,
            "is_exact": self.is_exact,
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
            ParameterChange(n_seen, name, Scaling.from_dict(value) if name == "scaling" else value)
            for n_seen, name, value in entries["changes"]
        ]
        return recipe
