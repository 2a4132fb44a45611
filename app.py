"""Serve the dashboard: ``make run``, ``python app.py`` or ``panel serve app.py``."""

import os
import sys

import panel as pn

from clusterer.session.saving.store import RunStore
from clusterer.support.logs import start_log
from clusterer.tables import TableError, open_table
from widgets import Dashboard
from widgets.server.serve import ServerOptions, serve_pages
from widgets.server.websocket import prepare_sockets

prepare_sockets()


def open_session(store: RunStore | None = None) -> pn.viewable.Viewable:
    """One dashboard a session; it begins with the table that DATA names, or offers its folder.

    SCHEDULER is the address of a Dask scheduler to learn that folder by, default one started here.
    """
    scheduler = os.environ.get("SCHEDULER") or None
    return Dashboard(os.environ.get("DATA") or None, scheduler=scheduler).page(store)


def serve() -> None:
    """Serve on PORT, default 5006, until interrupted; docs/deployment.md tells what may be set."""
    path = os.environ.get("DATA")
    # Of a folder the tables are at hand, and each is read when it is chosen.
    if path and not os.path.isdir(path):
        try:
            open_table(path)
        except (TableError, OSError) as error:
            sys.exit(f"DATA: {error}")
    try:
        offer = ServerOptions.from_environment()
        print(f"Online clustering: {offer.url}", flush=True)
        start_log()
        serve_pages(open_session, offer)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    serve()
elif __name__.startswith("bokeh"):
    open_session().servable()
