"""The functions of Bokeh and Panel that this server replaces: one table, installed together.

A test compares each function with the signature here and fails by the function's name, so a new
release of Bokeh or Panel that changes a function cannot pass unnoticed. The patches were made for
Panel 1.9 with Bokeh 3.9 and for Panel 1.10 with Bokeh 3.10.

The gains are ratios of CPU time per frame with six open pages: medians over interleaved rounds, in
which one running server switches the patches on and off. A patch that gains less than a tenth goes,
unless it prevents a fault.
"""

from typing import Any, NamedTuple

import bokeh
import panel as pn
from bokeh.core.has_props import HasProps
from bokeh.model import util as bokeh_models
from bokeh.protocol.messages.pull_doc_reply import pull_doc_reply
from bokeh.server import session as bokeh_session
from bokeh.server.session import ServerSession
from bokeh.server.views.ws import WSHandler
from panel.io import document as panel_document
from panel.io.resources import Resources

from widgets.server.message_batching import (
    add_to_batch,
    create_document_reply,
    run_on_event_loop,
    send_at_once,
    send_message,
    send_pending_batches,
)
from widgets.server.page_resources import add_resources
from widgets.server.serialization import query_properties, visit_references


def read_release(version: str) -> tuple[int, ...]:
    """The first two numbers of a version.

    >>> read_release("3.10.2")
    (3, 10)
    """
    return tuple(map(int, version.split(".")[:2]))


HAS_CALLBACK_THREADS = read_release(bokeh.__version__) >= (3, 10)
LOSES_EARLY_CHANGES = read_release(pn.__version__) < (1, 10)


class Patch(NamedTuple):
    """``owner.attribute``, a function with this ``signature``, becomes ``replacement``.

    ``reason`` says why, with the measured gain. ``is_needed`` is False for releases without the
    function or without its fault.
    """

    owner: Any
    attribute: str
    signature: str
    replacement: Any
    reason: str
    is_needed: bool = True

    @property
    def name(self) -> str:
        """The replaced function, as in ``ServerSession._document_patched``."""
        return f"{self.owner.__name__}.{self.attribute}"


PATCHES = [
    Patch(
        ServerSession,
        "_document_patched",
        "(self, event)",
        add_to_batch,
        "All messages of a callback leave in one write. Without this patch and the next two, the "
        "event loop needs 2.1 times the CPU time per frame, and pages get 0.63 times the frames.",
    ),
    Patch(
        WSHandler,
        "send_message",
        "(self, message)",
        send_message,
        "A batch cannot get between the parts of another message.",
    ),
    Patch(
        panel_document,
        "dispatch_tornado",
        "(conn, events=None, msg=None)",
        send_at_once,
        "A message of Panel cannot overtake the batch that defines its models.",
    ),
    Patch(
        bokeh_session,
        "_run_in_executor",
        "(func, *args, **kwargs)",
        run_on_event_loop,
        "Callbacks run on the event loop, as before Bokeh 3.10.",
        is_needed=HAS_CALLBACK_THREADS,
    ),
    Patch(
        ServerSession,
        "_send_pending_patches",
        "(self, pending)",
        send_pending_batches,
        "Bokeh 3.10 serialises pending changes itself; the batches are messages already.",
        is_needed=HAS_CALLBACK_THREADS,
    ),
    Patch(
        pull_doc_reply,
        "create",
        "(request_id, document, **metadata)",
        classmethod(create_document_reply),
        "Panel 1.9 discards changes that a task makes while the browser draws the page.",
        is_needed=LOSES_EARLY_CHANGES,
    ),
    Patch(
        HasProps,
        "query_properties_with_values",
        "(self, query, *, include_defaults=True, include_undefined=False)",
        query_properties,
        "A model is asked only for the properties that are sent. Without this patch the event loop "
        "needs 1.6 times the CPU time to send a page.",
    ),
    Patch(
        bokeh_models,
        "visit_immediate_value_references",
        "(value, visitor)",
        visit_references,
        "The search for the models of a page skips defaults without models. Without this patch a "
        "page needs 1.2 times the CPU time to be built.",
    ),
    Patch(
        Resources,
        "extra_resources",
        "(self, resources, resource_type)",
        add_resources,
        "The style sheets and scripts of a page are found once. Without this patch the event loop "
        "needs 1.5 times the CPU time to send a page.",
    ),
]

ORIGINALS = {patch.name: getattr(patch.owner, patch.attribute, None) for patch in PATCHES}
"""The functions as Bokeh and Panel define them; None where a release has no such function."""


def install_patches() -> None:
    """Replace the functions for all sessions of this process; a second call changes nothing."""
    for patch in PATCHES:
        if patch.is_needed:
            setattr(patch.owner, patch.attribute, patch.replacement)
