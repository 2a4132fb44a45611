"""The settings of the classifier that learns beside a run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from clusterer.base import Classifier, make_learner

LEARNERS = {"linear": "pegasos", "kernel": "kernel-pegasos"}
"""The registered name of the learner of each kind."""

TEACHERS = ("classes", "clusters")
LINEAR = ("alpha",)
KERNEL = ("budget", "sigma", "alpha", "half_life", "maintenance")


@dataclass(frozen=True)
class ClassifierSettings:
    """Which classifier learns beside a run, what teaches it, and its parameters.

    Parameters
    ----------
    kind : str, default "kernel"
        "linear" or "kernel".
    alpha : float, default 1e-3
        λ, the strength of the regularisation.
    sigma : float or "auto", default "auto"
        The width of the kernel, in the units of the model.
    budget : int, default 100
        Most support vectors.
    half_life : float, "auto" or None, default "auto"
        Number of points after which a point counts half. A linear classifier with "auto" never
        forgets.
    maintenance : str, default "merge"
        How the budget is kept: "merge", "remove" or "oldest".
    teacher : str, default "classes"
        "classes": the classes of the stream or, if it has none, the clusters. "clusters": the
        lasting numbers of the clusters.
    is_learning : bool, default True
        Whether the classifier learns at present.

    Raises
    ------
    ValueError
        If a value is not allowed.

    Examples
    --------
    >>> ClassifierSettings("linear", alpha=0.01).make()
    PegasosClassifier(alpha=0.01)
    """

    kind: str = "kernel"
    alpha: float = 1e-3
    sigma: float | str = "auto"
    budget: int = 100
    half_life: float | str | None = "auto"
    maintenance: str = "merge"
    teacher: str = "classes"
    is_learning: bool = True

    def __post_init__(self) -> None:
        for name, allowed in (("kind", tuple(LEARNERS)), ("teacher", TEACHERS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} of the classifier is {getattr(self, name)!r}; allowed: "
                    f"{', '.join(allowed)}"
                )
        self.make()

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the classifier."""
        names = KERNEL if self.kind == "kernel" else LINEAR
        chosen = {name: getattr(self, name) for name in names}
        if self.kind == "linear":
            chosen["half_life"] = None if self.half_life == "auto" else self.half_life
        return chosen

    def make(self) -> Classifier:
        """Return a classifier that has learned nothing."""
        learner = make_learner(LEARNERS[self.kind], **self.parameters)
        assert isinstance(learner, Classifier)
        return learner

    def continues(self, before: "ClassifierSettings") -> bool:
        """Whether the classifier of the settings ``before`` goes on, with other parameters.

        Another kind or another teacher needs a new classifier.
        """
        return (self.kind, self.teacher) == (before.kind, before.teacher)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings in JSON's types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> "ClassifierSettings":
        """Build the settings that `to_dict` wrote. Raises ValueError or TypeError if damaged."""
        return cls(**entries)


def list_changes(
    before: ClassifierSettings | None, now: ClassifierSettings | None
) -> list[tuple[str, Any, Any]]:
    """Return the settings that differ, each as its name, its former and its present value.

    >>> list_changes(ClassifierSettings(), ClassifierSettings(budget=20))
    [('budget', 100, 20)]
    """
    if before is None or now is None:
        old, new = (None if each is None else each.kind for each in (before, now))
        return [("kind", old, new)] if old != new else []
    names = [field.name for field in fields(now)]
    pairs = [(name, getattr(before, name), getattr(now, name)) for name in names]
    return [change for change in pairs if change[1] != change[2]]
