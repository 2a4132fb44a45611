"""Serve the dashboard: ``make run``, ``python app.py`` or ``panel serve app.py``."""

import os
import sys

import panel as pn

from clusterer.session.saving.store import RunStore
from clusterer.support.logs import start_log
from widgets import Dashboard
from widgets.server.options import ServerOptions, check_data
from widgets.server.patches import install_patches
from widgets.server.serve import serve_pages

install_patches()


def open_session(store: RunStore | None = None) -> pn.viewable.Viewable:
    """Build the page of one session.

    DATA names a table to start with, or a folder of tables to choose from; SCHEDULER is the address
    of a Dask scheduler that learns the folder (default: one in this process).
    """
    data, scheduler = os.environ.get("DATA") or None, os.environ.get("SCHEDULER") or None
    return Dashboard(data, scheduler=scheduler).page(store)


def serve() -> None:
    """Serve until interrupted; docs/deployment.md lists the environment variables."""
    try:
        check_data(os.environ.get("DATA"))
        options = ServerOptions.from_environment()
        print(f"Online clustering: {options.url}", flush=True)
        start_log()
        serve_pages(open_session, options)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    serve()
elif __name__.startswith("bokeh"):
    open_session().servable()
