"""Serve the dashboard: ``make run``, ``python app.py`` or ``panel serve app.py``."""

import os
import sys

import panel as pn

from clusterer.tables import TableError, open_table
from widgets import Dashboard
from widgets.sockets import send_without_delay

send_without_delay()


def open_session() -> pn.viewable.Viewable:
    """One dashboard a session; it begins with the table that DATA names, if it does."""
    return Dashboard(os.environ.get("DATA") or None).page()


def serve() -> None:
    """Serve on PORT, default 5006, until interrupted."""
    if path := os.environ.get("DATA"):
        try:
            open_table(path)
        except (TableError, OSError) as error:
            sys.exit(f"DATA: {error}")
    port = int(os.environ.get("PORT") or 5006)
    print(f"Online clustering: http://localhost:{port}", flush=True)
    pn.serve(open_session, port=port, show=False, verbose=False)


if __name__ == "__main__":
    serve()
elif __name__.startswith("bokeh"):
    open_session().servable()
