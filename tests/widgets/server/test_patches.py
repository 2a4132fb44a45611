"""What the server replaces, overrides or reads inside Bokeh and Panel is as the code expects."""

import inspect

import bokeh.server.urls as urls
import panel as pn
import pytest
from bokeh.application import Application
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from bokeh.models import Div
from bokeh.protocol import Protocol
from bokeh.protocol.receiver import Receiver
from bokeh.server.contexts import ApplicationContext
from bokeh.server.session import ServerSession
from bokeh.server.views.session_handler import SessionHandler
from bokeh.server.views.ws import WSHandler

from widgets.server.access import install_access_control
from widgets.server.patches import ORIGINALS, PATCHES, install_patches

OVERRIDES = [
    (SessionHandler, "get_session", "(self)"),
    (SessionHandler, "get", "(self, *args, **kwargs)"),
    (WSHandler, "prepare", "(self)"),
    (WSHandler, "check_origin", "(self, origin)"),
    # Bokeh 3.10 renames the parameter; tornado passes it by position.
    (WSHandler, "on_message", "(self, fragment)", "(self, message)"),
    (WSHandler, "close", "(self, code=None, reason=None)"),
    (Application, "initialize_document", "(self, doc)"),
    (Handler, "on_session_created", "(self, session_context)"),
    (Handler, "on_session_destroyed", "(self, session_context)"),
    (Handler, "modify_document", "(self, doc)"),
]


def read_signature(function):
    """A signature without its annotations, which differ between releases."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_patched_functions_have_the_expected_signature(patch):
    if not patch.is_needed:
        pytest.skip("this release needs no such patch")
    assert ORIGINALS[patch.name] is not None
    assert read_signature(ORIGINALS[patch.name]) == patch.signature


@pytest.mark.parametrize("row", OVERRIDES, ids=lambda row: f"{row[0].__name__}.{row[1]}")
def test_overridden_methods_have_the_expected_signature(row):
    owner, name, *signatures = row
    assert read_signature(getattr(owner, name)) in signatures


@pytest.fixture(scope="module")
def owners():
    """One object for each class of Bokeh and Panel whose private attributes the code reads."""
    document = Document()
    context = ApplicationContext(Application())
    return {
        "context": context,
        "application": context.application,
        "session": ServerSession("id", document),
        "callbacks": document.callbacks,
        "models": document.models,
        "model": Div(),
        "receiver": Receiver(Protocol()),
        "state": pn.state,
        "widget": pn.widgets.IntSlider(),
    }


@pytest.mark.parametrize(
    "path",
    [
        "context._sessions",
        "context._pending_sessions",
        "application._handlers",
        "session._subscribed_connections",
        "session._pending_writes",
        "session._current_patch_connection",
        "callbacks._held_events",
        "models._models",
        "models._new_models",
        "models.synced_references",
        "model._unstable_default_values",
        "receiver._HEADER",
        "receiver._current_consumer",
        "state._connected",
        "state._thread_id",
        "widget._debounce",
    ],
)
def test_private_attributes_exist(owners, path):
    owner, name = path.split(".")
    assert hasattr(owners[owner], name)


def test_a_second_installation_changes_nothing():
    install_patches()
    install_access_control()
    installed = [getattr(patch.owner, patch.attribute) for patch in PATCHES if patch.is_needed]
    patterns = list(urls.per_app_patterns)
    install_patches()
    install_access_control()
    assert installed == [
        getattr(patch.owner, patch.attribute) for patch in PATCHES if patch.is_needed
    ]
    assert patterns == urls.per_app_patterns
