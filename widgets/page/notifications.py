"""Notifications: each error of a session is shown in its page."""

import weakref
from collections.abc import Callable

import panel as pn
from bokeh.document import Document

from clusterer.session.saving.store import RunStore
from clusterer.support.errors import explain_error
from widgets.components.text import Text, escape_lines

# Weak on both sides: a notification must not keep a closed page in memory.
_notifications: "weakref.WeakKeyDictionary[Document, weakref.ref[Notification]]" = (
    weakref.WeakKeyDictionary()
)


class Notification:
    """The page's last error or message, as a line of text."""

    def __init__(self) -> None:
        self._text = Text(role="alert", style="color: #d32f2f;")
        self.pane = self._text.pane

    def listen(self, doc: Document | None) -> None:
        """Show the errors of this document's session from now on."""
        if doc is not None:
            _notifications[doc] = weakref.ref(self)

    def show(self, *lines: str) -> None:
        """Replace the text; without lines the notification disappears."""
        self._text.show(*lines)


def show_error(error: BaseException) -> None:
    """Show an error in the page whose callback raised it."""
    text = explain_error(error)
    doc = pn.state.curdoc
    reference = _notifications.get(doc) if doc is not None else None
    notification = reference() if reference is not None else None
    if notification is not None:
        notification.show(text)


def open_page_or_error(
    open_page: Callable[[RunStore | None], pn.viewable.Viewable], store: RunStore | None
) -> pn.viewable.Viewable:
    """Build a page; if this fails, build a page with the error message instead."""
    try:
        return open_page(store)
    except Exception as error:
        advice = 'Try again in a minute, or remove the part of the address after "?".'
        lines = escape_lines([explain_error(error), advice])
        return pn.pane.HTML(f'<div role="alert">{lines}</div>', margin=24)
