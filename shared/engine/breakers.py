"""The table of breakers (specification 9): what trips each, whom it stops, how it ends and who may end it.

Conditions are worded from the limits' own numbers, so that words and numbers cannot disagree. ``guard`` evaluates them.
"""

from enum import StrEnum

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.instants import format_span
from shared.domain.money import ONE, format_micro, format_percent, format_usd
from shared.engine.limits import Limits


class Action(StrEnum):
    """What a breaker does to entries: none, smaller ones, or none for a while. The kill switch stops exits too."""

    HALT = "HALT"
    REDUCE = "REDUCE"
    PAUSE = "PAUSE"


class Scope(StrEnum):
    """Whom it concerns."""

    ACCOUNT = "account"
    WHALE = "whale"
    STRATEGY = "strategy"


ITSELF, PERSON = "itself", "a person"
MIDNIGHT, MONDAY, RESUMED = "at 00:00 UTC", "on Monday at 00:00 UTC", "when a person resumes"
AGED = "when enough of them are older than that"


class Breaker(Struct, frozen=True):
    """One row. ``reason``: what refused entries are given (None: none is refused). ``by``: who may end it."""

    name: str
    reason: Reason | None
    condition: str
    scope: Scope
    action: Action
    ends: str
    by: str = ITSELF


class Standing(Struct, frozen=True):
    """A breaker that is tripped. ``key``: of the whale or feed it concerns, empty for the account.

    ``since`` and ``ends_at``: event times in nanoseconds; 0 where nobody can say (a person, or whatever went wrong,
    decides). ``text``: what happened, with its numbers.
    """

    name: str
    key: str
    action: Action
    since: int
    ends_at: int
    text: str


def table(limits: Limits) -> tuple[Breaker, ...]:
    """Every breaker that these limits switch on, in the order in which they are asked."""
    return (*_money(limits), *_feeds(), *_world(limits), *_flow(limits))


def _halt(name: str, reason: Reason, condition: str, ends: str, by: str = ITSELF) -> Breaker:
    return Breaker(name, reason, condition, Scope.ACCOUNT, Action.HALT, ends, by)


def _money(limits: Limits) -> tuple[Breaker, ...]:
    """The switch, and what has been lost."""
    day = format_usd(limits.daily_loss_usd)
    if limits.daily_loss_of_equity < ONE:
        day = f"{day} or {format_percent(limits.daily_loss_of_equity)} of the day's first equity, whichever is less,"
    rows = [
        _halt("kill_switch", Reason.TRADING_DISABLED, "the kill switch is on", RESUMED, PERSON),
        _halt(
            "drawdown",
            Reason.HALTED_DRAWDOWN,
            f"equity is {format_percent(limits.drawdown_halt)} or more below its highest value",
            RESUMED,
            PERSON,
        ),
        _halt("daily_loss", Reason.HALTED_DAILY_LOSS, f"{day} lost since 00:00 UTC", MIDNIGHT),
    ]
    if limits.weekly_loss_usd:
        lost = f"{format_usd(limits.weekly_loss_usd)} lost since Monday 00:00 UTC"
        rows.append(_halt("weekly_loss", Reason.HALTED_WEEKLY_LOSS, lost, MONDAY))
    rows.append(_losses(limits))
    return tuple(rows)


def _losses(limits: Limits) -> Breaker:
    """Losses in a row: a pause, or (of profiles that say so) a halt until somebody has looked."""
    condition = f"{limits.losses_to_pause} positions in a row closed with a loss"
    if limits.losses_need_person:
        return _halt("losses_in_a_row", Reason.HALTED_LOSSES, condition, RESUMED, PERSON)
    ends = f"after {format_span(limits.pause_ns)}"
    return Breaker("losses_in_a_row", Reason.PAUSED_LOSSES, condition, Scope.ACCOUNT, Action.PAUSE, ends)


def _feeds() -> tuple[Breaker, ...]:
    """What entries must be able to hear, and where they are written."""
    again = "when it is back"
    job = "a job the strategy needs (whales, books, spot) has lost its last source"
    return (
        _halt(
            "feed",
            Reason.HALTED_FEED,
            "the kill switch, the lease, the venue's clock or its books cannot be vouched for",
            again,
        ),
        Breaker("job", Reason.HALTED_FEED, job, Scope.STRATEGY, Action.HALT, again),
        Breaker(
            "store", Reason.PAUSED_STORE, "the store answers too slowly", Scope.ACCOUNT, Action.PAUSE, "when it is fast"
        ),
    )


def _world(limits: Limits) -> tuple[Breaker, ...]:
    """Errors, the market at large, and what the portfolio could lose."""
    figures, ahead = "with the next figures within the limit", " (95%, at resolution)"
    errors = f"more than {limits.api_errors_per_hour} errors on the order path within 1 h (425 and 429 are none)"
    failed = f"more than {limits.failed_settlements_per_hour} executions failed to settle within 1 h"
    moved = f"BTC moved by {format_percent(limits.spot_move)} or more within {format_span(limits.spot_window_ns)}"
    most = format_percent(limits.stress_of_equity)
    stress = f"the worst stress scenario costs what we hold more than {most} of equity"
    return (
        _halt("api_errors", Reason.HALTED_API_ERRORS, errors, AGED),
        _halt("settlements", Reason.HALTED_SETTLEMENTS, failed, AGED),
        _halt("spot_move", Reason.HALTED_SPOT_MOVE, moved, "when that move is no longer within the window"),
        _halt("var", Reason.HALTED_VAR, f"VaR{ahead} is above {format_usd(limits.var_95_usd)}", figures),
        _halt("cvar", Reason.HALTED_VAR, f"CVaR{ahead} is above {format_usd(limits.cvar_95_usd)}", figures),
        _halt("stress", Reason.HALTED_STRESS, stress, figures),
    )


def _flow(limits: Limits) -> tuple[Breaker, ...]:
    """One whale's losses, smaller sizes in a drawdown, and how many orders may be made."""
    window = format_span(limits.rate_window_ns)
    whale = f"{format_usd(limits.source_daily_loss_usd)} lost with one whale since 00:00 UTC"
    rows = [Breaker("whale_daily_loss", Reason.WHALE_DAILY_LOSS, whale, Scope.WHALE, Action.HALT, MIDNIGHT)]
    rows.append(_reduction("drawdown_reduce", limits.drawdown_reduce, limits.drawdown_factor, limits))
    if limits.drawdown_reduce_more:
        step = _reduction("drawdown_reduce_more", limits.drawdown_reduce_more, limits.drawdown_factor_more, limits)
        rows.append(step)
    entries, exits = f"{limits.entries_per_minute} entries within {window}", f"{limits.exits_per_minute} exits"
    rows.append(Breaker("order_rate", Reason.ORDER_RATE, entries, Scope.ACCOUNT, Action.PAUSE, AGED))
    rows.append(Breaker("exit_rate", None, f"{exits} within {window}", Scope.ACCOUNT, Action.PAUSE, AGED))
    return tuple(rows)


def _reduction(name: str, below: int, factor: int, limits: Limits) -> Breaker:
    condition = f"equity is {format_percent(below)} or more below its highest value: size x {format_micro(factor)}"
    ends = "when it is above that again"
    if limits.recovery_days:
        growth = format_percent(limits.recovery_per_week)
        ends = f"after {limits.recovery_days} profitable days above that, then by {growth} a week"
    return Breaker(name, None, condition, Scope.ACCOUNT, Action.REDUCE, ends)
