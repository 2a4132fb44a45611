"""WebSocket settings: message size, pings and timeouts."""

MAX_MESSAGE_BYTES = 8 * 2**20
"""Largest message of a browser. The page sends at most one piece of an upload (2 MiB) at once."""

WEBSOCKET_OPTIONS = {
    "websocket_max_message_size": MAX_MESSAGE_BYTES,
    # A browser that does not answer a ping is gone, or reads too slowly for the unsent messages.
    "websocket_ping_interval": 20.0,
    "websocket_ping_timeout": 20.0,
    # A page that lost its socket reconnects as a new session; free its place soon.
    "unused_session_lifetime_milliseconds": 15_000,
    "check_unused_sessions_milliseconds": 4_000,
}
"""Options of the Bokeh server for its WebSockets and sessions."""
