"""What the stores' servers and files came to, in Prometheus' words; read when somebody asks, counted by the stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from memory.breaker import State
from memory.meter import SECONDS, Failure
from memory.servers import Server

ENDS = (*map(str, SECONDS), "+Inf")


class StoreMetrics(Collector):
    """Four families with the label `store`: a server's technology, numbered from the second on, or a file's name."""

    def __init__(self) -> None:
        """Show nothing until servers are set."""
        self.servers: Sequence[Server] = ()

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield self._seconds()
        yield self._failures()
        yield self._circuits()
        yield self._connections()

    def _seconds(self) -> Metric:
        family = HistogramMetricFamily(
            "multidb_store_seconds", "Time of store calls; _count is calls.", labels=["store"]
        )
        for server in self.servers:
            meter = server.breaker.meter
            buckets = list(zip(ENDS, accumulate(meter.counts), strict=True))
            family.add_metric([server.name], buckets, meter.seconds)
        return family

    def _failures(self) -> Metric:
        family = CounterMetricFamily(
            "multidb_store_failures_total",
            "Store calls that failed: timeout, unreachable, refused (by the server), open (by the circuit).",
            labels=["store", "kind"],
        )
        for server in self.servers:
            for kind in get_args(Failure):
                family.add_metric([server.name, kind], server.breaker.meter.failures[kind])
        return family

    def _circuits(self) -> Metric:
        family = GaugeMetricFamily("multidb_store_circuit", "1 for the state that it is in.", labels=["store", "state"])
        for server in self.servers:
            for state in get_args(State) if server.technology != "sqlite" else ():
                family.add_metric([server.name, state], state == server.breaker.state)
        return family

    def _connections(self) -> Metric:
        family = GaugeMetricFamily(
            "multidb_store_connections",
            "Connections in_use, open, and the most there may be (limit); Cassandra: in_use and limit are requests.",
            labels=["store", "state"],
        )
        for server in self.servers:
            if tell := server.breaker.meter.pool:
                for state, count in zip(("in_use", "open", "limit"), tell(), strict=True):
                    family.add_metric([server.name, state], count)
        return family
