"""Options of the server, and the environment variables that set them: see docs/deployment.md."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from clusterer.session.saving.store import RunStore
from clusterer.tables import TableError, open_table
from widgets.server.connections import ConnectionLimits

CONNECTIONS_PER_SESSION, LEAST_DEFAULT = 4, 64
"""A browser loads a page with up to 6 connections, and then holds one, its WebSocket."""


@dataclass(frozen=True)
class ServerOptions:
    """Where and how to serve.

    Parameters
    ----------
    address, port
        The network address to listen on.
    origins : tuple of str
        The hosts, as ``host`` or ``host:port``, whose pages may connect; default: the address.
    most_sessions : int
        Largest number of sessions open at once.
    secret : str
        Signs the tokens of the sessions; default: a new random text.
    ancestors : str
        The sources whose pages may embed the page, as in the policy's ``frame-ancestors``.
    store : Path or None
        The folder of saved runs; None saves no runs.
    keep_days, keep_mb : int
        Age and total size (MB) from which on the store deletes runs.
    most_connections : int, optional
        Largest number of connections open at once; default: 4 for each session, at least 64.
    most_per_address : int, optional
        Largest number of connections from one network address; default: half of all, so that no
        address takes all places. Behind a proxy all visitors have the proxy's address.
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
    most_connections: int | None = None
    most_per_address: int | None = None

    @classmethod
    def from_environment(cls) -> "ServerOptions":
        """Read ADDRESS, PORT, ORIGINS, …; raise ValueError for a value that is not allowed."""
        secret = os.environ.get("SECRET") or os.environ.get("BOKEH_SECRET_KEY")
        return cls(
            address=os.environ.get("ADDRESS") or "localhost",
            port=read_number("PORT", 5006, 0, 65_535),
            origins=tuple(filter(None, os.environ.get("ORIGINS", "").replace(",", " ").split())),
            most_sessions=read_number("MOST_SESSIONS", 100, 1, 10_000),
            ancestors=os.environ.get("FRAMED_BY") or "'self'",
            store=find_store(os.environ.get("STORE", "")),
            keep_days=read_number("KEEP_DAYS", 7, 1, 36_500),
            keep_mb=read_number("KEEP_MB", 2048, 1, 10**9),
            most_connections=read_optional_number("MOST_CONNECTIONS", 8, 100_000),
            most_per_address=read_optional_number("MOST_PER_ADDRESS", 1, 100_000),
            **({"secret": secret} if secret else {}),
        )

    def open_store(self) -> RunStore | None:
        """Open the store of saved runs. `RunStore.problem` says if the folder cannot be used."""
        if self.store is None:
            return None
        return RunStore(self.store, days=self.keep_days, most_bytes=self.keep_mb * 2**20)

    def limit_connections(self) -> ConnectionLimits:
        """The limits on connections; fewer if the process may open only few files."""
        usual = max(LEAST_DEFAULT, CONNECTIONS_PER_SESSION * self.most_sessions)
        limits = ConnectionLimits(self.most_connections or usual)
        limits.most_per_address = self.most_per_address or max(limits.most // 2, 1)
        return limits

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host = "localhost" if self.address in ("", "0.0.0.0", "::") else self.address
        return f"http://{host}:{self.port}"

    @property
    def hosts(self) -> list[str]:
        """The allowed hosts, each with its port."""
        hosts = self.origins or (self.address, "127.0.0.1", "localhost")
        port = self.port if not self.origins else 80
        return [each if has_port(each) else f"{each}:{port}" for each in dict.fromkeys(hosts)]


def read_number(name: str, default: int, lowest: int, highest: int) -> int:
    """Read a whole number from an environment variable.

    Raises
    ------
    ValueError
        If the value is not a whole number from ``lowest`` to ``highest``.
    """
    text = os.environ.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise ValueError(f"{name} is {text!r}; allowed: a whole number from {lowest} to {highest}")
    return number


def read_optional_number(name: str, lowest: int, highest: int) -> int | None:
    """Read a whole number as `read_number` does; None if the variable is not set."""
    return read_number(name, lowest, lowest, highest) if os.environ.get(name) else None


def find_store(text: str) -> Path | None:
    """The folder that ``text`` names; None for "off"; the user's state folder for no text.

    >>> find_store("off"), str(find_store("runs"))
    (None, 'runs')
    """
    if text.strip().lower() in ("off", "no", "0", "false"):
        return None
    if text:
        return Path(text)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "clusterer"


def has_port(host: str) -> bool:
    """Whether a host includes its port.

    >>> has_port("localhost"), has_port("localhost:80"), has_port("[::1]"), has_port("*")
    (False, True, False, True)
    """
    return host == "*" or ":" in host.rpartition("]")[2]


def check_data(path: str | None) -> None:
    """Raise ValueError if the file that DATA names is not a table.

    The tables of a folder are checked when the user chooses one.
    """
    if path and not os.path.isdir(path):
        try:
            open_table(path)
        except (TableError, OSError) as error:
            raise ValueError(f"DATA: {error}") from error
