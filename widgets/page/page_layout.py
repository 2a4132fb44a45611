"""The page around the dashboard: title, sidebar, theme, and small screens."""

from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document
from bokeh.models import CustomJS, PanTool, Plot

from widgets.components.defaults import forget_defaults
from widgets.components.first_display import run_at_first_display

NARROW_PX = 600
NARROW_PLOT_PX = 460
TITLE = "Online clustering"
# On a phone the controls are a sheet at the lower edge, so that the plot stays visible.
SHEET = {
    "root": {
        "@media (max-width: 599.95px)": {
            "& .MuiBackdrop-root": {"backgroundColor": "transparent !important"}
        }
    },
    "paper": {
        "@media (max-width: 599.95px)": {
            "width": "100% !important",
            "height": "46% !important",
            "top": "auto !important",
            "bottom": "0 !important",
            "position": "fixed !important",
            "boxShadow": "0 -4px 16px rgba(0, 0, 0, .3)",
            "& .MuiToolbar-root": {"display": "none"},
        }
    },
}
DARK_BAR = {"backgroundColor": "#1d3a50 !important", "color": "#fff !important"}
# A tooltip would be as narrow as the button that it belongs to, and cover what is below.
TIP = {"tooltip": {"width": "max-content", "maxWidth": "260px"}}
# On a phone the title leaves room for the buttons beside it.
BAR = {
    "@media (max-width: 599.95px)": {
        "& h3": {"fontSize": "0.85rem !important"},
        "& .MuiToolbar-root": {"paddingLeft": "8px", "paddingRight": "8px"},
    }
}


def build_page(
    sidebar: list[pn.viewable.Viewable],
    main: list[pn.viewable.Viewable],
    header: list[pn.viewable.Viewable],
) -> pmui.Page:
    """Build a page with the controls in the sidebar, in a light and a dark theme.

    The server itself delivers all files; the page loads nothing from other hosts.
    """
    page = pmui.Page(
        title=TITLE,
        sidebar=sidebar,
        main=main,
        header=header,
        sidebar_width=340,
        busy_indicator=None,
        theme_config={
            "light": {
                "palette": {"primary": {"main": "#2f5d80"}},
                "components": {
                    "MuiAppBar": {"styleOverrides": {"root": BAR}},
                    "MuiDrawer": {"styleOverrides": SHEET},
                    "MuiTooltip": {"styleOverrides": TIP},
                },
            },
            "dark": {
                "palette": {"primary": {"main": "#7fb2d9"}},
                # The default bar is as light as the buttons; its white title is unreadable.
                "components": {
                    "MuiAppBar": {"styleOverrides": {"root": BAR | DARK_BAR}},
                    "MuiDrawer": {"styleOverrides": SHEET},
                    "MuiTooltip": {"styleOverrides": TIP},
                },
            },
        },
    )
    unwatch_server_load(page)
    pn.state.onload(partial(forget_defaults, pn.state.curdoc))
    return page


# The template covers the page with a dark sheet until all of it is drawn. A failure to load, which
# the template tells there, comes before.
UNCOVER = """
    const sheet = document.getElementById("loader")
    if (sheet) sheet.style.visibility = "hidden"
"""


def uncover_early(doc: Document, plot: Plot) -> None:
    """Uncover the page when its plot is placed."""
    run_at_first_display(doc, plot, "uncover", UNCOVER)


# On a narrow screen one finger scrolls the page instead of moving the plot; two fingers zoom, and
# the toolbar still offers the pan tool. Bokeh 3.10 does not tell the plot that a tool is off.
LET_SCROLL = """
    if (!beat._width_px) for (const pan of pans) {
        pan.properties.active.change.connect(() => toolbar.active_changed.emit())
        if (beat.width_px < NARROW_PX) pan.active = false
    }
    beat._width_px = beat.width_px
""".replace("NARROW_PX", str(NARROW_PX))


def fit_to_phones(page: pmui.Page, plot: pn.pane.Bokeh, heartbeat: Any) -> None:
    """Close the sidebar on screens so narrow that it covers the plot.

    The browser sends the width with the first heartbeat.
    """
    toolbar = plot.object.toolbar
    pans = [tool for tool in toolbar.tools if isinstance(tool, PanTool)]
    known = {"beat": heartbeat, "pans": pans, "toolbar": toolbar}
    let_scroll = CustomJS(args=known, code=LET_SCROLL)
    heartbeat.js_on_change("width_px", let_scroll)

    def fold(attr: str, old: int, new: int) -> None:
        if not old and new < NARROW_PX:
            page.sidebar_open = False
            # The user can scroll to the views below the plot.
            plot.min_height = NARROW_PLOT_PX

    heartbeat.on_change("width_px", fold)


def follow_system_theme(page: pmui.Page, heartbeat: Any) -> None:
    """Show the dark theme where the system prefers it, unless the address names a theme."""
    if "theme" not in pn.state.session_args:
        heartbeat.on_change("prefers_dark", lambda _, __, new: setattr(page, "dark_theme", new))


def unwatch_server_load(page: pmui.Page) -> None:
    """Remove the page's watcher of Panel's global "busy" state.

    The global state keeps every page that watches it in memory, and each callback of any session
    would search all models of all pages.
    """
    watchers = pn.state.param.watchers.get("busy", {}).get("value", [])
    for watcher in list(watchers):
        # The watcher's function is a method of the page's parameters.
        if getattr(getattr(watcher.fn, "__self__", None), "self", None) is page:
            pn.state.param.unwatch(watcher)
