"""What operators count, in Prometheus' words; one registry per application, so that tests do not share one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from api.judge_card import JudgeMetrics
from api.store_metrics import StoreMetrics
from api.telemetry import Telemetry
from memory.records import Lag

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of the front door, and the traces. Labels never carry ids or text of users."""

    def __init__(self, telemetry: Telemetry | None = None) -> None:
        """Make a fresh registry with everything at zero; no telemetry traces nothing."""
        self.telemetry = telemetry or Telemetry()
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "multidb_http_requests_total", "HTTP answers.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "multidb_http_request_seconds",
            "Time to the end of an answer; streams left out.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.runs = Counter("multidb_runs_total", "Ended runs.", ("status", "effort"), registry=self.registry)
        self.run_seconds = Histogram(
            "multidb_run_seconds", "Admission to end.", ("effort",), buckets=SECONDS, registry=self.registry
        )
        self.first_text_seconds = Histogram(
            "multidb_run_first_text_seconds",
            "Admission to the first piece of an answer.",
            ("effort",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.tokens = Counter("multidb_tokens_total", "Tokens charged.", registry=self.registry)
        self.live_runs = Gauge("multidb_runs_live", "Runs under way.", registry=self.registry)
        self.streams = Gauge("multidb_streams_open", "Open event streams.", registry=self.registry)
        self.streams_cut = Counter(
            "multidb_streams_cut_total", "Streams cut for want of progress.", registry=self.registry
        )
        self.recoveries = Counter(
            "multidb_recoveries_total",
            "Runs taken up again after a crash or a store's failure.",
            registry=self.registry,
        )
        self.outbox = Gauge(
            "multidb_outbox_turns", "Turns that have not reached their store.", ("state",), registry=self.registry
        )
        self.outbox_seconds = Gauge(
            "multidb_outbox_oldest_seconds", "How long the oldest of them has waited.", registry=self.registry
        )
        self.cached_answers = Counter(
            "multidb_cached_answers_total", "Answers looked for in the cache.", ("result",), registry=self.registry
        )
        self.degraded = Counter("multidb_degraded_total", "Parts that were gone.", ("part",), registry=self.registry)
        self.stores = StoreMetrics()
        self.registry.register(self.stores)
        self.judge = JudgeMetrics()
        self.registry.register(self.judge)

    def show_outbox(self, lag: Lag) -> None:
        """Show how far the conversations' store is behind."""
        self.outbox.labels("waiting").set(lag.waiting)
        self.outbox.labels("refused").set(lag.refused)
        self.outbox_seconds.set(lag.oldest_s)
