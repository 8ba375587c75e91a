"""Numbers for Prometheus. Labelled by route, frame tag or code, never by person or room."""

from collections import defaultdict

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ithaca_http_requests", "HTTP requests", ["route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "ithaca_http_request_seconds", "Time to answer", ["route"], registry=self.registry
        )
        self.connections = Gauge(
            "ithaca_connections", "Open WebSocket connections", registry=self.registry
        )
        self.frames = Counter(
            "ithaca_frames", "Frames from clients", ["tag"], registry=self.registry
        )
        self._came: dict[type[msgspec.Struct], int] = defaultdict(int)
        self.refusals = Counter(
            "ithaca_refusals", "Requests and frames refused", ["code"], registry=self.registry
        )
        self.closes = Counter(
            "ithaca_closes", "Connections closed by the server", ["code"], registry=self.registry
        )
        self.audit_sessions = Gauge(
            "ithaca_ledger_audit_sessions",
            "Sessions that the last audit looked at",
            registry=self.registry,
        )
        self.audit_broken = Gauge(
            "ithaca_ledger_audit_broken",
            "Sessions that the last audit found not to be as they were written",
            registry=self.registry,
        )
        self.audit_seconds = Gauge(
            "ithaca_ledger_audit_seconds", "How long the last audit took", registry=self.registry
        )
        self.audit_last_run = Gauge(
            "ithaca_ledger_audit_last_run_timestamp_seconds",
            "When the last audit ended; 0: none since the start",
            registry=self.registry,
        )

    def count(self, frame: type[msgspec.Struct]) -> None:
        """A frame of that type has come."""
        self._came[frame] += 1  # a counter's own sum takes as long as reading the frame

    def audited(self, sessions: int, broken: int, seconds: float, now_us: int) -> None:
        """How an audit of the ledger went."""
        self.audit_sessions.set(sessions)
        self.audit_broken.set(broken)
        self.audit_seconds.set(seconds)
        self.audit_last_run.set(now_us / 1_000_000)

    def text(self) -> bytes:
        """Prometheus text format 0.0.4."""
        for frame, count in self._came.items():
            self.frames.labels(str(frame.__struct_config__.tag)).inc(count)
        self._came.clear()
        return generate_latest(self.registry)
