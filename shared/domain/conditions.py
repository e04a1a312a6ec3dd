"""The table of alert conditions (specification 15): what each means, how bad it is, who sees it, what a person does.

Whatever is told to people is told under a name of this table. Conditions that CloudWatch sees have their alarm here as
data; those that are found in what the tables say are judged in ``states``.
"""

from enum import IntEnum

from msgspec import Struct


class Severity(IntEnum):
    """How bad: 1 halts and pages, 2 reduces or asks for a look today, 3 is for the record."""

    HALTS = 1
    REDUCES = 2
    LOGS = 3


TRADER = "trader"
WATCH = "watch_trader"
QUALITY = "collect_quality"
REPORT = "send_report"
CLOUDWATCH = "CloudWatch"


class Alarm(Struct, frozen=True):
    """A CloudWatch alarm: ``statistic`` of ``metric`` over each of ``periods`` periods of ``period_s`` seconds against
    ``threshold``. ``of``: the dimension's value, empty where the alarm is made for each resource of that kind.
    ``silence``: whether missing points are an alarm.
    """

    namespace: str
    metric: str
    statistic: str
    comparison: str
    threshold: int
    period_s: int
    periods: int
    of: str = ""
    silence: bool = False


class Condition(Struct, frozen=True):
    """One row. ``seen``: who sees it. ``do``: the runbook line. ``told``: whether people's phones hear of it; what is
    not told is in the logs and on the pages.
    """

    name: str
    severity: Severity
    meaning: str
    seen: tuple[str, ...]
    do: str
    alarm: Alarm | None = None
    told: bool = True


def condition(name: str) -> Condition | None:
    """The row of that name."""
    return BY_NAME.get(name)


def is_told(name: str, severity: int) -> bool:
    """Whether a notice goes to people. One that no row knows goes by its severity."""
    row = BY_NAME.get(name)
    return severity < Severity.LOGS if row is None else row.told or severity < Severity.LOGS


_S1, _S2, _S3 = Severity.HALTS, Severity.REDUCES, Severity.LOGS
_HOUSE = "House"
_LOOK = "Nothing, unless it repeats; `python -m fargate explain` tells the story of a decision."
_BOOKS = "Do not resume. Compare `python -m fargate status` with the venue, follow 'Books differ' of the runbook."


def _row(
    name: str, severity: Severity, meaning: str, seen: str | tuple[str, ...], do: str, alarm: Alarm | None = None
) -> Condition:
    return Condition(name, severity, meaning, (seen,) if isinstance(seen, str) else seen, do, alarm, severity < _S3)


def _told(name: str, meaning: str, seen: str, do: str) -> Condition:
    """For the record, and for people's phones all the same."""
    return Condition(name, _S3, meaning, (seen,), do)


def _above(
    name: str, threshold: int, periods: int, *, of: str = TRADER, statistic: str = "Maximum", period_s: int = 60
) -> Alarm:
    return Alarm(_HOUSE, name, statistic, ">=", threshold, period_s, periods, of)


CRITICAL = (
    _row(
        "trader_silent",
        _S1,
        "the trader has crashed or hangs: no heartbeat for 60 s, and no other trader has taken over",
        (WATCH, CLOUDWATCH),
        "Open orders are being cancelled. Read the task's last log lines and why it stopped; ECS starts it again.",
        Alarm(_HOUSE, "heartbeat", "SampleCount", "<", 1, 60, 3, TRADER, silence=True),
    ),
    _row(
        "feed_lost",
        _S1,
        "what entries need (whales, books, clock, switch or lease) has been down for more than 60 s",
        (QUALITY, CLOUDWATCH),
        "Nothing is entered meanwhile. Check the venue's status page; restart the task if only we are deaf.",
        _above("feeds_down", 1, 2, statistic="Minimum"),
    ),
    _row(
        "store_lost",
        _S1,
        "the store has been too slow to trade on for more than 60 s, or does not answer",
        (QUALITY, CLOUDWATCH),
        "Nothing is entered meanwhile. Check DynamoDB's health in the region, and throttling of table orders.",
        _above("store_latency_ms", 1_000, 3),
    ),
    _row("bad_data", _S1, "the books can no longer follow what the venue tells", QUALITY, _BOOKS),
    _row(
        "drawdown",
        _S1,
        "equity is more than 15% below its highest value",
        QUALITY,
        "Entries are halted by the breaker. Read the digest and the risk page before anybody resumes.",
    ),
    _row("trading_stopped", _S1, "trading was stopped, by a person or by a check", TRADER, "Find out why; resume."),
    _row("settlement_contradicted", _S1, "an execution was final and now is something else", TRADER, _BOOKS),
    _row("irreversible", _S1, "an execution failed after its shares had moved on", TRADER, _BOOKS),
    _row("sale_unbookable", _S1, "nothing explains a sale the venue tells of", TRADER, _BOOKS),
    _row("merge_unbookable", _S1, "the venue merged shares that our books do not have", TRADER, _BOOKS),
    _row("ledger_differs", _S1, "ledger, journal and positions do not tell the same", "audit_ledger", _BOOKS),
    _row("books_differ", _S1, "our books and the venue's statement differ, twice in a row", "reconcile", _BOOKS),
    _row(
        "trader_failed",
        _S1,
        "a life of the trader ended with an error",
        TRADER,
        "ECS starts it again. Read the sentence it ended with; where an invariant failed, do not resume before that.",
    ),
    _row(
        "changes_unfit",
        _S1,
        "what people changed does not fit today's settings, which alone hold; nothing is entered",
        TRADER,
        "Reset the change or mend the settings (`python -m fargate limits`).",
    ),
    _row(
        "dead_letters",
        _S1,
        "a message or an event that nobody could use lies in a dead-letter queue",
        CLOUDWATCH,
        "Read it, mend the cause, redrive the queue; nothing in it is lost.",
        Alarm("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ">=", 1, 60, 1),
    ),
    _row(
        "history_changed",
        _S1,
        "a posting or a journal line was changed or removed, which nobody may do",
        CLOUDWATCH,
        "Stop trading. Compare with the locked archive, restore from it, find out whose credentials did it.",
        Alarm(_HOUSE, "history_changed", "Sum", ">=", 1, 60, 1, "archive_stream"),
    ),
    _row(
        "rotation_failed",
        _S1,
        "a secret could not be rotated",
        CLOUDWATCH,
        "The old secret stays valid. Read rotate_secrets' log and start the rotation again.",
        Alarm("AWS/Lambda", "Errors", "Sum", ">=", 1, 300, 1, "rotate_secrets"),
    ),
)
WARNINGS = (
    _row(
        "win_rate_low",
        _S2,
        "fewer than half of the last 50 closed positions won",
        QUALITY,
        "Look at which whales lose (page Whales); unpin them or lower the limits.",
    ),
    _row(
        "decisions_slow",
        _S2,
        "a decision takes more than 1 s at the 95th percentile",
        (QUALITY, CLOUDWATCH),
        "Compare loop_lag_ms and store_latency_ms; give the task more CPU.",
        _above("decision_ms_p95", 1_000, 5),
    ),
    _row(
        "no_trades",
        _S2,
        "nothing was bought or sold for 4 h although trading is on",
        QUALITY,
        "Read the reasons of the latest decisions; often the whales sleep, sometimes a limit is used up.",
    ),
    _row(
        "balance_low",
        _S2,
        "free cash is below 10% of the capital",
        QUALITY,
        "Wait for markets to settle, lower the sizes or deposit.",
    ),
    _row(
        "uptime_low",
        _S2,
        "a heartbeat was missing for more than 0.1% of the last day",
        QUALITY,
        "Look at when the task was started anew and why.",
    ),
    _row(
        "cpu_high",
        _S2,
        "the trader uses more than 80% of its CPU",
        CLOUDWATCH,
        "Follow fewer wallets or give the task more CPU.",
        Alarm("AWS/ECS", "CPUUtilization", "Average", ">", 80, 300, 3, TRADER),
    ),
    _row(
        "memory_high",
        _S2,
        "the trader uses more than 80% of its memory",
        CLOUDWATCH,
        "Restart the task at a quiet moment, then give it more memory.",
        Alarm("AWS/ECS", "MemoryUtilization", "Average", ">", 80, 300, 3, TRADER),
    ),
    _row(
        "disk_low",
        _S2,
        "less than 20% of the task's 20 GiB of disk is free (gigabytes used; needs Container Insights)",
        CLOUDWATCH,
        "Lower RAW_MEGABYTES or restart the task: nothing on its disk is needed.",
        Alarm("ECS/ContainerInsights", "EphemeralStorageUtilized", "Maximum", ">", 16, 300, 2, TRADER),
    ),
    _row(
        "orders_in_doubt",
        _S2,
        "an order's outcome has been unknown for 10 minutes",
        CLOUDWATCH,
        "Its cash stays reserved. Look the order up at the venue.",
        _above("orders_in_doubt", 1, 10, statistic="Minimum"),
    ),
    _row(
        "functions_failing",
        _S2,
        "a function failed",
        CLOUDWATCH,
        "Read its log; the platform tries it again by itself.",
        Alarm("AWS/Lambda", "Errors", "Sum", ">=", 3, 300, 1),
    ),
    _row(
        "functions_throttled",
        _S2,
        "a function was throttled",
        CLOUDWATCH,
        "Ask for more concurrency in the account.",
        Alarm("AWS/Lambda", "Throttles", "Sum", ">=", 1, 300, 1),
    ),
    _row(
        "orders_unusual",
        _S2,
        "more than 600 orders within an hour",
        CLOUDWATCH,
        "Stop trading if no whale explains it.",
        _above("trading_orders_submitted", 600, 1, statistic="Sum", period_s=3_600),
    ),
    _row(
        "requests_refused",
        _S2,
        "50 requests to the API were refused within 5 minutes: somebody is trying keys",
        CLOUDWATCH,
        "Read the access log; rotate the kill token if it may be known.",
        Alarm("AWS/ApiGateway", "4XXError", "Sum", ">=", 50, 300, 1),
    ),
    _row(
        "notices_unsent",
        _S2,
        "people could not be told for 15 minutes: a chat service is down or refuses us",
        CLOUDWATCH,
        "Check the bot token and the webhook's address; everything is sent once they work.",
        _above("notices_failed", 1, 3, of="send_alerts", statistic="Sum", period_s=300),
    ),
    _row("feed_down", _S2, "a feed or a job of feeds has failed", TRADER, "Wait; feed_lost tells if it lasts."),
    _row("breaker", _S2, "a breaker stops entries", TRADER, "Read what tripped it; most end by themselves."),
    _row("order_in_doubt", _S2, "the outcome of an order is unknown", TRADER, "Wait; it is asked for until known."),
    _row("dead_letter", _S2, "an order failed for good", TRADER, "Read the reason; no further order is tried for it."),
    _row("settlement_failed", _S2, "an execution failed on the chain and was taken back", TRADER, _LOOK),
    _row("sale_held_back", _S2, "a sale was told before the purchase it sold", TRADER, _LOOK),
    _row(
        "unknown_execution",
        _S2,
        "an execution of an order that is not ours",
        TRADER,
        "Find out who else uses the wallet.",
    ),
    _row("payout_unknown", _S2, "a market resolved without a payout for a token", TRADER, "Look the market up."),
    _row("both_sides", _S2, "both outcomes of a market were held and are merged", TRADER, _LOOK),
    _row(
        "resolution_not_booked",
        _S2,
        "a market we hold has resolved, and the trader has not booked it",
        "settle_markets",
        "See whether the trader hears the catalogue (`/api/health`); restart the task if only it is deaf.",
    ),
    _row("merge_reverted", _S2, "the venue could not merge both outcomes", TRADER, "Look the market up."),
    _row("exit_slipped", _S2, "an exit got less than it was begun for", TRADER, _LOOK),
    _row("voices_refused", _S2, "the table of independent voices could not be used", TRADER, "Read rank_whales' log."),
    _row("resume_refused", _S2, "trading was not resumed", TRADER, "Do what the text says, then resume again."),
    _row("change_refused", _S2, "a change that a person asked for was not made", TRADER, "Ask for one that fits."),
)
RECORD = (
    _told("daily_digest", "the day in ten lines", REPORT, "Read it."),
    _told("market_summary", "a market in which we held positions was settled", QUALITY, "Nothing."),
    _told("condition_ended", "something told before is over", QUALITY, "Nothing."),
    _told("trading_resumed", "trading goes on", TRADER, "Nothing."),
    _told("changed", "a person changed limits, mode or watch list", TRADER, "Nothing, if you know who it was."),
    _row("breaker_ended", _S3, "a breaker has ended", TRADER, "Nothing."),
    _row("feed_up", _S3, "a feed is back", TRADER, "Nothing."),
    _row("exit", _S3, "a rule of ours leaves a position", TRADER, _LOOK),
    _row("exit_unfinished", _S3, "a position could not be sold wholly", TRADER, _LOOK),
    _row("order_rejected", _S3, "the venue did not take an order", TRADER, _LOOK),
    _row("plan_refused", _S3, "the store refused a plan", TRADER, _LOOK),
    _row("deposit_refused", _S3, "a deposit was not booked", TRADER, "Ask for a positive amount."),
)
CONDITIONS = (*CRITICAL, *WARNINGS, *RECORD)
BY_NAME = {row.name: row for row in CONDITIONS}
