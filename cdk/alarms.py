"""The alarms on our own metrics, as one table; what the trader and the functions see they tell people themselves.

Names and thresholds are those of the conditions people are told of (shared/domain).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Condition:
    """One alarm. ``service``: who writes the metric. ``missing``: whether silence is an alarm too.

    It is raised when ``statistic`` of ``metric`` reached ``limit`` (``below``: stayed under it) in every one of
    ``periods`` of ``minutes``.
    """

    name: str
    meaning: str
    service: str
    metric: str
    limit: float
    statistic: Literal["Maximum", "Minimum", "Sum", "SampleCount"] = "Maximum"
    below: bool = False
    minutes: int = 1
    periods: int = 1
    missing: bool = False


TRADER = "trader"

CONDITIONS = (
    Condition(
        "trader_silent",
        "SEV1: the trader has crashed or hangs: no heartbeat for three minutes",
        TRADER,
        "heartbeat",
        1,
        statistic="SampleCount",
        below=True,
        periods=3,
        missing=True,
    ),
    Condition(
        "watcher_silent",
        "SEV1: watch_trader has not run for five minutes, so nobody would cancel for a dead trader",
        "watch_trader",
        "uptime",
        1,
        statistic="SampleCount",
        below=True,
        minutes=5,
        missing=True,
    ),
    Condition(
        "heartbeat_old",
        "SEV1: the trader's heartbeat is older than a minute; its orders are being cancelled",
        "watch_trader",
        "heartbeat_age_s",
        60,
    ),
    Condition(
        "feed_lost",
        "SEV1: what entries need has been down for more than a minute",
        TRADER,
        "feeds_down",
        1,
        statistic="Minimum",
        periods=2,
    ),
    Condition(
        "store_lost", "SEV1: the store has been too slow to trade on", TRADER, "store_latency_ms", 1_000, periods=3
    ),
    Condition(
        "history_changed",
        "SEV1: a posting or a journal line was changed or removed; stop, and compare with the archive",
        "archive_stream",
        "history_changed",
        1,
        statistic="Sum",
    ),
    Condition(
        "ledger_differs",
        "SEV1: the ledger differs from journal, positions or room",
        "audit_ledger",
        "ledger_differences",
        1,
        minutes=5,
    ),
    Condition(
        "books_differ",
        "SEV1: our books differ from the venue's statement, and did in the run before",
        "reconcile",
        "books_differences",
        1,
        minutes=5,
    ),
    Condition(
        "resolutions_missed",
        "SEV2: a market resolved and the trader has not booked it",
        "settle_markets",
        "resolutions_not_booked",
        1,
        minutes=15,
    ),
    Condition(
        "orders_in_doubt",
        "SEV2: an order's outcome has been unknown for ten minutes",
        TRADER,
        "orders_in_doubt",
        1,
        statistic="Minimum",
        periods=10,
    ),
    Condition(
        "orders_unusual",
        "SEV2: more orders within an hour than whales explain",
        TRADER,
        "trading_orders_submitted",
        600,
        statistic="Sum",
        minutes=60,
    ),
    Condition(
        "decisions_slow", "SEV2: p95 of decisions is above a second", TRADER, "decision_ms_p95", 1_000, periods=5
    ),
    Condition("loop_slow", "SEV2: the trader's loop lags a second", TRADER, "loop_lag_ms", 1_000, periods=5),
    Condition(
        "notices_unsent",
        "SEV2: people could not be told for 15 minutes: a chat service is down or refuses us",
        "send_alerts",
        "notices_failed",
        1,
        statistic="Sum",
        minutes=5,
        periods=3,
    ),
)
