"""The settings of a run: every knob once, with its bounds, its meaning and when it takes effect."""

from collections.abc import Mapping
from typing import Any

import param

from clusterer.datasets import GENERATORS

SIGMA_BOUNDS = (0.001, 1000.0)


class Settings(param.Parameterized):
    """All that a user may turn. `NEEDS_RESET` names what starts the stream anew; the rest is live.

    `AUTOMATIC` names what is found by itself as long as the switch named beside it is on.

    >>> settings = Settings(noise=0.2)
    >>> settings.noise, "seed" in Settings.NEEDS_RESET, "sigma" in Settings.NEEDS_RESET
    (0.2, True, False)
    """

    NEEDS_RESET = frozenset({"generator", "seed"})
    AUTOMATIC = {"sigma": "has_automatic_sigma", "half_life": "has_automatic_half_life"}
    # Stored runs may name a setting as it was called earlier.
    RENAMED = {"keep_quiet": "keep_inactive"}

    generator: Any = param.Selector(
        default="blobs",
        objects={family.title: key for key, family in GENERATORS.items()},
        doc="The shape of the generated stream. Choosing one starts it from its first point.",
    )
    seed = param.Integer(
        default=0,
        bounds=(0, 9999),
        doc="Another seed draws another stream of the same shape; the same one repeats it.",
    )
    noise = param.Number(
        default=0.0,
        bounds=(0.0, 1.0),
        softbounds=(0.0, 0.5),
        step=0.01,
        doc="Share of the points strewn evenly over the whole area, from now on.",
    )
    n_prototypes = param.Integer(
        default=50,
        bounds=(1, 1000),
        softbounds=(2, 200),
        label="Prototypes K",
        doc="The most prototypes in memory: several times the number of clusters you expect.",
    )
    has_automatic_sigma = param.Boolean(
        default=True,
        label="Automatic σ",
        doc="On: as the spread of the data asks for; the slider shows it. Move it to take over.",
    )
    sigma = param.Number(
        default=1.0,
        bounds=SIGMA_BOUNDS,
        inclusive_bounds=(True, True),
        label="Kernel width σ",
        doc="How near a point must lie to its prototype to count in full. Small: outliers hardly "
        "move a prototype. Large: every point counts alike.",
    )
    has_automatic_half_life = param.Boolean(
        default=True,
        label="Automatic memory",
        doc="On: forgets only where clusters are seen to move; the slider shows how fast. Move it "
        "to take over.",
    )
    half_life = param.Number(
        default=float("inf"),
        bounds=(1.0, None),
        label="Memory (half-life)",
        doc="After so many points what was learned counts half. Short: the clusters follow what "
        "moves. Long: they are calm.",
    )
    keep_inactive = param.Boolean(
        default=False,
        label="Keep inactive clusters",
        doc="On: clusters that get no new points are kept, whatever else is forgotten.",
    )
    drop_singletons = param.Boolean(
        default=True,
        label="Drop singleton clusters",
        doc="Calls prototypes that hardly any points support noise. Acts at once, nothing is "
        "learned anew.",
    )
    join = param.Boolean(
        default=True,
        label="Join prototypes into clusters",
        doc="Off: every prototype is a cluster, as the method was first published.",
    )
    points_per_s = param.Number(
        default=200.0,
        bounds=(0.1, None),
        label="Speed",
        doc="Points per second that stream in.",
    )
    trails = param.Boolean(
        default=False,
        label="Trails",
        doc="Draws where the prototypes have been in the last seconds.",
    )
    window_length = param.Integer(
        default=2000,
        bounds=(10, 1_000_000),
        softbounds=(100, 1_000_000),
        label="Window",
        doc="How many of the last points stay in the plot. Long windows are drawn as a density.",
    )

    @classmethod
    def pick_values(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """What to set to have these values again; what is found by itself is left to be found.

        >>> told = {"sigma": 2.2, "has_automatic_sigma": True, "noise": 0.1, "name": "Settings01"}
        >>> Settings.pick_values(told)
        {'has_automatic_sigma': True, 'noise': 0.1}
        """
        found = {name for name, switch in cls.AUTOMATIC.items() if values.get(switch)}
        return {
            cls.RENAMED.get(name, name): value
            for name, value in values.items()
            if name not in found | {"name"}
        }

    @property
    def _half_life(self) -> float | str | None:
        if self.has_automatic_half_life:
            return "auto"
        return None if self.half_life == float("inf") else self.half_life

    def live_values(self) -> dict[str, Any]:
        """All that acts at once, by the names that `clusterer.session.engine.Engine.set` knows."""
        return {
            "noise": self.noise,
            "window_length": self.window_length,
            "speed": self.points_per_s,
            **self.model_parameters(),
        }

    def model_parameters(self) -> dict[str, Any]:
        """The settings as parameters of `OnlineClusterer`."""
        return {
            "n_prototypes": self.n_prototypes,
            "sigma": "auto" if self.has_automatic_sigma else self.sigma,
            "half_life": self._half_life,
            "forget": "never" if self.keep_inactive else "quiet",
            "join": self.join,
            "drop_singletons": self.drop_singletons,
        }
