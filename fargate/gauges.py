"""What a deployed trader measures once a minute, as one line in embedded metric format: ten metrics and no more, since
each costs money every month. CloudWatch keeps them in namespace ``House`` under ``service=trader``.
"""

from collections.abc import Callable, Mapping

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from msgspec import Struct

from shared.domain.instants import MINUTE

EVERY_NS = MINUTE


class Gauge(Struct, frozen=True):
    """One metric: its name, unit, and what it means."""

    name: str
    unit: MetricUnit
    meaning: str


GAUGES = (
    Gauge("heartbeat", MetricUnit.Count, "1 a minute while the loop turns under the lease; missing: nobody trades"),
    Gauge("trading_pnl_total", MetricUnit.NoUnit, "dollars gained since the account began, realised and not"),
    Gauge("trading_positions_open", MetricUnit.Count, "positions held"),
    Gauge("trading_orders_submitted", MetricUnit.Count, "orders sent to the venue since the last point"),
    Gauge("websocket_events_total", MetricUnit.Count, "facts heard from all sources since the last point"),
    Gauge("feeds_down", MetricUnit.Count, "sources and parts that are not well"),
    Gauge("loop_lag_ms", MetricUnit.Milliseconds, "how late the event loop is, 99% of the last one to two minutes"),
    Gauge("decision_ms_p95", MetricUnit.Milliseconds, "from hearing a whale's trade to deciding, 95% of the same"),
    Gauge("orders_in_doubt", MetricUnit.Count, "orders that were sent and of which nobody knows what became"),
    Gauge("store_latency_ms", MetricUnit.Milliseconds, "half of the store's last twenty answers took longer"),
)
"""The whole table. A value that is not known (no decision was made) is left out of the line."""

Values = Mapping[str, float | None]


class Gauges:
    """Says when a point is due, and writes it. ``metrics`` prints a line on standard output when it is flushed."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._due_at = 0

    def due(self, now: int) -> bool:
        """Whether a minute of the wall clock has passed; whoever is told so writes a point."""
        if now < self._due_at:
            return False
        self._due_at = now + EVERY_NS
        return True

    def write(self, values: Values) -> None:
        """One line with the values known, under the names of the table."""
        for gauge in GAUGES:
            value = values.get(gauge.name)
            if value is not None:
                self._metrics.add_metric(gauge.name, gauge.unit, value)
        self._metrics.flush_metrics()


class Since:
    """How much a counter has grown since it was last asked."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._before = count()

    def __call__(self) -> int:
        """The growth; the next one counts from here."""
        before, self._before = self._before, self._count()
        return self._before - before
