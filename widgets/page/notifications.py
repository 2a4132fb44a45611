"""Notices: whatever fails in a session is told in its page."""

import weakref
from collections.abc import Callable

import panel as pn
from bokeh.document import Document

from clusterer.session.saving.store import RunStore
from clusterer.support.errors import explain_error
from widgets.components.text import Text, escape_lines

# Weak on both sides: a page that is left is not to be held by its notice.
_listening: "weakref.WeakKeyDictionary[Document, weakref.ref[Notification]]" = (
    weakref.WeakKeyDictionary()
)


class Notification:
    """A line that tells the last fault of its page, until the user goes on without another."""

    def __init__(self) -> None:
        self._text = Text(role="alert", style="color: #d32f2f;")
        self.pane = self._text.pane

    def listen(self, doc: Document | None) -> None:
        """Be told the faults of this document's session."""
        if doc is not None:
            _listening[doc] = weakref.ref(self)

    def show(self, *lines: str) -> None:
        """Replace what is told."""
        self._text.show(*lines)


def show_error(error: BaseException) -> None:
    """Tell an error in the page whose callback raised it."""
    told = explain_error(error)
    doc = pn.state.curdoc
    known = _listening.get(doc) if doc is not None else None
    notice = known() if known is not None else None
    if notice is not None:
        notice.show(told)


def open_page_or_error(
    open_page: Callable[[RunStore | None], pn.viewable.Viewable], store: RunStore | None
) -> pn.viewable.Viewable:
    """A page, or one that says why there is none."""
    try:
        return open_page(store)
    except Exception as error:
        told = escape_lines(
            [explain_error(error), "Try again in a minute, or without the link's query."]
        )
        return pn.pane.HTML(f'<div role="alert">{told}</div>', margin=24)
