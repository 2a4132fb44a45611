"""Sockets: frames leave at once, messages end somewhere, and who is gone is found out."""

from typing import Any

from bokeh.server.views.ws import WSHandler

from widgets.server.message_batching import send_in_bundles

MOST_MESSAGE_BYTES = 8 * 2**20
"""A browser sends no more at once than a piece of an upload, of 2 MiB."""

KEPT = {
    "websocket_max_message_size": MOST_MESSAGE_BYTES,
    # Whoever does not answer is gone, or reads too slowly for what has to be kept meanwhile.
    "websocket_ping_interval": 20.0,
    "websocket_ping_timeout": 20.0,
    # A page that has lost its socket comes anew: its place is not to be taken for longer.
    "unused_session_lifetime_milliseconds": 15_000,
    "check_unused_sessions_milliseconds": 4_000,
}
"""What a server is told of its websockets."""


def prepare_sockets() -> None:
    """Have all websockets opened from now on send at once. Calling this twice does no harm."""
    send_without_delay()
    send_in_bundles()


def send_without_delay() -> None:
    """Turn Nagle's algorithm off.

    Waiting to fill packets halves the frame rate and doubles the answer time of every control.
    """
    if getattr(WSHandler.open, "is_without_delay", False):
        return
    open_socket = WSHandler.open

    def open_without_delay(self: WSHandler, *args: Any, **kwargs: Any) -> Any:
        self.set_nodelay(True)
        return open_socket(self, *args, **kwargs)

    open_without_delay.is_without_delay = True  # type: ignore[attr-defined]
    WSHandler.open = open_without_delay
