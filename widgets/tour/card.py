"""The card of the guided tour: its text, style sheet and buttons."""

from typing import Any

import panel_material_ui as pmui

from widgets.components.button import CLICK_THROUGH_TOOLTIP
from widgets.components.text import escape_lines
from widgets.tour.lessons import LESSONS, Lesson

CARD_CLASS = "tour"
STYLE = """
.head { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; }
h2 { font-size: 1.05rem; font-weight: 500; margin: 0; }
.step { font-size: .8rem; opacity: .8; }
.lines { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr));
    gap: 3px 28px; margin-top: 4px; font-size: .9rem; line-height: 1.42; }
p { margin: 0; max-width: 75ch; }
section:focus { outline: none; }
section:focus-visible { outline: 2px solid currentColor; outline-offset: 5px; border-radius: 4px; }
.task { font-weight: 500; }
"""


def build_button(label: str, act: Any, **options: Any) -> pmui.Button:
    """A small button of the card that calls ``act``."""
    return pmui.Button(
        label=label,
        size="small",
        margin=0,
        sx={"minWidth": 0, "px": 1.4},
        stylesheets=[CLICK_THROUGH_TOOLTIP],
        on_click=lambda _: act(),
        **{"variant": "text", **options},
    )


def name_step_class(number: int) -> str:
    """The CSS class of the text of a step."""
    return f"{CARD_CLASS}-step-{number + 1}"


def write_step(lesson: Lesson, number: int) -> str:
    """The text of a step as HTML."""
    title, text, task = (escape_lines([line]) for line in (lesson.title, lesson.text, lesson.task))
    return (
        f'<section class="{name_step_class(number)}" tabindex="-1" '
        f'aria-label="Guided tour: {title}">'
        f'<div class="head"><h2>{title}</h2>'
        f'<span class="step">step {number + 1} of {len(LESSONS)}</span></div>'
        f'<div class="lines"><p>{text}</p><p class="task">{task}</p></div></section>'
    )
