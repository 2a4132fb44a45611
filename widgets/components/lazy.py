"""Parts of the page that cost nothing before they are first shown."""

from collections.abc import Callable, Iterable
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS

from widgets.components.defaults import forget_defaults

# What came late the browser would send back whole with the first that it has to say about it,
# and the server would complain that it has it already.
KNOW = "cb_obj.document?._new_models?.clear()"


class LazyColumn(pn.Column):
    """A column that is empty until it is filled with what ``make`` returns, once.

    That is when it becomes visible or `fill` is called; if it is visible from the beginning, as
    inside of what can be folded, only then.

    Only what somebody has just asked for is to come so, not what a task brings later: its models
    may be told of before they are sent.

    It is of Panel's own kind: in a notebook the other kind has what is put into it later load its
    styles from the net.
    """

    def __init__(self, make: Callable[[], Iterable[Any]], **params: Any) -> None:
        super().__init__(sizing_mode="stretch_width", margin=0, **params)
        self._make: Callable[[], Iterable[Any]] | None = make
        self.param.watch(self._show, "visible")

    def _show(self, event: Any) -> None:
        if event.new:
            self.fill()

    def _get_model(self, *args: Any, **options: Any) -> Any:
        model = super()._get_model(*args, **options)
        if self._make is not None:
            model.js_on_change("children", CustomJS(code=KNOW))
        return model

    def fill(self) -> None:
        """Put in what it holds, unless it is there."""
        make, self._make = self._make, None
        if make is not None:
            self.objects = [*make()]
            for model, _ in self._models.values():
                forget_defaults(model.document)


def build_accordion(*folds: tuple[str, Callable[[], Iterable[Any]]]) -> pmui.Accordion:
    """Titles that unfold what is below them, which is made when it is first unfolded."""
    contents = [(title, LazyColumn(make)) for title, make in folds]
    accordion = pmui.Accordion(
        *contents, elevation=0, title_variant="body1", sizing_mode="stretch_width"
    )

    def unfold(event: Any) -> None:
        for i in event.new:
            contents[i][1].fill()

    accordion.param.watch(unfold, "active")
    return accordion
