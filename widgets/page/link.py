"""The address bar: a link to the page's current state, and the state from a link."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from bokeh.core.properties import String
from bokeh.model import DataModel
from bokeh.models import CustomJS

from widgets.components.button import build_header_button
from widgets.components.text import Text
from widgets.live.axes import AxesChooser
from widgets.live.coloring.color_chooser import ColorChooser
from widgets.live.figure import LiveFigure
from widgets.page.link_codec import (
    KEYS,
    describe_ignored,
    read_box,
    read_link,
    read_treatment,
    write_box,
    write_link,
    write_treatment,
)
from widgets.settings import Settings
from widgets.sources.source_chooser import DRAWN, FROM_PYTHON, GENERATED, MANY, TABLE, SourceChooser
from widgets.views.tabs import ViewTabs

UPLOAD = "upload"
KINDS = {"generated": GENERATED, "table": TABLE, "draw": DRAWN, "many": MANY, "given": FROM_PYTHON}
TABLE_NEEDED = (
    "This link belongs to a page with an uploaded table. A link does not contain the table: choose "
    "the file again under My table."
)
PAINTING_NEEDED = (
    "This link belongs to a page with a painted stream. A link does not contain the painting: "
    "paint again, or export the run as Python in the page where it was painted."
)


class Address(DataModel):
    """The dashboard's part of the query in the browser's address."""

    query = String(default="")


# The delay joins the changes of a moving slider: browsers refuse too many changes of the address.
UPDATE_ADDRESS = """
    clearTimeout(address._timer)
    address._timer = setTimeout(() => {
        const url = new URL(window.location)
        for (const key of KEYS) url.searchParams.delete(key)
        new URLSearchParams(address.query).forEach((value, key) => url.searchParams.set(key, value))
        history.replaceState(history.state, "", url)
    }, 250)
""".replace("KEYS", json.dumps(KEYS))

# Only pages from this machine or over HTTPS may use the clipboard's interface; others copy a
# selected text.
COPY_ADDRESS = """
    if (navigator.clipboard) {
        navigator.clipboard.writeText(location.href)
    } else {
        const box = document.createElement("textarea")
        box.value = location.href
        document.body.append(box)
        box.select()
        document.execCommand("copy")
        box.remove()
    }
"""


class AddressBar:
    """Writes settings, kind of source, axes, colours, tab and zoom into the address.

    The address contains only values that differ from those of a new page.
    """

    def __init__(
        self,
        settings: Settings,
        sources: SourceChooser,
        axes: AxesChooser,
        colors: ColorChooser,
        figure: LiveFigure,
        views: ViewTabs,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._axes = axes
        self._colors = colors
        self._figure = figure
        self._views = views
        self._pending: Mapping[str, str] | None = None
        self._defaults = settings.param.values()
        self._first_kind = sources.kind.value
        self._is_updated = False
        self._complaints: list[str] = []
        self._restored = ""
        self.message = Text(role="status")
        self.copy_button = build_header_button(
            icon="link",
            active_icon="check",
            toggle_duration=1500,
            description="Copy link: whoever opens it sees this source with these settings.",
        )
        self.copy_button.js_on_click(code=COPY_ADDRESS)
        self.address = Address(name="address")
        self.address.js_on_change(
            "query", CustomJS(args={"address": self.address}, code=UPDATE_ADDRESS)
        )

    def restore(self, arguments: Mapping[str, list[bytes]]) -> None:
        """Apply the address as far as possible; from now on `update` keeps it up to date."""
        query = {key: values[-1].decode("utf-8", "replace") for key, values in arguments.items()}
        values, complaints = read_link(query)
        self._settings.param.update(**values)
        self._restore_treatment(query, complaints)
        self._restore_table(query.get("table"), complaints)
        self._restore_kind(query.get("source"), complaints)
        self._restore_tab(query.get("tab"), complaints)
        is_table = query.get("source") == UPLOAD
        if self._sources.opened_kind == TABLE:
            # The table is read in a thread; its columns are unknown until then.
            self._pending, self._complaints = query, complaints
        elif not is_table:
            self._restore_view(query, complaints)
        text = f"From the link, {'; '.join(complaints)}." if complaints else ""
        is_painting = self._sources.kind.value == DRAWN
        self.message.show(
            TABLE_NEEDED if is_table else "", PAINTING_NEEDED if is_painting else "", text
        )
        self._is_updated = True
        self._restored = self._write()

    def _restore_kind(self, word: str | None, complaints: list[str]) -> None:
        if word == UPLOAD:
            self._sources.kind.value = TABLE
        elif word is not None:
            kind = KINDS.get(word)
            if kind in self._sources.kind.options:
                self._sources.kind.value = kind
            else:
                complaints.append(describe_ignored("source", word))

    def _restore_treatment(self, query: Mapping[str, str], complaints: list[str]) -> None:
        """Take logarithms and weights for the table that the link names, or for the present one."""
        logs, weights, ignored = read_treatment(query)
        complaints += ignored
        if logs or weights:
            table = self._sources.table
            is_next = "table" in query or query.get("source") == UPLOAD
            table.treat(logs, weights, is_next=is_next)
            complaints += [describe_ignored("column", name) for name in table.ignored]

    def _restore_table(self, title: str | None, complaints: list[str]) -> None:
        if title in self._sources.table.catalog:
            self._sources.table.catalog_select.value = title
        elif title is not None:
            complaints.append(describe_ignored("table", title))

    def _restore_tab(self, title: str | None, complaints: list[str]) -> None:
        tab = self._views.find(title)
        if tab is not None:
            self._views.tabs.active = tab
        elif title is not None:
            complaints.append(describe_ignored("tab", title))

    def _restore_view(self, query: Mapping[str, str], complaints: list[str]) -> None:
        """Set axes, colours and zoom; all need the points that they were chosen for."""
        selects = ("x", self._axes.x), ("y", self._axes.y), ("color", self._colors.select)
        for key, select in selects:
            if key in query and query[key] in select.options:
                select.value = query[key]
            elif key in query:
                complaints.append(describe_ignored(key, query[key]))
        if "view" in query:
            box = read_box(query["view"])
            if box is None:
                complaints.append(describe_ignored("view", query["view"]))
            else:
                self._figure.viewport.zoom(box)

    def restore_view(self, view: Mapping[str, str]) -> None:
        """Set axes, colours and zoom of a restored run from the result of `write_view`."""
        self._restore_view(view, [])
        # The run has its table or painting, which the link does not contain.
        self.message.show()
        self._is_updated = True

    def update(self) -> None:
        """Bring the address up to date; cheap, called with every frame."""
        if not self._is_updated:
            return
        if self._pending is not None:
            is_table = self._sources.opened_kind == TABLE
            if is_table and not self._sources.table.is_ready:
                return
            self._restore_pending()
        query = self._write()
        if query != self.address.query:
            self.address.query = query
            if query != self._restored:
                self.message.show()

    def _restore_pending(self) -> None:
        """Set axes, colours and zoom of a table that is now read."""
        query, self._pending = self._pending or {}, None
        ignored = [describe_ignored("column", name) for name in self._sources.table.ignored]
        complaints = self._complaints + ignored
        self._restore_view(query, complaints)
        if complaints:
            self.message.show(f"From the link, {'; '.join(complaints)}.")
        self._restored = self._write()

    def _write(self) -> str:
        query = self._write_kind() | write_link(self._settings, self._defaults)
        kind = self._sources.opened_kind
        if kind == TABLE:
            treatment = self._sources.table.columns.treatment
            query |= write_treatment(treatment.logs, treatment.weights)
        if kind != GENERATED:
            for key in ("generator", "seed", *(("noise",) if kind != DRAWN else ())):
                query.pop(key, None)
        return urlencode(query | self.write_view())

    def write_view(self, tab: int | None = None) -> dict[str, str]:
        """The axes, the colours, the tab and the zoom, as far as the user has changed them.

        ``tab`` is the number of the tab; by default that of the open one.
        """
        query = {}
        selects = (
            ("x", self._axes.x, 0),
            ("y", self._axes.y, 1),
            ("color", self._colors.select, 0),
        )
        for key, select, default in selects:
            options = select.options
            if select.value != options[min(default, len(options) - 1)]:
                query[key] = select.value
        tab = self._views.tabs.active if tab is None else tab
        if tab:
            query["tab"] = self._views.titles[tab]
        if (box := self._figure.viewport.chosen_box) is not None:
            query["view"] = write_box(box)
        return query

    def _write_kind(self) -> dict[str, str]:
        kind = self._sources.opened_kind
        if kind == TABLE and self._sources.table.is_uploaded:
            return {"source": UPLOAD}
        if kind == TABLE and (title := self._sources.table.catalog_title) is not None:
            return {"source": "table", "table": title}
        words: dict[str, str] = {name: word for word, name in KINDS.items()}
        return {"source": words[kind]} if kind != self._first_kind else {}
