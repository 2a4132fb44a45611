"""The address bar: a link to the page as it is now, and back."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from bokeh.core.properties import String
from bokeh.model import DataModel
from bokeh.models import CustomJS

from clusterer.support.text import shorten
from widgets.components.text import Text
from widgets.live.axes import AxesChooser
from widgets.live.figure import LiveFigure
from widgets.page.link_codec import (
    KEYS,
    LONGEST_SHOWN,
    read_box,
    read_link,
    write_box,
    write_link,
)
from widgets.settings import Settings
from widgets.sources.source_chooser import DRAWN, FROM_PYTHON, GENERATED, MANY, TABLE, SourceChooser
from widgets.views.tabs import ViewTabs

UPLOAD = "upload"
KINDS = {"generated": GENERATED, "table": TABLE, "draw": DRAWN, "many": MANY, "given": FROM_PYTHON}
BRING_TABLE = (
    "This link was made with an uploaded table. A table stays with the page it was uploaded to: "
    "choose the file again under My table."
)
PAINT_AGAIN = (
    "This link was made with a painting. A painting stays with the page it was painted in: paint "
    "again, or export the run as Python there."
)


class Address(DataModel):
    """The part of the address's query that is ours."""

    query = String(default="")


# A slider in motion would fill the history, and browsers refuse too many changes.
REPLACE = """
    clearTimeout(address._timer)
    address._timer = setTimeout(() => {
        const url = new URL(window.location)
        for (const key of KEYS) url.searchParams.delete(key)
        new URLSearchParams(address.query).forEach((value, key) => url.searchParams.set(key, value))
        history.replaceState(history.state, "", url)
    }, 250)
""".replace("KEYS", json.dumps(KEYS))


class AddressBar:
    """Keeps the address in step with the settings, the source's kind, the axes and the view.

    Only what differs from how the page begins is in the address.
    """

    def __init__(
        self,
        settings: Settings,
        sources: SourceChooser,
        axes: AxesChooser,
        figure: LiveFigure,
        views: ViewTabs,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._axes = axes
        self._figure = figure
        self._views = views
        self._to_come: Mapping[str, str] | None = None
        self._defaults = settings.param.values()
        self._first_kind = sources.kind.value
        self._is_kept = False
        self._restored = ""
        self.message = Text(role="status")
        self.address = Address(name="address")
        self.address.js_on_change("query", CustomJS(args={"address": self.address}, code=REPLACE))

    def restore(self, arguments: Mapping[str, list[bytes]]) -> None:
        """Set what the address says, as far as it can be; from now on `show` keeps it."""
        query = {key: given[-1].decode("utf-8", "replace") for key, given in arguments.items()}
        values, complaints = read_link(query)
        self._settings.param.update(**values)
        self._restore_table(query.get("table"), complaints)
        self._restore_kind(query.get("source"), complaints)
        self._restore_tab(query.get("tab"), complaints)
        is_table = query.get("source") == UPLOAD
        if self._sources.kind.value == TABLE and not is_table:
            # A table is read in its own time, and its columns are not known before.
            self._to_come = query
        elif not is_table:
            self._restore_place(query, complaints)
        told = f"From the link, {'; '.join(complaints)}." if complaints else ""
        is_painting = self._sources.kind.value == DRAWN
        self.message.show(BRING_TABLE if is_table else "", PAINT_AGAIN if is_painting else "", told)
        self._is_kept = True
        self._restored = self._write()

    def _restore_kind(self, word: str | None, complaints: list[str]) -> None:
        if word == UPLOAD:
            self._sources.kind.value = TABLE
        elif word is not None:
            kind = KINDS.get(word)
            if kind in self._sources.kind.options:
                self._sources.kind.value = kind
            else:
                complaints.append(f"source={shorten(word, LONGEST_SHOWN)} was ignored")

    def _restore_table(self, title: str | None, complaints: list[str]) -> None:
        if title in self._sources.table.catalog:
            self._sources.table.catalog_select.value = title
        elif title is not None:
            complaints.append(f"table={shorten(title, LONGEST_SHOWN)} was ignored")

    def _restore_tab(self, title: str | None, complaints: list[str]) -> None:
        if title in self._views.titles:
            self._views.tabs.active = self._views.titles.index(title)
        elif title is not None:
            complaints.append(f"tab={shorten(title, LONGEST_SHOWN)} was ignored")

    def _restore_place(self, query: Mapping[str, str], complaints: list[str]) -> None:
        """The axes and the view, which mean nothing without the points they were chosen for."""
        for key, select in (("x", self._axes.x), ("y", self._axes.y)):
            if key in query and query[key] in select.options:
                select.value = query[key]
            elif key in query:
                complaints.append(f"{key}={shorten(query[key], LONGEST_SHOWN)} was ignored")
        if "view" in query:
            box = read_box(query["view"])
            if box is None:
                complaints.append(f"view={shorten(query['view'], LONGEST_SHOWN)} was ignored")
            else:
                self._figure.viewport.zoom(box)

    def restore_place(self, query: Mapping[str, str]) -> None:
        """Set the axes and the view as `write_place` told them."""
        self._restore_place(query, [])
        self._is_kept = True

    def write_place(self) -> str:
        """The axes and the view."""
        return urlencode(self._write_place())

    def show(self) -> None:
        """Bring the address up to date; cheap, so with every frame."""
        if not self._is_kept:
            return
        if self._to_come is not None:
            is_table = self._sources.kind.value == TABLE
            if is_table and not self._sources.table.is_ready:
                return
            self._bring_to_come()
        query = self._write()
        if query != self.address.query:
            self.address.query = query
            if query != self._restored:
                self.message.show()

    def _bring_to_come(self) -> None:
        """The places of a table that has been read by now."""
        query, self._to_come = self._to_come or {}, None
        complaints: list[str] = []
        self._restore_place(query, complaints)
        if complaints:
            self.message.show(f"From the link, {'; '.join(complaints)}.")
        self._restored = self._write()

    def _write(self) -> str:
        found = self._write_kind() | write_link(self._settings, self._defaults)
        kind = self._sources.kind.value
        if kind != GENERATED:
            for key in ("generator", "seed", *(("noise",) if kind != DRAWN else ())):
                found.pop(key, None)
        return urlencode(found | self._write_place())

    def _write_place(self) -> dict[str, str]:
        found = {}
        for key, select, usual in (("x", self._axes.x, 0), ("y", self._axes.y, 1)):
            options = select.options
            if select.value != options[min(usual, len(options) - 1)]:
                found[key] = select.value
        if self._views.tabs.active:
            found["tab"] = self._views.titles[self._views.tabs.active]
        if (box := self._figure.viewport.chosen_box) is not None:
            found["view"] = write_box(box)
        return found

    def _write_kind(self) -> dict[str, str]:
        kind = self._sources.kind.value
        if kind == TABLE and self._sources.table.is_uploaded:
            return {"source": UPLOAD}
        if kind == TABLE and (title := self._sources.table.catalog_title) is not None:
            return {"source": "table", "table": title}
        words: dict[str, str] = {name: word for word, name in KINDS.items()}
        return {"source": words[kind]} if kind != self._first_kind else {}
