"""The settings of the dashboard: each with its bounds, its help text and its time of effect."""

from collections.abc import Mapping
from typing import Any

import param

from clusterer.cluster.prototypes.parameters import MOST
from clusterer.datasets import GENERATORS
from clusterer.evaluation.classification.peers import list_peers
from clusterer.evaluation.classification.settings import ClassifierSettings

SIGMA_BOUNDS = (0.001, 1000.0)


class Settings(param.Parameterized):
    """All settings that the user can change.

    A change of a setting in `NEEDS_RESET` restarts the stream; every other change acts at once.
    `AUTOMATIC` maps each setting that the model can estimate to the switch that turns the
    estimate on.

    >>> settings = Settings(noise=0.2)
    >>> settings.noise, "seed" in Settings.NEEDS_RESET, "sigma" in Settings.NEEDS_RESET
    (0.2, True, False)
    """

    NEEDS_RESET = frozenset({"generator", "seed"})
    AUTOMATIC = {
        "n_prototypes": "has_automatic_n_prototypes",
        "sigma": "has_automatic_sigma",
        "half_life": "has_automatic_half_life",
        "classifier_sigma": "has_automatic_classifier_sigma",
        "classifier_half_life": "has_automatic_classifier_half_life",
    }
    # What was learned before a change keeps the effect of the earlier value.
    NEW_POINTS_ONLY = frozenset({"sigma", "has_automatic_sigma", "half_life", "noise"})
    # Stored runs may contain earlier names of settings.
    RENAMED = {"keep_quiet": "keep_inactive"}

    generator: Any = param.Selector(
        default="blobs",
        objects={family.title: key for key, family in GENERATORS.items()},
        doc="The shape of the generated stream. A new choice restarts the stream.",
    )
    seed = param.Integer(
        default=0,
        bounds=(0, 9999),
        doc="The start value of the random numbers. The same seed repeats the same stream; another "
        "seed gives another stream of the same shape.",
    )
    noise = param.Number(
        default=0.0,
        bounds=(0.0, 1.0),
        softbounds=(0.0, 0.5),
        step=0.01,
        doc="The share of noise: points spread evenly over the whole area. It applies to new "
        "points.",
    )
    has_automatic_n_prototypes = param.Boolean(
        default=True,
        label="Automatic K",
        doc="On: K is chosen from the stream, and the slider shows the choice. Move the slider to "
        "set K yourself.",
    )
    n_prototypes = param.Integer(
        default=MOST,
        bounds=(1, 1000),
        softbounds=(2, 200),
        label="Prototypes K",
        doc="The largest number of prototypes in memory. Choose several times the number of "
        "clusters that you expect. The page takes up to 1,000; the library takes 20,000.",
    )
    has_automatic_sigma = param.Boolean(
        default=True,
        label="Automatic σ",
        doc="On: σ is estimated from the spread of the data, and the slider shows the estimate. "
        "Move the slider to set σ yourself.",
    )
    sigma = param.Number(
        default=1.0,
        bounds=SIGMA_BOUNDS,
        inclusive_bounds=(True, True),
        label="Kernel width σ",
        doc="How close to its prototype a point must lie to have full weight. Small: outliers "
        "hardly move a prototype. Large: all points have the same weight. It applies to new "
        "points.",
    )
    has_automatic_half_life = param.Boolean(
        default=True,
        label="Automatic memory",
        doc="On: old points are forgotten only where clusters move, and the slider shows the "
        "half-life in use. Move the slider to set it yourself.",
    )
    half_life = param.Number(
        default=float("inf"),
        bounds=(1.0, None),
        label="Memory (half-life)",
        doc="The number of points after which a learned point has half its weight. Short: clusters "
        "follow a drifting stream. Long: clusters are stable.",
    )
    keep_inactive = param.Boolean(
        default=False,
        label="Keep inactive clusters",
        doc="On: clusters that get no new points are not forgotten.",
    )
    drop_singletons = param.Boolean(
        default=True,
        label="Drop singleton clusters",
        doc="On: prototypes that represent very few points count as noise. A change acts at once.",
    )
    join = param.Boolean(
        default=True,
        label="Join prototypes into clusters",
        doc="Off: every prototype is a cluster of its own, as in the first publication of the "
        "method.",
    )
    points_per_s = param.Number(
        default=200.0,
        bounds=(0.1, None),
        label="Speed",
        doc="How many points stream in per second.",
    )
    trails = param.Boolean(
        default=False,
        label="Trails",
        doc="On: lines show the paths of the prototypes over the last seconds.",
    )
    window_length = param.Integer(
        default=2000,
        bounds=(10, 1_000_000),
        softbounds=(100, 1_000_000),
        label="Window",
        doc="How many of the newest points the plot shows. A long window is drawn as a density "
        "image.",
    )
    classifier: Any = param.Selector(
        default="kernel",
        objects={"Gaussian kernel": "kernel", "Linear": "linear"},
        doc="The classifier that learns the points. A change begins a new one.",
    )
    classifier_teacher: Any = param.Selector(
        default="classes",
        objects={"Classes of the stream": "classes", "Clusters": "clusters"},
        label="Teacher",
        doc="What the classifier learns: the classes of the stream, or the numbers of the clusters "
        "that were found. Without classes, the clusters teach.",
    )
    classifier_alpha = param.Number(
        default=1e-3,
        bounds=(1e-7, 1.0),
        label="Regularisation λ",
        doc="Small: the border follows single points. Large: the border is smooth, and old points "
        "count longer.",
    )
    has_automatic_classifier_sigma = param.Boolean(
        default=True,
        label="Automatic width",
        doc="On: three widths learn the stream, and the one with the fewest mistakes decides; the "
        "slider shows it. Move the slider to set the width yourself.",
    )
    classifier_sigma = param.Number(
        default=1.0,
        bounds=SIGMA_BOUNDS,
        inclusive_bounds=(True, True),
        label="Width of the classifier's kernel",
        doc="How far a support vector reaches, in the units in which the model learns.",
    )
    classifier_budget = param.Integer(
        default=100,
        bounds=(1, 1000),
        softbounds=(2, 300),
        label="Budget of support vectors",
        doc="The largest number of support vectors. One too many is merged with another, or "
        "removed.",
    )
    classifier_maintenance: Any = param.Selector(
        default="merge",
        objects={
            "Merge two": "merge",
            "Remove the lightest": "remove",
            "Remove the oldest": "oldest",
        },
        label="Budget maintenance",
        doc="What happens to a support vector too many.",
    )
    has_automatic_classifier_half_life = param.Boolean(
        default=True,
        label="Automatic memory of the classifier",
        doc="On: the classifier chooses among three half-lives, and the slider shows its choice. A "
        "linear classifier then never forgets.",
    )
    classifier_half_life = param.Number(
        default=float("inf"),
        bounds=(1.0, None),
        label="Memory of the classifier",
        doc="The number of points after which a learned point counts half for the classifier.",
    )
    classifier_peer: Any = param.Selector(
        default="",
        objects={"None": ""} | {peer.title: key for key, peer in list_peers().items()},
        label="Peer",
        doc="Another classifier that is tested on the same points from now on. The slower of the "
        "two sets the pace.",
    )

    @classmethod
    def pick_values(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings to assign in order to restore ``values``, without estimated ones.

        >>> values = {"sigma": 2.2, "has_automatic_sigma": True, "noise": 0.1, "name": "Settings01"}
        >>> Settings.pick_values(values)
        {'has_automatic_sigma': True, 'noise': 0.1}
        >>> Settings.pick_values({"n_prototypes": 50})
        {'has_automatic_n_prototypes': False, 'n_prototypes': 50}
        """
        # A stored run may be older than a switch.
        missing = {name: switch for name, switch in cls.AUTOMATIC.items() if switch not in values}
        chosen = {switch: False for name, switch in missing.items() if name in values}
        values = {**chosen, **values}
        estimated = {name for name, switch in cls.AUTOMATIC.items() if values.get(switch)}
        return {
            cls.RENAMED.get(name, name): value
            for name, value in values.items()
            if name not in estimated | {"name"}
        }

    @property
    def _half_life(self) -> float | str | None:
        if self.has_automatic_half_life:
            return "auto"
        return None if self.half_life == float("inf") else self.half_life

    def classifier_settings(self, *, is_learning: bool) -> ClassifierSettings:
        """The settings of the classifier beside the model."""
        half_life: float | str | None = self.classifier_half_life
        if self.has_automatic_classifier_half_life:
            half_life = "auto"
        elif half_life == float("inf"):
            half_life = None
        return ClassifierSettings(
            kind=self.classifier,
            alpha=self.classifier_alpha,
            sigma="auto" if self.has_automatic_classifier_sigma else self.classifier_sigma,
            budget=self.classifier_budget,
            half_life=half_life,
            maintenance=self.classifier_maintenance,
            teacher=self.classifier_teacher,
            is_learning=is_learning,
        )

    def live_values(self) -> dict[str, Any]:
        """The settings that act at once, by the parameter names of `Engine.set`."""
        return {
            "noise": self.noise,
            "window_length": self.window_length,
            "speed": self.points_per_s,
            **self.model_parameters(),
        }

    def model_parameters(self) -> dict[str, Any]:
        """The parameters of `OnlineClusterer` that follow from the settings."""
        return {
            "n_prototypes": "auto" if self.has_automatic_n_prototypes else self.n_prototypes,
            "sigma": "auto" if self.has_automatic_sigma else self.sigma,
            "half_life": self._half_life,
            "forget": "never" if self.keep_inactive else "quiet",
            "join": self.join,
            "drop_singletons": self.drop_singletons,
        }
