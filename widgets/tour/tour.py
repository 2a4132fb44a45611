"""The guided tour: five steps on the page itself, in a card that leaves the plot in view."""

import time
from typing import Any, NamedTuple

import panel_material_ui as pmui

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE, Controls
from widgets.live.highlight import ACCENT
from widgets.settings import Settings
from widgets.sources.source_chooser import GENERATED, SourceChooser
from widgets.tour.card import CARD, STYLE, build_button, lay_out, name_step
from widgets.tour.lessons import LESSONS, Lesson
from widgets.tour.spotlight import Spotlight

PERIOD_S = 0.5
N_TO_TELL = 150
"""Points that are to be learned after a change before anything is said of what came of it."""

ENDING = "End (Escape): leave the tour; your settings come back, and your stream begins anew."
HINT = "The tour has settings and a stream of its own; ending it gives yours back."
KEEPING = "Keep: leave the tour, and go on with its settings and stream."


class Left(NamedTuple):
    """How a page was before the tour: its settings, the kind of its source, whether it played."""

    settings: dict[str, Any]
    kind: str
    was_playing: bool


class Tour:
    """Walks through the `LESSONS` on the real settings; whoever watches these does the rest.

    ``card`` is empty until the tour is first opened.
    """

    def __init__(
        self, settings: Settings, controls: Controls, sources: SourceChooser, engine: Engine
    ) -> None:
        self._settings = settings
        self._controls = controls
        self._sources = sources
        self._engine = engine
        self._number: int | None = None
        self._left = Left({}, GENERATED, True)
        self._frame: Frame | None = None
        self._before: Frame | None = None
        self._shown: tuple[int, bool] | None = None
        self._told_at = 0.0
        self._is_beside = True
        self._copies: dict[str, Any] = {}
        self._parts: list[Any] = []
        self.spotlight = Spotlight()
        self.card = pmui.Column(
            visible=False,
            css_classes=[CARD],
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
        self.button = pmui.IconButton(
            icon="explore_outlined",
            description="Guided tour: σ, K, noise, singletons and drift (T)",
            sx={"color": "inherit"},
            margin=0,
            on_click=lambda _: self.toggle(),
        )

    @property
    def lesson(self) -> Lesson | None:
        """The one that is shown; None while there is no tour."""
        return None if self._number is None else LESSONS[self._number]

    @property
    def left(self) -> Left | None:
        """How the page was, and is to be again; None while there is no tour."""
        return None if self._number is None else self._left

    def toggle(self) -> None:
        """Begin the tour, or end it."""
        if self._number is None:
            self.start()
        else:
            self.end()

    def start(self) -> None:
        """Begin with the first step, and remember how the page was."""
        if not self._parts:
            self._parts = self._build()
        if self._number is None:
            was_playing = self._frame.is_playing if self._frame else True
            kind = self._sources.kind.value
            values = Settings.pick_values(self._settings.param.values())
            self._left = Left(values, kind, was_playing)
        self._go(0)
        self._engine.play()

    def end(self, *, is_kept: bool = False) -> None:
        """Close the card, and leave the page as it was before unless the settings are kept."""
        if self._number is None:
            return
        self._number = self._shown = self._before = None
        self.card.visible = False
        self.spotlight.light(None)
        self.spotlight.let_go()
        if is_kept:
            return
        self._set(self._left.settings)
        self._sources.kind.value = self._left.kind
        if not self._left.was_playing:
            self._engine.pause()

    def draw(self, frame: Frame) -> None:
        """Notice what was done, and tell what came of it; called with each frame."""
        self._frame = frame
        lesson, now = self.lesson, time.monotonic()
        if lesson is None or self._number is None:
            return
        # Not before: outside of a frame's batch, what is added could be overtaken by its changes.
        if self._shown != (self._number, self._is_beside):
            is_new = self._shown is None or self._shown[0] != self._number
            self._shown = self._number, self._is_beside
            self._show(lesson, self._number)
            if is_new:
                self.spotlight.focus(name_step(self._number), CARD)
        is_done = lesson.is_done(self._settings)
        if not is_done or self._before is None:
            self._before = frame
        if now - self._told_at >= PERIOD_S:
            self._told_at = now
            told = self._tell(lesson, self._before, frame) if is_done else ""
            self._done.show(f"✓ Done: {told}" if told else lesson.watch(frame) or HINT)

    def _tell(self, lesson: Lesson, before: Frame, now: Frame) -> str:
        n_learned = now.snapshot.n_seen
        if now.run == before.run:
            n_learned -= before.snapshot.n_seen
        return lesson.tell(before, now) if n_learned >= N_TO_TELL else "watch what comes of it …"

    def stand_beside(self, is_beside: bool) -> None:
        """Whether the controls are in sight; else the card holds one like that it speaks of."""
        self._is_beside = is_beside
        self._engine.refresh_frame()

    def _go(self, number: int) -> None:
        lesson, is_first = LESSONS[number], self._number is None
        self._number, self._before = number, None
        self._set(lesson.begin(), is_anew=not is_first)
        self._sources.kind.value = GENERATED
        self._engine.refresh_frame()

    def _show(self, lesson: Lesson, number: int) -> None:
        self._text.object = lay_out(lesson, number)
        self._done.show(HINT)
        self._back.disabled = number == 0
        self._next.disabled = number == len(LESSONS) - 1
        self._end.variant = "contained" if self._next.disabled else "text"
        self._show_control(lesson)
        # What changes between being added and being shown confuses the browser.
        self.card.param.update(objects=self._parts, visible=True)

    def _set(self, values: dict[str, Any], *, is_anew: bool = True) -> None:
        """Set the settings, and begin the stream anew if it was another with others."""
        known = self._settings.param.values()
        changed = {name: value for name, value in values.items() if value != known[name]}
        self._settings.param.update(**changed)
        if changed and is_anew:
            self._engine.reset()

    def _show_control(self, lesson: Lesson) -> None:
        if self._is_beside:
            self.spotlight.light(self._controls.get(lesson.setting), CARD)
            self._slot.objects = []
            if lesson.setting in self._controls.rarely_used:
                self._controls.unfold()
            return
        if lesson.setting not in self._copies:
            self._copies[lesson.setting] = self._controls.build(lesson.setting)
        # Before the page has it: a change must not be sent before what is changed.
        self.spotlight.light(self._copies[lesson.setting], CARD)
        self._slot.objects = [self._copies[lesson.setting]]

    def _step(self, n: int) -> None:
        if self._number is not None and 0 <= self._number + n < len(LESSONS):
            self._go(self._number + n)

    def _show_me(self) -> None:
        lesson = self.lesson
        if lesson is not None:
            self._before = self._before or self._frame
            self._settings.param.update(**lesson.shown)
            if lesson.starts_anew:
                self._engine.reset()
            self._engine.play()

    def _build(self) -> list[Any]:
        self._text = Html("", stylesheets=[STYLE], margin=(0, 12), **WIDE)
        self._slot = pmui.Column(margin=(6, 2), max_width=420, **WIDE)
        self._done = Text(role="status", style=f"border-left: 2px solid {ACCENT}; padding: 0 8px;")
        self._back = build_button("Back", lambda: self._step(-1))
        self._next = build_button("Next", lambda: self._step(1), variant="contained")
        show = build_button("Show me", self._show_me, variant="outlined")
        keep = build_button("Keep", lambda: self.end(is_kept=True), description=KEEPING)
        self._end = build_button("End", self.end, description=ENDING)
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
        return [self._text, self._slot, self._done.pane, buttons]
