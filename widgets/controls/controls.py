"""The controls: one widget per setting; labels, bounds and help texts come from the setting."""

import math
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param

from clusterer.session.frame import Frame
from widgets.components.lazy import build_accordion
from widgets.components.number_field import build_number_field
from widgets.components.sliders import (
    LogScale,
    build_log_slider,
    round_to_digits,
    shorten_debounce,
)
from widgets.components.text import Text
from widgets.live.kernel import judge_kernel
from widgets.settings import SIGMA_BOUNDS, Settings

NO_LIMIT = float("inf")
NO_LIMITS = {
    "points_per_s": "as fast as possible",
    "half_life": "never forgets",
    "classifier_half_life": "never forgets",
}
"""The texts of infinite values."""
UPDATE_PERIOD_S = 0.5
ECHO_TIMEOUT_S = 60.0
"""A browser may send an estimate that it was shown back to the server for this long."""

WIDE = {"sizing_mode": "stretch_width"}


class Controls:
    """Widgets bound to the settings in both directions. Code that needs a change watches them.

    ``parts`` holds the widgets that a link can hide, by name. ``message`` says what is wrong with a
    number that the user has typed. `rarely_used` names the settings whose widgets are folded away
    under "More settings".
    """

    rarely_used = (
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
        self._estimates_shown_at: dict[tuple[str, float], float] = {}
        self._updated_at = 0.0
        self._accordion: pmui.Accordion | None = None
        self._widgets: dict[str, Any] = {}
        self.parts: dict[str, list[Any]] = {}
        self.message = Text(role="alert")
        self._sigma_remark = Text(role="status")
        self._judged_at = 0.0
        self.generator = self._bind(pmui.Select, "generator")
        self.seed = self.get("seed")
        self.has_automatic_sigma = self._bind(pmui.Switch, "has_automatic_sigma")
        self.has_automatic_n_prototypes = self._bind(pmui.Switch, "has_automatic_n_prototypes")
        self.noise = self.get("noise")
        self.n_prototypes = self.get("n_prototypes")
        self.drop_singletons = self.get("drop_singletons")
        self.sigma = self.get("sigma")
        self.points_per_s = build_log_slider(
            settings,
            "points_per_s",
            LogScale(1, 1e6, 3, unit=" points/s", no_limit=NO_LIMITS["points_per_s"]),
        )

    def get(self, name: str) -> Any:
        """The widget of a setting; the first call builds it."""
        if name not in self._widgets:
            self._widgets[name] = self.build(name)
        return self._widgets[name]

    def build(self, name: str) -> Any:
        """A further widget for a setting."""
        if name == "seed":
            return self._bind(pmui.IntInput, name, start=0, end=9999)
        if name == "noise":
            return self._bind(pmui.FloatSlider, name, start=0.0, end=0.5, step=0.01)
        if name == "n_prototypes":
            low, high = self.settings.param[name].softbounds
            value = self.settings.n_prototypes
            return self._bind(pmui.IntSlider, name, start=min(low, value), end=max(high, value))
        if name == "window_length":
            return build_log_slider(self.settings, name, LogScale(100, 1e6, 3))
        if name == "classifier_alpha":
            return build_log_slider(self.settings, name, LogScale(1e-6, 1.0, 2))
        if name == "classifier_budget":
            return self._bind(pmui.IntSlider, name, start=2, end=300)
        if isinstance(self.settings.param[name], param.Selector):
            return self._bind(pmui.Select, name)
        if name not in Settings.AUTOMATIC:
            return self._bind(pmui.Switch, name)
        if name in ("sigma", "classifier_sigma"):
            scale = LogScale(*SIGMA_BOUNDS, 20)
        else:
            scale = LogScale(100, 1e6, 4, unit=" points", no_limit=NO_LIMITS[name])
        return build_log_slider(
            self.settings,
            name,
            scale,
            switch=Settings.AUTOMATIC[name],
            is_echo=partial(self.is_estimate, name),
        )

    def _bind(self, kind: Callable[..., Any], name: str, **bounds: Any) -> Any:
        parameter = self.settings.param[name]
        widget = kind.from_param(  # type: ignore[attr-defined]
            parameter, label=parameter.label, description=parameter.doc, **WIDE, **bounds
        )
        return shorten_debounce(widget)

    def make_room(self, n_prototypes: int) -> None:
        """Let the slider of K reach a number, as far as the setting allows it."""
        end = min(n_prototypes, self.settings.param.n_prototypes.bounds[1])
        if end > self.n_prototypes.end:
            self.n_prototypes.end = end

    def is_estimate(self, name: str, value: float) -> bool:
        """Whether the value is an estimate shown lately, which the browser may send back."""
        is_automatic = getattr(self.settings, Settings.AUTOMATIC[name])
        shown_at = self._estimates_shown_at.get((name, value), -math.inf)
        return is_automatic and time.monotonic() - shown_at < ECHO_TIMEOUT_S

    def show_estimates(self, *, is_playing: bool, **values: float) -> None:
        """Show estimated values on their sliders, at most twice a second while the stream plays.

        To redraw a slider costs the browser as much as to draw many points.
        """
        now = time.monotonic()
        if is_playing and now - self._updated_at < UPDATE_PERIOD_S:
            return
        self._updated_at = now
        self._estimates_shown_at = {
            key: shown_at
            for key, shown_at in self._estimates_shown_at.items()
            if now - shown_at < ECHO_TIMEOUT_S
        }
        for name, value in values.items():
            low, high = self.settings.param[name].bounds
            is_in_bounds = low <= value <= (NO_LIMIT if high is None else high)
            if is_in_bounds and getattr(self.settings, Settings.AUTOMATIC[name]):
                rounded = type(getattr(self.settings, name))(round_to_digits(value))
                self._estimates_shown_at[name, rounded] = now
                setattr(self.settings, name, rounded)

    def judge(self, frame: Frame) -> None:
        """Say if the chosen σ lies where a change has no effect; called with each frame."""
        now = time.monotonic()
        if now - self._judged_at >= UPDATE_PERIOD_S or not frame.is_playing:
            self._judged_at = now
            remark = "" if self.settings.has_automatic_sigma else judge_kernel(frame)
            self._sigma_remark.show(remark)

    def add_number_field(self, name: str, slider: Any) -> list[Any]:
        """A field to type the value of a setting, and below it the slider, which shows it no more.

        Together in a column they look like one control.
        """
        slider.show_value = False
        switch = Settings.AUTOMATIC.get(name)

        def assign(value: float) -> None:
            self.settings.param.update(**{name: value}, **({switch: False} if switch else {}))

        field = build_number_field(
            self.settings, name, assign, self.message.show, no_limit=NO_LIMITS.get(name, "")
        )
        return [field, slider]

    def build_main_controls(self) -> pn.viewable.Viewable:
        """The controls that are often changed while the stream plays."""
        sigma, k, noise = (
            self.add_number_field(name, self.get(name))
            for name in ("sigma", "n_prototypes", "noise")
        )
        self.parts = {
            "generator": [self.generator],
            "sigma": [*sigma, self.has_automatic_sigma],
            "k": [*k, self.has_automatic_n_prototypes],
            "noise": noise,
            "singletons": [self.drop_singletons],
        }
        return pmui.Column(
            *sigma,
            self._sigma_remark.pane,
            self.has_automatic_sigma,
            *k,
            self.has_automatic_n_prototypes,
            *noise,
            self.message.pane,
            self.drop_singletons,
            **WIDE,
        )

    def build_accordion(
        self, *others: tuple[str, Callable[[], Iterable[Any]]]
    ) -> pn.viewable.Viewable:
        """An accordion of the rarely used controls and of other sections, all folded."""
        self._accordion = build_accordion(("More settings", self._build_rarely_used), *others)
        return self._accordion

    def _build_rarely_used(self) -> list[Any]:
        widgets: list[Any] = []
        for name in self.rarely_used:
            is_slider = isinstance(self.get(name), pmui.FloatSlider)
            widgets += (
                self.add_number_field(name, self.get(name)) if is_slider else [self.get(name)]
            )
        return widgets

    def unfold(self) -> None:
        """Show the rarely used controls."""
        if self._accordion is not None and 0 not in self._accordion.active:
            self._accordion.active = [0, *self._accordion.active]


def write_number(value: float) -> str:
    """A number with three significant digits and no exponent.

    >>> write_number(1000), write_number(0.0123456)
    ('1,000', '0.0123')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
