"""Serving: start the server with its patches, limits and store; stop it without leftovers."""

import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import panel as pn
from bokeh.server.server import Server
from bokeh.settings import settings
from threadpoolctl import threadpool_limits

from clusterer.session.compile_kernels import start_compiling
from clusterer.session.saving.store import RunStore
from clusterer.session.scheduling.scheduler import engine_scheduler
from clusterer.support.temp_folders import temp_folders
from widgets.page.notifications import open_page_or_error, show_error
from widgets.page.page_layout import TITLE
from widgets.page.printing import ReportHandler
from widgets.server.access import SETTING, AccessControl, install_access_control
from widgets.server.connections import HTTP_OPTIONS, install_limited_server
from widgets.server.memory import limit_malloc_arenas, release_garbage
from widgets.server.monitoring import HealthHandler, MetricsHandler, ServerMetrics
from widgets.server.options import ServerOptions
from widgets.server.page_builder import free_session
from widgets.server.patches import install_patches
from widgets.server.security_headers import make_security_headers
from widgets.server.websocket import WEBSOCKET_OPTIONS

log = logging.getLogger(__name__)

TOKEN_LIFETIME_S = 300

OpenPage = Callable[[RunStore | None], pn.viewable.Viewable]


def serve_pages(open_page: OpenPage, options: ServerOptions, **further: Any) -> Any:
    """Serve until SIGTERM or Ctrl-C.

    Parameters
    ----------
    open_page : callable
        Builds the page of one session; its argument is the store, or None.
    options : ServerOptions
        Address, limits and store.
    **further
        More options of `panel.serve`. With ``threaded=True`` the function returns the server's
        thread at once.

    Raises
    ------
    OSError
        If the port is in use.
    """
    start_compiling()
    install_patches()
    install_access_control()
    install_limited_server()
    # These checks look for models that miss a required value and for callbacks with a wrong number
    # of arguments, which the tests find.
    settings.perform_document_validation = False
    settings.perform_error_diagnostics = False
    limit_malloc_arenas()
    # The threads of BLAS spin between calls: with many sessions this wastes 40 % of a core.
    threadpool_limits(1, user_api="blas")
    temp_folders.delete_abandoned()
    pn.config.exception_handler = show_error
    store = options.open_store()
    access = AccessControl(options.most_sessions, options.hosts)
    limits = options.limit_connections()
    metrics = ServerMetrics(access, engine_scheduler, limits, store)
    server = pn.serve(
        lambda: open_page_or_error(open_page, store),
        port=options.port,
        address=options.address,
        websocket_origin=options.hosts,
        show=False,
        verbose=False,
        title=TITLE,
        start=bool(further.get("threaded")),
        secret_key=options.secret.encode(),
        sign_sessions=True,
        session_token_expiration=TOKEN_LIFETIME_S,
        http_server_kwargs={"limits": limits} | HTTP_OPTIONS,
        transforms=[make_security_headers(options.ancestors)],
        extra_patterns=[
            (r"/health", HealthHandler, {"metrics": metrics}),
            (r"/metrics", MetricsHandler, {"metrics": metrics}),
            (r"/report", ReportHandler),
        ],
        **{SETTING: access} | WEBSOCKET_OPTIONS | further,
    )
    if further.get("threaded"):
        return server
    run(server)
    if store is not None:
        store.close()
    return None


def run(server: Server) -> None:
    """Serve until a signal arrives, then end all sessions and delete all temporary files."""
    loop = server.io_loop
    for number in (signal.SIGTERM, signal.SIGINT):
        # On systems whose event loop accepts no signals, Ctrl-C raises KeyboardInterrupt.
        with suppress(NotImplementedError):
            loop.asyncio_loop.add_signal_handler(number, loop.stop)
    server.start()
    # The modules loaded so far stay; later collections need not search them.
    release_garbage()
    log.info("serving on port %d", server.port)
    with suppress(KeyboardInterrupt):
        loop.start()
    n_ended = end_sessions(server)
    server.stop(wait=False)
    temp_folders.close()
    log.info("server stopped; open sessions: %d", n_ended)


def end_sessions(server: Server) -> int:
    """End all sessions and return their number."""
    contexts = server._tornado.applications.values()
    sessions = [session for context in contexts for session in context.sessions]
    for session in sessions:
        free_session(session.document, session.document.session_context)
    return len(sessions)
