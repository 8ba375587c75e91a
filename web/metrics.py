"""Numbers for Prometheus. Labelled by route, frame tag or code, never by person or room."""

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
        self.refusals = Counter(
            "ithaca_refusals", "Requests and frames refused", ["code"], registry=self.registry
        )
        self.closes = Counter(
            "ithaca_closes", "Connections closed by the server", ["code"], registry=self.registry
        )

    def text(self) -> bytes:
        """Prometheus text format 0.0.4."""
        return generate_latest(self.registry)
