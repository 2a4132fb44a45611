"""One Dask client for all sessions of a process.

The scheduler and the workers that are started here accept only each other and the client: all their
connections need a certificate that exists in the memory of these processes alone. Without it, every
user of the machine could have the workers run code as the user who started them.
"""

import atexit
import threading
from functools import lru_cache
from typing import Any

CONNECT_S = 10


def open_client(address: str | None) -> tuple[Any, Any]:
    """Open a client of a Dask scheduler.

    Parameters
    ----------
    address : str or None
        Address of the scheduler; None starts workers on this machine.

    Returns
    -------
    client : distributed.Client
        The client.
    workers : distributed.LocalCluster or None
        The workers, if they were started here.

    Raises
    ------
    OSError
        No scheduler answers at the address, or no workers can be started here.
    """
    import distributed

    workers = None
    try:
        if address is None:
            workers = start_workers()
        target = address if workers is None else workers
        return distributed.Client(target, timeout=CONNECT_S, set_as_default=False), workers
    except (OSError, ValueError) as error:
        if workers is not None:
            workers.close()
        where = address or "this machine"
        raise OSError(f"No Dask scheduler answers at {where}: {error}") from None


def start_workers(n_workers: int | None = None) -> Any:
    """Start a scheduler and workers on this machine that other users cannot connect to.

    Parameters
    ----------
    n_workers : int, optional
        Number of worker processes; default one for each processor.

    Returns
    -------
    distributed.LocalCluster

    Raises
    ------
    OSError
        The package that makes the certificates is not installed.
    """
    import distributed

    try:
        security = distributed.Security.temporary()
    except ImportError as error:
        raise OSError(
            "workers on this machine need certificates, and the package cryptography makes them: "
            'pip install "clusterer[dask]"'
        ) from error
    return distributed.LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        host="127.0.0.1",
        protocol="tls://",
        security=security,
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        silence_logs=50,
    )


class Connection:
    """A client that opens when it is first needed and closes with the process.

    Threads may share it.

    Parameters
    ----------
    address : str, optional
        Address of the scheduler; None starts workers on this machine.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._client: Any = None

    def client(self) -> Any:
        """The client; opening it takes seconds. Raises OSError if no scheduler answers."""
        with self._lock:
            if self._client is None or self._client.status not in ("running", "connecting"):
                self._client, workers = open_client(self._address)
                if workers is not None:
                    atexit.register(workers.close)
                atexit.register(self._client.close)
            return self._client

    @property
    def dashboard_link(self) -> str:
        """The address of Dask's dashboard; empty if there is none."""
        client = self._client
        link = client.dashboard_link if client is not None else ""
        return link if link and link.startswith(("http://", "https://")) else ""


@lru_cache
def share_connection(address: str | None = None) -> Connection:
    """The connection of this process to a scheduler; always the same for one address."""
    return Connection(address or None)
