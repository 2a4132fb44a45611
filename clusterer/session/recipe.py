"""The recipe of a run: the parameters it began with, and what was changed after which point."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from clusterer.preprocessing.scaling import Scaling

MOST_CHANGES = 10_000


class ParameterChange(NamedTuple):
    """A parameter that got another value after ``n_seen`` points."""

    n_seen: int
    name: str
    value: Any


class Recipe:
    """What has to be known to repeat a run, besides its source and scaling.

    ``is_exact`` is False once repeating it is out of reach: points were lost to an error, or there
    were more changes than are kept.

    Parameters
    ----------
    parameters : the model's at the first point
    scaling : from the source's units to the model's at the first point, None for none
    noise : share of noise that the source had at the first point, None if it has none to set

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
        self.changes: list[ParameterChange] = []
        self.is_exact = True

    def note(self, n_seen: int, name: str, value: Any) -> None:
        """Note that a parameter, ``noise`` or ``scaling`` has another value from now on."""
        if not n_seen:
            if name in ("noise", "scaling"):
                setattr(self, name, value)
            else:
                self.parameters[name] = value
            return
        # Fewer prototypes merge at once, so what K was in between matters; of the rest the last.
        if name != "n_prototypes":
            self._forget(n_seen, name)
        if len(self.changes) == MOST_CHANGES:
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
        """The recipe up to a moment at which these parameters were in force."""
        twin = self.copy()
        twin.changes = [change for change in self.changes if change.n_seen < n_seen]
        # Units change before the points that they are for.
        twin.changes += [change for change in self.changes if change[:2] == (n_seen, "scaling")]
        then = twin.parameters | {"noise": twin.noise}
        then |= {change.name: change.value for change in twin.changes}
        for name, value in parameters.items():
            if then[name] != value:
                twin.note(n_seen, name, value)
        return twin

    def copy(self) -> "Recipe":
        """A recipe of its own, which the run's next changes leave as it is."""
        twin = Recipe(self.parameters, noise=self.noise, scaling=self.scaling)
        twin.changes, twin.is_exact = list(self.changes), self.is_exact
        return twin
