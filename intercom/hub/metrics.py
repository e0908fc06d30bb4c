"""What the hub tells Prometheus; each hub of a process has a registry of its own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from intercom.hub.records import Records

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters and gauges of one hub."""

    def __init__(
        self, clients: Callable[[], int], calls: Callable[[], int], records: Records
    ) -> None:
        self._registry = CollectorRegistry()
        self._gauge("intercom_hub_clients", "Logged-in clients.", clients)
        self._gauge("intercom_hub_calls", "Calls that ring or are connected.", calls)
        self._gauge(
            "intercom_hub_records_waiting",
            "Calls whose record is not on the disk yet.",
            lambda: records.waiting,
        )
        self._gauge(
            "intercom_hub_records_lost",
            "Records given up while the disk refused them.",
            lambda: records.lost,
        )
        self.ended = Counter(
            "intercom_hub_calls_ended",
            "Calls that ended, by reason.",
            ["reason"],
            registry=self._registry,
        )
        self.refused = Counter(
            "intercom_hub_connections_refused",
            "Connections closed for what they said, by error code.",
            ["code"],
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, what: str, read: Callable[[], int]) -> None:
        Gauge(name, what, registry=self._registry).set_function(read)
