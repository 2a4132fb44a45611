"""Serve the dashboard: ``make run``, ``python app.py`` or ``panel serve app.py``."""

from __future__ import annotations

import os
import sys

# The processes of Dask's workers import this file too, and need nothing of it.
if __name__ != "__mp_main__":
    import panel as pn

    from clusterer.tables import TableError, open_table
    from widgets import Dashboard
    from widgets.sockets import send_without_delay

    send_without_delay()


def open_session() -> pn.viewable.Viewable:
    """One dashboard a session; it begins with the table that DATA names, or offers its folder.

    SCHEDULER is the address of a Dask scheduler to learn that folder by, default one started here.
    """
    scheduler = os.environ.get("SCHEDULER") or None
    return Dashboard(os.environ.get("DATA") or None, scheduler=scheduler).page()


def serve() -> None:
    """Serve on PORT, default 5006, until interrupted."""
    path = os.environ.get("DATA")
    # Of a folder the tables are at hand, and each is read when it is chosen.
    if path and not os.path.isdir(path):
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
