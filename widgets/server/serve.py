"""Serving: the pages to whoever may see them, until the process is told to end."""

import gc
import logging
import os
import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.server.server import Server
from threadpoolctl import threadpool_limits

from clusterer.session.saving.store import RunStore
from clusterer.session.scheduling.scheduler import engine_scheduler
from clusterer.support.errors import log_unexpected_error
from clusterer.support.temp_folders import temp_folders
from widgets.page.notifications import open_page_or_error, show_error
from widgets.server.access import AccessControl, install_access_control
from widgets.server.memory import share_arenas
from widgets.server.monitoring import Health, Metrics, ServerMetrics
from widgets.server.security_headers import make_security_headers
from widgets.server.websocket import KEPT, prepare_sockets

log = logging.getLogger(__name__)

TOKEN_S = 300

OpenPage = Callable[[RunStore | None], pn.viewable.Viewable]


def read_number(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number from the environment. ValueError says what is wrong with it."""
    text = os.environ.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise ValueError(f"{name} is {text!r}; allowed: a whole number from {lowest} to {highest}")
    return number


@dataclass(frozen=True)
class ServerOptions:
    """How to serve.

    ``address`` and ``port`` are what is listened on; ``origins`` (host or host:port) are where
    pages come from, default just those; ``most_sessions`` may be open at once; ``secret`` signs
    the sessions' tokens; ``ancestors`` may show the page in a frame; runs are kept in ``store``
    (None: they are not) for ``keep_days``, all together in ``keep_mb``.
    """

    address: str = "localhost"
    port: int = 5006
    origins: tuple[str, ...] = ()
    most_sessions: int = 100
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    ancestors: str = "'self'"
    store: Path | None = None
    keep_days: int = 7
    keep_mb: int = 2048

    @classmethod
    def from_environment(cls) -> "ServerOptions":
        """What ADDRESS, PORT, ORIGINS, MOST_SESSIONS, SECRET, FRAMED_BY, STORE, … say."""
        given = os.environ.get("SECRET") or os.environ.get("BOKEH_SECRET_KEY")
        return cls(
            address=os.environ.get("ADDRESS") or "localhost",
            port=read_number("PORT", 5006, 0, 65_535),
            origins=tuple(filter(None, os.environ.get("ORIGINS", "").replace(",", " ").split())),
            most_sessions=read_number("MOST_SESSIONS", 100, 1, 10_000),
            ancestors=os.environ.get("FRAMED_BY") or "'self'",
            store=find_store(os.environ.get("STORE", "")),
            keep_days=read_number("KEEP_DAYS", 7, 1, 36_500),
            keep_mb=read_number("KEEP_MB", 2048, 1, 10**9),
            **({"secret": given} if given else {}),
        )

    def open_store(self) -> RunStore | None:
        """Where runs are kept. Raises OSError where that can't be."""
        if self.store is None:
            return None
        return RunStore(self.store, days=self.keep_days, most_bytes=self.keep_mb * 2**20)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = "localhost" if self.address in ("", "0.0.0.0", "::") else self.address
        return f"http://{host}:{self.port}"

    @property
    def hosts(self) -> list[str]:
        """The hosts, each with its port, that pages come from."""
        given = self.origins or (self.address, "127.0.0.1", "localhost")
        port = self.port if not self.origins else 80
        return [each if has_port(each) else f"{each}:{port}" for each in dict.fromkeys(given)]


def find_store(told: str) -> Path | None:
    """The folder told; none for "off"; by default one of the user's own.

    >>> find_store("off"), str(find_store("runs"))
    (None, 'runs')
    """
    if told.strip().lower() in ("off", "no", "0", "false"):
        return None
    if told:
        return Path(told)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "clusterer"


def has_port(host: str) -> bool:
    """Whether a host names its port.

    >>> has_port("localhost"), has_port("localhost:80"), has_port("[::1]"), has_port("*")
    (False, True, False, True)
    """
    return host == "*" or ":" in host.rpartition("]")[2]


def serve_pages(open_page: OpenPage, offer: ServerOptions, **options: Any) -> Any:
    """Serve until SIGTERM or Ctrl-C; ``options`` are further ones of `panel.serve`.

    With ``threaded=True`` it returns the server's thread at once. Raises OSError where the port
    is taken.
    """
    prepare_sockets()
    share_arenas()
    # Its threads spin between calls: with many sessions they took two fifths of a core for nothing.
    threadpool_limits(1, user_api="blas")
    temp_folders.delete_abandoned()
    pn.config.exception_handler = show_error
    store = offer.open_store()
    door = AccessControl(offer.most_sessions, offer.hosts)
    install_access_control()
    vitals = ServerMetrics(door, engine_scheduler)
    server = pn.serve(
        lambda: open_page_or_error(open_page, store),
        port=offer.port,
        address=offer.address,
        websocket_origin=offer.hosts,
        show=False,
        verbose=False,
        start=bool(options.get("threaded")),
        secret_key=offer.secret.encode(),
        sign_sessions=True,
        session_token_expiration=TOKEN_S,
        door=door,
        transforms=[make_security_headers(offer.ancestors)],
        extra_patterns=[
            (r"/health", Health, {"vitals": vitals}),
            (r"/metrics", Metrics, {"vitals": vitals}),
        ],
        **KEPT | options,
    )
    if options.get("threaded"):
        return server
    run(server)
    if store is not None:
        store.close()
    return None


def run(server: Server) -> None:
    """Serve until a signal comes, then end every session and leave nothing behind."""
    loop = server.io_loop
    for number in (signal.SIGTERM, signal.SIGINT):
        # Where the loop takes no signals, Ctrl-C raises KeyboardInterrupt.
        with suppress(NotImplementedError):
            loop.asyncio_loop.add_signal_handler(number, loop.stop)
    server.start()
    # What is there by now stays: nobody need look through it for garbage again and again.
    gc.collect()
    gc.freeze()
    log.info("serving on port %d", server.port)
    with suppress(KeyboardInterrupt):
        loop.start()
    n_ended = end_sessions(server)
    server.stop(wait=False)
    temp_folders.close()
    log.info("ended with %d sessions open", n_ended)


def end_sessions(server: Server) -> int:
    """Have all sessions free what they hold; returns how many there were."""
    n_ended = 0
    for context in server._tornado.applications.values():
        for session in list(context.sessions):
            document = session.document
            for callback in list(document.session_destroyed_callbacks):
                try:
                    callback(document.session_context)
                except Exception as error:
                    log_unexpected_error(error)
            n_ended += 1
    return n_ended
