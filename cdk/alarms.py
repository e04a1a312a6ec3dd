"""The alarms that CloudWatch watches over, as one table; what the trader and the functions see they tell themselves."""

from dataclasses import dataclass
from typing import Literal

NAMESPACE = "House"
"""Where our own metrics are: shared/observability.py and the trader write them."""


@dataclass(frozen=True)
class Condition:
    """One alarm. ``service``: who writes the metric. ``missing``: whether silence is an alarm too.

    It is raised when ``metric`` was above ``limit`` (``below``: under it) in every one of ``periods`` of ``minutes``.
    """

    name: str
    meaning: str
    service: str
    metric: str
    limit: float
    statistic: Literal["Maximum", "Minimum", "Sum", "Average"] = "Maximum"
    below: bool = False
    minutes: int = 1
    periods: int = 1
    missing: bool = False


CONDITIONS = (
    Condition(
        "trader-silent",
        "SEV1: the trader's heartbeat has not been seen for three minutes; see the runbook, crash",
        "trader",
        "heartbeat",
        1,
        statistic="Sum",
        below=True,
        periods=3,
        missing=True,
    ),
    Condition(
        "watcher-silent",
        "SEV1: watch_trader has not run for five minutes, so nobody would cancel for a dead trader",
        "watch_trader",
        "heartbeat_age_s",
        0,
        below=True,
        minutes=5,
        missing=True,
    ),
    Condition(
        "heartbeat-old",
        "SEV1: the trader's heartbeat is older than a minute; its orders were cancelled",
        "watch_trader",
        "heartbeat_age_s",
        60,
    ),
    Condition("feed-down", "SEV1: a feed has been down for more than a minute", "trader", "feeds_down", 0, periods=2),
    Condition(
        "history-changed",
        "SEV1: an item of ledger or journal was changed or removed; stop, and compare with the archive",
        "archive_stream",
        "append_only_violations",
        0,
        statistic="Sum",
    ),
    Condition(
        "ledger-differs",
        "SEV1: the ledger differs from journal or positions",
        "audit_ledger",
        "differences",
        0,
        minutes=5,
    ),
    Condition(
        "venue-differs",
        "SEV1: our books differ from the venue's statement in two runs",
        "reconcile",
        "differences",
        0,
        minutes=5,
        periods=2,
    ),
    Condition(
        "orders-in-doubt",
        "SEV2: an order has been in doubt for ten minutes",
        "trader",
        "orders_in_doubt",
        0,
        statistic="Minimum",
        minutes=5,
        periods=2,
    ),
    Condition(
        "decisions-slow", "SEV2: p95 of decisions is above a second", "trader", "decision_ms_p95", 1_000, periods=5
    ),
    Condition("loop-slow", "SEV2: the trader's loop lags a second", "trader", "loop_lag_ms", 1_000, periods=5),
    Condition(
        "store-slow",
        "SEV2: the store takes a second to commit",
        "trader",
        "store_latency_ms",
        1_000,
        periods=5,
    ),
)
