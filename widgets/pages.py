"""The page around the dashboard."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

NARROW_PX = 600
NARROW_PLOT_PX = 460
TITLE = "Online clustering"
DARK_BAR = {"backgroundColor": "#1d3a50 !important", "color": "#fff !important"}


def build_page(
    sidebar: list[pn.viewable.Viewable],
    main: list[pn.viewable.Viewable],
    header: list[pn.viewable.Viewable],
) -> pmui.Page:
    """A page with the controls at the side, light or dark, everything served locally."""
    page = pmui.Page(
        title=TITLE,
        sidebar=sidebar,
        main=main,
        header=header,
        sidebar_width=340,
        busy_indicator=None,
        theme_config={
            "light": {"palette": {"primary": {"main": "#2f5d80"}}},
            "dark": {
                "palette": {"primary": {"main": "#7fb2d9"}},
                # The bar would be as light as the buttons, and its white title unreadable.
                "components": {"MuiAppBar": {"styleOverrides": {"root": DARK_BAR}}},
            },
        },
    )
    ignore_server_load(page)
    return page


def fit_to_phones(page: pmui.Page, plot: pn.viewable.Viewable, heartbeat: Any) -> None:
    """Fold the controls away where they would cover the plot, once it is known how wide it is."""

    def fold(attr: str, old: int, new: int) -> None:
        if not old and new < NARROW_PX:
            page.sidebar_open = False
            # What is below it can be scrolled to.
            plot.min_height = NARROW_PLOT_PX

    heartbeat.on_change("width_px", fold)


def ignore_server_load(page: pmui.Page) -> None:
    """Have the page not follow whether the server is busy.

    It watches a state that outlives it, so no session would ever be freed, and each callback of
    any session would walk through all models of every page.
    """
    watchers = pn.state.param.watchers.get("busy", {}).get("value", [])
    for watcher in list(watchers):
        # The watcher is a method of the page's parameters.
        if getattr(getattr(watcher.fn, "__self__", None), "self", None) is page:
            pn.state.param.unwatch(watcher)
