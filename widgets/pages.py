"""The page around the dashboard."""

from functools import partial

import panel as pn
import panel_material_ui as pmui

from .defaults import forget_defaults

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
    pn.state.onload(partial(forget_defaults, pn.state.curdoc))
    return page


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
