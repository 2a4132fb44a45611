"""The page around the dashboard."""

from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS, PanTool

from widgets.components.defaults import forget_defaults

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
    pn.state.onload(partial(forget_defaults, pn.state.curdoc))
    return page


# The finger that would move the plot scrolls the page; two zoom, and the toolbar has the pan. That
# it is turned, Bokeh 3.10 does not tell the plot, which would have a finger do the same as before.
LET_SCROLL = """
    if (!beat._width_px) for (const pan of pans) {
        pan.properties.active.change.connect(() => toolbar.active_changed.emit())
        if (beat.width_px < NARROW_PX) pan.active = false
    }
    beat._width_px = beat.width_px
""".replace("NARROW_PX", str(NARROW_PX))


def fit_to_phones(page: pmui.Page, plot: pn.pane.Bokeh, heartbeat: Any) -> None:
    """Fold the controls away where they would cover the plot, once it is known how wide it is."""
    pans = plot.object.select(PanTool)
    known = {"beat": heartbeat, "pans": list(pans), "toolbar": plot.object.toolbar}
    let_scroll = CustomJS(args=known, code=LET_SCROLL)
    heartbeat.js_on_change("width_px", let_scroll)

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
