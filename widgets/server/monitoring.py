"""Monitoring: /health for people and load balancers, /metrics for Prometheus."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.web import RequestHandler

from clusterer.session.saving.store import RunStore
from clusterer.session.scheduling.scheduler import EngineScheduler
from clusterer.support.errors import error_counts
from widgets.server.access import AccessControl
from widgets.server.connections import ConnectionLimits
from widgets.server.page_builder import documents

PREFIX = "clusterer_"


class ServerMetrics:
    """The metrics of one server: totals only, nothing about a single session."""

    def __init__(
        self,
        access: AccessControl,
        scheduler: EngineScheduler,
        limits: ConnectionLimits,
        store: RunStore | None = None,
    ) -> None:
        self._access = access
        self._scheduler = scheduler
        self._limits = limits
        self._store = store
        self._started_at = time.monotonic()
        self.registry = CollectorRegistry()
        # Memory, CPU time and open files, where the operating system reports them.
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def describe_health(self) -> dict[str, Any]:
        """The content of /health."""
        tally = self._scheduler.count()
        return {
            "status": "ok" if self._access.has_room() else "full",
            "sessions": self._access.n_sessions,
            "most_sessions": self._access.most_sessions,
            "connections": self._limits.n_open,
            "most_connections": self._limits.most,
            "points": tally.n_points,
            "uptime_s": round(time.monotonic() - self._started_at, 1),
            "store": "off" if self._store is None else self._store.problem or "ok",
        }

    def collect(self) -> Iterator[Metric]:
        """The content of /metrics, in the form that the registry expects."""
        tally = self._scheduler.count()
        access, limits = self._access, self._limits
        for name, text, value in (
            ("sessions", "Open sessions", access.n_sessions),
            ("most_sessions", "Largest number of open sessions", access.most_sessions),
            ("connections", "Open connections, WebSockets included", limits.n_open),
            ("most_connections", "Largest number of open connections", limits.most),
            ("engines", "Engines in memory", tally.n_engines),
            ("engines_playing", "Engines that stream points", tally.n_playing),
            ("commands_waiting", "Commands that wait for their engine", tally.n_waiting),
            ("threads", "Threads of the process", threading.active_count()),
            ("tasks", "Tasks of the event loop", len(asyncio.all_tasks())),
            ("callbacks", "Callbacks of sessions on the event loop", access.n_callbacks),
            ("documents", "Pages in memory, closed sessions included", len(documents)),
        ):
            yield GaugeMetricFamily(PREFIX + name, text, value=value)
        for name, text, value in (
            ("points_learned", "Points learned", tally.n_points),
            (
                "sessions_refused",
                "Sessions refused because all places were taken",
                access.n_refused_sessions,
            ),
            ("tokens_refused", "Forged or expired tokens", access.n_refused_tokens),
            (
                "origins_refused",
                "WebSockets from origins that are not allowed",
                access.n_refused_origins,
            ),
            ("connections_refused", "Connections refused, as many were open", limits.n_refused),
            (
                "connections_closed",
                "Unfinished connections closed because a new one needed the place",
                limits.n_closed,
            ),
        ):
            yield CounterMetricFamily(PREFIX + name, text, value=value)
        errors = CounterMetricFamily(PREFIX + "errors", "Unexpected errors", labels=["kind"])
        for kind, n in sorted(error_counts.items()):
            errors.add_metric([kind], n)
        yield errors


class HealthHandler(RequestHandler):
    """Answers JSON, with status 200 as long as the server works."""

    def initialize(self, metrics: ServerMetrics) -> None:
        self._metrics = metrics

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write(self._metrics.describe_health())


class MetricsHandler(RequestHandler):
    """Answers the text format that Prometheus reads."""

    def initialize(self, metrics: ServerMetrics) -> None:
        self._metrics = metrics

    def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.write(generate_latest(self._metrics.registry))
