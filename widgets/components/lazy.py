"""Parts of the page that are built when they are first shown."""

from collections.abc import Callable, Iterable
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS

from widgets.components.defaults import forget_defaults

# Without this, the browser would send models that were added later back to the server with its
# first change of them, and the server would report that it has the models already.
MARK_AS_KNOWN = "cb_obj.document?._new_models?.clear()"


class LazyColumn(pn.Column):
    """A column whose content ``make`` builds: when it becomes visible, or in `fill`.

    A column that is visible from the start, as in an accordion, is filled by `fill` only.

    Fill a column in answer to a user's action, never from a background task: the task's messages
    could refer to the new models before the browser has them.

    The class is Panel's own Column: in a notebook a Material column loads the styles of content
    that is added later from the internet.
    """

    def __init__(self, make: Callable[[], Iterable[Any]], **params: Any) -> None:
        super().__init__(sizing_mode="stretch_width", margin=0, **params)
        self._make = make
        self._is_filled = False
        self.param.watch(self._show, "visible")

    def _show(self, event: Any) -> None:
        if event.new:
            self.fill()

    def _get_model(self, *args: Any, **options: Any) -> Any:
        model = super()._get_model(*args, **options)
        model.js_on_change("children", CustomJS(code=MARK_AS_KNOWN))
        return model

    def fill(self) -> None:
        """Build the content unless it is there."""
        if not self._is_filled:
            self._is_filled = True
            self.objects = [*self._make()]
            for model, _ in self._models.values():
                forget_defaults(model.document)

    def empty(self) -> None:
        """Remove the content; the next `fill` builds it anew."""
        if self._is_filled:
            self._is_filled = False
            self.objects = []


def build_accordion(*sections: tuple[str, Callable[[], Iterable[Any]]]) -> pmui.Accordion:
    """Build an accordion of (title, make) sections, each built when it is first opened."""
    columns = [(title, LazyColumn(make)) for title, make in sections]
    accordion = pmui.Accordion(
        *columns, elevation=0, title_variant="body1", sizing_mode="stretch_width"
    )

    def fill_opened(event: Any) -> None:
        for i in event.new:
            columns[i][1].fill()

    accordion.param.watch(fill_opened, "active")
    return accordion
