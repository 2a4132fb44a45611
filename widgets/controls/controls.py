"""The controls: one widget a setting, its label, bounds and help taken from the setting."""

import math
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui

from widgets.components.lazy import build_accordion
from widgets.components.sliders import build_step_slider, shorten_debounce, space_steps
from widgets.settings import SIGMA_BOUNDS, Settings

NEVER = float("inf")
PERIOD_S = 0.5
LATEST_S = 3.0
WIDE = {"sizing_mode": "stretch_width"}


class Controls:
    """Widgets bound to the settings both ways; whoever watches the settings hears the user."""

    less_often = (
        "half_life",
        "has_automatic_half_life",
        "keep_inactive",
        "window_length",
        "trails",
        "join",
        "seed",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._shown: dict[tuple[str, float], float] = {}
        self._shown_at = 0.0
        self._folds: pmui.Accordion | None = None
        self._found: dict[str, Any] = {}
        self.generator = self._bind(pmui.Select, "generator")
        self.seed = self.find("seed")
        self.has_automatic_sigma = self._bind(pmui.Switch, "has_automatic_sigma")
        self.noise = self.find("noise")
        self.n_prototypes = self.find("n_prototypes")
        self.drop_singletons = self.find("drop_singletons")
        self.sigma = self.find("sigma")
        self.points_per_s = build_step_slider(
            settings, "points_per_s", [*space_steps(1, 1e6, 3), NEVER], write_speed
        )

    def find(self, name: str) -> Any:
        """The widget of a setting, made when it is first asked for."""
        if name not in self._found:
            self._found[name] = self.build(name)
        return self._found[name]

    def build(self, name: str) -> Any:
        """A widget for a setting, besides any there is."""
        if name == "seed":
            return self._bind(pmui.IntInput, name, start=0, end=9999)
        if name == "noise":
            return self._bind(pmui.FloatSlider, name, start=0.0, end=0.5, step=0.01)
        if name == "n_prototypes":
            return self._bind(pmui.IntSlider, name, start=2, end=200)
        if name == "window_length":
            steps = space_steps(100, 1e6, 3)
            return build_step_slider(self.settings, name, steps, write_number)
        if name not in Settings.AUTOMATIC:
            return self._bind(pmui.Switch, name)
        steps = [*space_steps(100, 1e6, 4), NEVER]
        if name == "sigma":
            steps = space_steps(*SIGMA_BOUNDS, 20)
        return build_step_slider(
            self.settings,
            name,
            steps,
            write_memory if name == "half_life" else write_number,
            is_move=partial(self._take_over, name),
        )

    def _bind(self, kind: Callable[..., Any], name: str, **bounds: Any) -> Any:
        parameter = self.settings.param[name]
        widget = kind.from_param(  # type: ignore[attr-defined]
            parameter, label=parameter.label, description=parameter.doc, **WIDE, **bounds
        )
        return shorten_debounce(widget)

    def _take_over(self, name: str, value: float) -> bool:
        if self.is_found(name, value):
            return False
        setattr(self.settings, Settings.AUTOMATIC[name], False)
        return True

    def is_found(self, name: str, value: float) -> bool:
        """Whether the value was found by itself, not set: a browser may send it back, and late."""
        is_automatic = getattr(self.settings, Settings.AUTOMATIC[name])
        shown_at = self._shown.get((name, value), -math.inf)
        return is_automatic and time.monotonic() - shown_at < LATEST_S

    def show_found(self, *, is_moving: bool, **values: float) -> None:
        """Let sliders follow what is found by itself; while that moves, twice a second.

        To draw a slider anew costs the browser as much as many points.
        """
        now = time.monotonic()
        if is_moving and now - self._shown_at < PERIOD_S:
            return
        self._shown_at = now
        self._shown = {key: at for key, at in self._shown.items() if now - at < LATEST_S}
        for name, value in values.items():
            low, high = self.settings.param[name].bounds
            is_inside = low <= value <= (NEVER if high is None else high)
            if is_inside and getattr(self.settings, Settings.AUTOMATIC[name]):
                shown = float(f"{value:.3g}")
                self._shown[name, shown] = now
                setattr(self.settings, name, shown)

    def tuning(self) -> pn.viewable.Viewable:
        """What is turned while it streams."""
        return pmui.Column(
            self.sigma,
            self.has_automatic_sigma,
            self.n_prototypes,
            self.noise,
            self.drop_singletons,
            **WIDE,
        )

    def fold(self, *others: tuple[str, Callable[[], Iterable[Any]]]) -> pn.viewable.Viewable:
        """What is turned less often, and other things that are seldom needed, folded away."""
        self._folds = build_accordion(
            ("More settings", lambda: [self.find(name) for name in self.less_often]), *others
        )
        return self._folds

    def unfold(self) -> None:
        """Show what is turned less often."""
        if self._folds is not None and 0 not in self._folds.active:
            self._folds.active = [0, *self._folds.active]


def write_number(value: float) -> str:
    """A number to three digits, without an exponent.

    >>> write_number(1000), write_number(0.0123456)
    ('1,000', '0.0123')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_memory(n_points: float) -> str:
    """A half-life in points."""
    return "never forgets" if n_points == NEVER else f"{write_number(n_points)} points"


def write_speed(points_per_s: float) -> str:
    """A speed, or what its lack means."""
    return "as fast as it goes" if points_per_s == NEVER else f"{write_number(points_per_s)} /s"
