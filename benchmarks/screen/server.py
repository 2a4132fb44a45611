"""The measured server: our dashboard, or a plain `hv.DynamicMap` with a `Buffer`.

``python -m benchmarks.screen.server PORT`` serves the dashboard at ``/``, with the settings of its
link, and the other one at ``/holoviews?length=5000``. ``/measure`` returns the work of the event
loop since the last request: the server times every callback and counts every byte that it sends.
"""

import asyncio.events
import sys
import time
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmui
from bokeh.core.properties import Float
from bokeh.model import DataModel
from bokeh.models import CustomJS
from tornado.iostream import IOStream
from tornado.web import RequestHandler

from clusterer.datasets import make_generator
from tests.support.servers import read_resident_bytes
from widgets import Dashboard
from widgets.server.patches import install_patches

N_NEW = 200
PERIOD_MS = 25
# Changes that one animation frame draws together count once.
PAINTED = """
    window.frame ??= requestAnimationFrame(() => {
        window.frame = null
        window.n_painted = (window.n_painted ?? 0) + 1
    })
"""
ANSWERED = "window.answered?.(cb_obj.echo)"


class Probe(DataModel):
    """Echo of a slider's value on the server, by which the browser times the round trip."""

    echo = Float(default=-1.0)


class Record:
    """Work of the event loop: wall and CPU seconds of its callbacks, bytes sent."""

    def __init__(self) -> None:
        self.begin = time.perf_counter()
        self.cpu_begin = time.process_time()
        self.busy_s = self.cpu_s = self.longest_s = self.longest_cpu_s = 0.0
        self.n_bytes = 0

    def add(self, wall_s: float, cpu_s: float) -> None:
        self.busy_s += wall_s
        self.cpu_s += cpu_s
        self.longest_s = max(self.longest_s, wall_s)
        self.longest_cpu_s = max(self.longest_cpu_s, cpu_s)

    def read(self) -> dict[str, float]:
        return {
            "elapsed_s": time.perf_counter() - self.begin,
            "process_cpu_s": time.process_time() - self.cpu_begin,
            "busy_s": self.busy_s,
            "loop_cpu_s": self.cpu_s,
            "longest_s": self.longest_s,
            "longest_cpu_s": self.longest_cpu_s,
            "n_bytes": self.n_bytes,
            "memory_bytes": read_resident_bytes(),
        }


record = Record()


def time_callbacks() -> None:
    """Time each callback of the event loop."""
    run = asyncio.events.Handle._run

    def run_timed(self: asyncio.events.Handle) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        run(self)
        record.add(time.perf_counter() - wall, time.thread_time() - cpu)

    asyncio.events.Handle._run = run_timed  # type: ignore[method-assign]


def count_bytes() -> None:
    """Count the bytes that the server sends."""
    write = IOStream.write

    def write_counted(self: IOStream, data: Any) -> Any:
        record.n_bytes += len(data)
        return write(self, data)

    IOStream.write = write_counted  # type: ignore[method-assign]


class Measure(RequestHandler):
    """Send the record as JSON and begin a new one."""

    def get(self) -> None:
        global record
        self.write(record.read())
        record = Record()


def make_probe() -> Probe:
    probe = Probe(name="probe")
    probe.js_on_change("echo", CustomJS(code=ANSWERED))
    return probe


def open_ours() -> pn.viewable.Viewable:
    """Open our dashboard, whose noise slider is timed."""
    dashboard = Dashboard()
    probe = make_probe()
    dashboard.settings.param.watch(lambda event: probe.update(echo=event.new), "noise")
    page = dashboard.page()
    plot = dashboard._figure.figure
    plot.tags = [*plot.tags, probe]
    for source in (dashboard._figure.points, dashboard._figure.prototypes):
        for event in ("data", "streaming"):
            source.js_on_change(event, CustomJS(code=PAINTED))
    return page


def open_holoviews() -> pn.viewable.Viewable:
    """Open the standard way: a periodic callback feeds a Buffer, a DynamicMap draws the points."""
    length = int(pn.state.session_args.get("length", [b"5000"])[0])
    source = make_generator("blobs")
    example = pd.DataFrame(np.empty((0, 2)), columns=["x1", "x2"])
    buffer = hv.streams.Buffer(example, length=length, index=False)
    probe = make_probe()

    def watch_paints(plot: Any, element: Any) -> None:
        data = plot.handles["cds"]
        if not data.js_property_callbacks:
            for event in ("data", "streaming"):
                data.js_on_change(event, CustomJS(code=PAINTED))
        plot.state.tags = [probe]

    points = hv.DynamicMap(hv.Points, streams=[buffer]).opts(
        size=5, alpha=0.55, responsive=True, min_height=600, hooks=[watch_paints], framewise=True
    )
    slider = pmui.FloatSlider(label="Noise", start=0.0, end=0.5, step=0.01)
    slider.param.watch(lambda event: probe.update(echo=event.new), "value")

    def feed() -> None:
        buffer.send(pd.DataFrame(source.take(N_NEW).points, columns=["x1", "x2"]))

    pn.state.onload(lambda: pn.state.add_periodic_callback(feed, PERIOD_MS))
    return pn.Column(slider, pn.pane.HoloViews(points, sizing_mode="stretch_both"))


def serve(port: int) -> None:
    """Serve until the process ends."""
    hv.extension("bokeh")
    install_patches()
    count_bytes()
    time_callbacks()
    pn.serve(
        {"/": open_ours, "holoviews": open_holoviews},
        port=port,
        address="localhost",
        show=False,
        verbose=False,
        extra_patterns=[("/measure", Measure)],
    )


if __name__ == "__main__":
    serve(int(sys.argv[1]))
