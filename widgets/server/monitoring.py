"""Health: what those who run a server want to know, for people and for Prometheus."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.web import RequestHandler

from clusterer.session.scheduling.scheduler import EngineScheduler
from clusterer.support.errors import error_counts
from widgets.server.access import AccessControl
from widgets.server.page_builder import documents

PREFIX = "clusterer_"


class ServerMetrics:
    """What is measured of a server: numbers of the whole, none of a single session."""

    def __init__(self, door: AccessControl, scheduler: EngineScheduler) -> None:
        self._door = door
        self._scheduler = scheduler
        self._started_at = time.monotonic()
        self.registry = CollectorRegistry()
        # Memory, processor time and open files, where the system tells.
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def tell(self) -> dict[str, Any]:
        """For people: is it well, and how full."""
        tally = self._scheduler.count()
        return {
            "status": "ok" if self._door.has_room() else "full",
            "sessions": self._door.n_sessions,
            "most_sessions": self._door.most_sessions,
            "points": tally.n_points,
            "uptime_s": round(time.monotonic() - self._started_at, 1),
        }

    def collect(self) -> Iterator[Metric]:
        """For Prometheus."""
        tally = self._scheduler.count()
        door = self._door
        for name, text, value in (
            ("sessions", "Sessions open", door.n_sessions),
            ("most_sessions", "Sessions that may be open", door.most_sessions),
            ("engines", "Engines alive", tally.n_engines),
            ("engines_playing", "Engines whose points stream in", tally.n_playing),
            ("commands_waiting", "Commands waiting for their engine", tally.n_waiting),
            ("threads", "Threads of the process", threading.active_count()),
            ("tasks", "Tasks of the event loop", len(asyncio.all_tasks())),
            ("callbacks", "Callbacks of sessions on the event loop", door.n_callbacks),
            ("documents", "Pages in memory, also of sessions that have ended", len(documents)),
        ):
            yield GaugeMetricFamily(PREFIX + name, text, value=value)
        for name, text, value in (
            ("points_learned", "Points learned", tally.n_points),
            ("sessions_refused", "Sessions refused since all places were taken", door.n_refused),
            ("tokens_refused", "Forged or expired tokens", door.n_forged),
            ("origins_refused", "Websockets from foreign pages", door.n_foreign),
        ):
            yield CounterMetricFamily(PREFIX + name, text, value=value)
        errors = CounterMetricFamily(PREFIX + "errors", "Unforeseen errors", labels=["kind"])
        for kind, n in sorted(error_counts.items()):
            errors.add_metric([kind], n)
        yield errors


class Health(RequestHandler):
    """JSON, with status 200 while pages are served."""

    def initialize(self, vitals: ServerMetrics) -> None:
        self._vitals = vitals

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write(self._vitals.tell())


class Metrics(RequestHandler):
    """The text that Prometheus reads."""

    def initialize(self, vitals: ServerMetrics) -> None:
        self._vitals = vitals

    def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.write(generate_latest(self._vitals.registry))
