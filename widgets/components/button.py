"""Buttons with a tooltip that also names them for screen readers."""

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

# A tooltip opens over the next button; without this style it would catch the clicks on that button.
CLICK_THROUGH_TOOLTIP = (
    ".MuiTooltip-popper, .MuiTooltip-popper * { pointer-events: none !important; }"
)


def describe_button(label: str, help_text: str) -> str:
    """The tooltip of a button. It is the accessible name, too, so it begins with the label.

    >>> describe_button("Step", "learn the next point.")
    'Step: learn the next point.'
    """
    return f"{label}: {help_text}"


def build_button(
    label: str, help_text: str, on_click: Callable[[Any], Any], **options: Any
) -> pmui.Button:
    """A button with a tooltip.

    Parameters
    ----------
    label : str
        The text on the button.
    help_text : str
        What the button does; the tooltip shows it behind the label.
    on_click : callable
        Called with the event of each click.
    **options
        Further parameters of `panel_material_ui.Button`.
    """
    return pmui.Button(
        label=label,
        description=describe_button(label, help_text),
        stylesheets=[CLICK_THROUGH_TOOLTIP],
        on_click=on_click,
        **options,
    )


def build_header_button(icon: str, description: str, **options: Any) -> pmui.IconButton:
    """A button of the header, which shows an icon alone; the tooltip is its accessible name.

    Parameters
    ----------
    icon : str
        The name of a Material icon.
    description : str
        What the button does.
    **options
        Further parameters of `panel_material_ui.IconButton`.
    """
    return pmui.IconButton(
        icon=icon,
        description=description,
        stylesheets=[CLICK_THROUGH_TOOLTIP],
        sx={"color": "inherit"},
        margin=0,
        **options,
    )
