"""The guided tour: six steps on the page itself, in a card that leaves the plot visible."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import panel_material_ui as pmui

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from clusterer.stream import Source
from widgets.components.button import build_header_button
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE, Controls
from widgets.live.coloring.highlight import ACCENT
from widgets.settings import Settings
from widgets.sources.source_chooser import GENERATED, SourceChooser
from widgets.tour.card import CARD_CLASS, STYLE, build_button, name_step_class, write_step
from widgets.tour.lessons import LESSONS, Lesson, count_learned
from widgets.tour.spotlight import Spotlight
from widgets.views.tabs import ViewTabs

UPDATE_PERIOD_S = 0.5
N_POINTS_TO_REPORT = 150
"""The effect of a change is reported after this many points."""

# A description is also the accessible name of its button, so it begins with the label.
END = "End tour (Escape): close the tour. Your settings and your run come back as they were."
KEEP = "Keep settings: close the tour, and continue with its settings and its stream."
HINT = (
    "The tour uses its own settings and stream. When you end it, your settings and your run come "
    "back as they were."
)


class PageBefore(NamedTuple):
    """The page before the tour: its settings, the kind and the source of its stream, its tab."""

    settings: dict[str, Any]
    kind: str
    source: Source | None
    tab: int = 0


class Tour:
    """Goes through the `LESSONS` by changing the page's settings; other code watches those.

    The engine keeps the present run aside. ``show_source`` is called with the source of the tour's
    run, and at the end with that of the present run. A lesson may open one of the ``views``.
    ``card`` is empty until the tour is opened for the first time.
    """

    def __init__(
        self,
        settings: Settings,
        controls: Controls,
        sources: SourceChooser,
        engine: Engine,
        show_source: Callable[[Source], None],
        views: ViewTabs,
    ) -> None:
        self._settings = settings
        self._controls = controls
        self._sources = sources
        self._engine = engine
        self._show_source = show_source
        self._views = views
        self._number: int | None = None
        self._page_before = PageBefore({}, GENERATED, None)
        self._observed: Any = None
        self._observed_before: Any = None
        self._shown: tuple[int, bool] | None = None
        self._reported_at = 0.0
        self._is_sidebar_open = True
        self._card_controls: dict[str, Any] = {}
        self._parts: list[Any] = []
        self.spotlight = Spotlight()
        self.card = pmui.Column(
            visible=False,
            css_classes=[CARD_CLASS],
            margin=(4, 10, 8, 10),
            styles={
                "border": "1px solid rgba(128, 128, 128, .28)",
                "border-left": f"4px solid {ACCENT}",
                "border-radius": "10px",
                "padding": "6px 2px",
                "scroll-margin": "76px",
            },
            **WIDE,
        )
        self.button = build_header_button(
            "explore_outlined",
            "Guided tour: σ, K, noise, singletons, drift and classes (T)",
            on_click=lambda _: self.toggle(),
        )

    @property
    def lesson(self) -> Lesson | None:
        """The present lesson; None outside of the tour."""
        return None if self._number is None else LESSONS[self._number]

    @property
    def page_before(self) -> PageBefore | None:
        """The page before the tour, which comes back at its end; None outside of the tour."""
        return None if self._number is None else self._page_before

    def toggle(self) -> None:
        """Start the tour, or end it."""
        if self._number is None:
            self.start()
        else:
            self.end()

    def start(self) -> None:
        """Store the state of the page and show the first step."""
        if not self._parts:
            self._parts = self._build()
        if self._number is None:
            self._page_before = PageBefore(
                Settings.pick_values(self._settings.param.values()),
                self._sources.opened_kind,
                self._sources.opened_source,
                self._views.tabs.active,
            )
            source = self._sources.make_source()
            self._sources.show_opened(GENERATED, source)
            self._show_source(source)
            self._engine.open_aside(source)
        self._go_to(0)
        self._engine.play()

    def end(self, *, keep_settings: bool = False) -> None:
        """Close the card, and restore the page unless the tour's settings are kept."""
        lesson = self.lesson
        if lesson is None:
            return
        self._number = self._shown = self._observed_before = None
        self.card.visible = False
        self.spotlight.light(None)
        self.spotlight.restore_focus()
        if keep_settings:
            self._engine.drop_aside()
            return
        before = self._page_before
        self._open_view(lesson, None)
        self._set(before.settings, resets=False)
        self._sources.show_opened(before.kind, before.source)
        if before.source is not None:
            self._show_source(before.source)
        self._engine.bring_back()

    def draw(self, frame: Frame) -> None:
        """Check whether the task is done and report its effect; called with each frame."""
        lesson, now = self.lesson, time.monotonic()
        if lesson is None or self._number is None:
            return
        observed = self._observed = self._observe(lesson, frame)
        # Only inside the batch of a frame: otherwise changes of the new widgets could reach the
        # browser before the widgets themselves.
        if self._shown != (self._number, self._is_sidebar_open):
            is_new = self._shown is None or self._shown[0] != self._number
            self._shown = self._number, self._is_sidebar_open
            self._show(lesson, self._number)
            if is_new:
                self.spotlight.focus(name_step_class(self._number), CARD_CLASS)
        is_done = lesson.is_done(self._settings)
        if not is_done or self._observed_before is None:
            self._observed_before = observed
        if now - self._reported_at >= UPDATE_PERIOD_S:
            self._reported_at = now
            self._report_line.show(self._report(lesson, observed, is_done) or HINT)

    def _observe(self, lesson: Lesson, frame: Frame) -> Any:
        """What the lesson reports about; None if there is nothing yet."""
        if not lesson.view:
            return frame
        known = self._engine.observer.classification
        # The engine applies a change of the classifier a moment later.
        is_new = known is not None and known.settings.kind == self._settings.classifier
        return known if is_new else None

    def _report(self, lesson: Lesson, now: Any, is_done: bool) -> str:
        """What the line below the task says; empty if there is nothing to say."""
        before = self._observed_before
        if not is_done:
            return "" if now is None else lesson.report_before(now)
        if now is None or count_learned(before, now) < N_POINTS_TO_REPORT:
            return "✓ Done: the effect shows soon …"
        return f"✓ Done: {lesson.report(before, now)}"

    def note_sidebar(self, is_open: bool) -> None:
        """Note whether the controls are visible; if not, the card holds a control of its own."""
        self._is_sidebar_open = is_open
        self._engine.refresh_frame()

    def _go_to(self, number: int) -> None:
        lesson, is_first = LESSONS[number], self._number is None
        self._open_view(self.lesson, lesson)
        self._number, self._observed_before = number, None
        self._set(lesson.first_settings(), resets=not is_first)
        self._sources.kind.value = GENERATED
        self._engine.refresh_frame()

    def _go_by(self, n_steps: int) -> None:
        if self._number is not None and 0 <= self._number + n_steps < len(LESSONS):
            self._go_to(self._number + n_steps)

    def _open_view(self, left: Lesson | None, begun: Lesson | None) -> None:
        """Open the view of a lesson that begins, or the one before the tour after such a lesson."""
        if begun is not None and begun.view:
            self._views.tabs.active = self._views.find(begun.view)
        elif left is not None and left.view:
            self._views.tabs.active = self._page_before.tab

    def _set(self, values: dict[str, Any], *, resets: bool = True) -> None:
        """Assign settings, and restart the stream if one of them changes and ``resets`` is set."""
        current = self._settings.param.values()
        changed = {name: value for name, value in values.items() if value != current[name]}
        self._settings.param.update(**changed)
        if changed and resets:
            self._engine.reset()

    def _show(self, lesson: Lesson, number: int) -> None:
        self._text.object = write_step(lesson, number)
        self._report_line.show(HINT)
        self._back.disabled = number == 0
        self._next.disabled = number == len(LESSONS) - 1
        self._end.variant = "contained" if self._next.disabled else "text"
        self._show_control(lesson)
        # In one update: the browser fails if the parts change after they are added and before
        # they are shown.
        self.card.param.update(objects=self._parts, visible=True)

    def _show_control(self, lesson: Lesson) -> None:
        """Outline the control of the lesson: in the open sidebar, else a copy in the card."""
        if self._is_sidebar_open:
            # With a view, the card goes to the top, so that most of the view is visible.
            card = f"{CARD_CLASS}^" if lesson.view else CARD_CLASS
            self.spotlight.light(self._controls.get(lesson.setting), card)
            self._control_slot.objects = []
            if lesson.setting in self._controls.rarely_used:
                self._controls.unfold()
            return
        if lesson.setting not in self._card_controls:
            self._card_controls[lesson.setting] = self._controls.build(lesson.setting)
        # Before the page has the widget: afterwards this change could arrive before the widget.
        self.spotlight.light(self._card_controls[lesson.setting], CARD_CLASS)
        self._control_slot.objects = [self._card_controls[lesson.setting]]

    def _show_solution(self) -> None:
        lesson = self.lesson
        if lesson is not None:
            if self._observed_before is None:
                self._observed_before = self._observed
            self._settings.param.update(**lesson.solution)
            if lesson.needs_reset:
                self._engine.reset()
            self._engine.play()

    def _build(self) -> list[Any]:
        self._text = Html("", stylesheets=[STYLE], margin=(0, 12), **WIDE)
        self._control_slot = pmui.Column(margin=(6, 2), max_width=420, **WIDE)
        self._report_line = Text(
            role="status", style=f"border-left: 2px solid {ACCENT}; padding: 0 8px;"
        )
        self._back = build_button("Back", lambda: self._go_by(-1))
        self._next = build_button("Next", lambda: self._go_by(1), variant="contained")
        show = build_button("Show me", self._show_solution, variant="outlined")
        keep = build_button("Keep settings", lambda: self.end(keep_settings=True), description=KEEP)
        self._end = build_button("End tour", self.end, description=END)
        buttons = pmui.FlexBox(
            show,
            self._back,
            self._next,
            keep,
            self._end,
            align_items="center",
            gap="3px",
            margin=(6, 10, 0, 10),
            **WIDE,
        )
        return [self._text, self._control_slot, self._report_line.pane, buttons]
