"""When a followed wallet is switched off and on again: a pure function of what its copies did.

Rules of the specification, section 4 (adaptive selection): off after 5 losses in a row, after 3 losing days in a row,
with a negative edge, or when it moves like a wallet that is already on (correlation above 70%); on again after 2 wins
in a row, which while it is off are those of shadow copies; more than 50% of markets shared is flagged; what a person
orders goes before every rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.domain.errors import BadInput
from shared.domain.instants import DAY

Override = Literal["on", "off"]


class Why(StrEnum):
    """Why a wallet is on or off."""

    STARTED = "started"
    LOSSES = "losses_in_a_row"
    LOSING_DAYS = "losing_days"
    RECOVERED = "recovered"
    NEGATIVE_EDGE = "negative_edge"
    CORRELATED = "correlated"
    ORDERED_ON = "ordered_on"
    ORDERED_OFF = "ordered_off"


@dataclass(frozen=True)
class LifecycleRules:
    """The thresholds. ``edge_markets``: how many of the last outcomes the edge is measured over, and the fewest."""

    losses_off: int = 5
    losing_days_off: int = 3
    wins_on: int = 2
    correlation_off: float = 0.7
    overlap_flag: float = 0.5
    edge_markets: int = 30

    def __post_init__(self) -> None:
        for name in ("losses_off", "losing_days_off", "wins_on", "edge_markets"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("correlation_off", "overlap_flag"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise BadInput(f"{name} must lie above 0 and at most at 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Outcome:
    """One closed copy (``shadow``: a decided one that was never sent): when (nanoseconds), and what it made.

    ``pnl_micro`` in micro-dollars; zero is neither a win nor a loss and ends no row of either.
    """

    at: int
    pnl_micro: int
    shadow: bool = False


@dataclass(frozen=True)
class Standing:
    """Whether the wallet is copied, why, since when (nanoseconds, 0: from the start), and what people should know."""

    enabled: bool
    why: Why
    since: int
    flags: tuple[str, ...] = ()


def standing(
    history: Sequence[Outcome],
    *,
    correlation: float = 0.0,
    overlap: float = 0.0,
    override: Override | None = None,
    rules: LifecycleRules | None = None,
) -> Standing:
    """Where a wallet stands after ``history``, given in any order.

    ``correlation``: its highest with a wallet that is on and ranked better; ``overlap``: the largest share of its
    markets that such a wallet trades too. Raises BadInput for either outside -1..1 and 0..1.
    """
    limits = rules or LifecycleRules()
    if not -1.0 <= correlation <= 1.0:
        raise BadInput(f"correlation must lie between -1 and 1, not {correlation}")
    if not 0.0 <= overlap <= 1.0:
        raise BadInput(f"overlap must lie between 0 and 1, not {overlap}")
    ordered = sorted(history, key=lambda outcome: (outcome.at, outcome.pnl_micro, outcome.shadow))
    earned = _walk(ordered, limits)
    flags = ("overlap",) if overlap > limits.overlap_flag else ()
    last = ordered[-1].at if ordered else 0
    if override is not None:
        on = override == "on"
        return Standing(on, Why.ORDERED_ON if on else Why.ORDERED_OFF, last, flags)
    if earned.enabled and correlation > limits.correlation_off:
        return Standing(False, Why.CORRELATED, last, flags)
    if earned.enabled and _edge_is_negative(ordered, limits):
        return Standing(False, Why.NEGATIVE_EDGE, last, flags)
    return Standing(earned.enabled, earned.why, earned.since, flags)


def _walk(ordered: Sequence[Outcome], limits: LifecycleRules) -> Standing:
    """The state machine of wins and losses. Rows are counted from the last change on, so that the losses which
    switched a wallet off do not switch it off again right after it recovered.
    """
    state = Standing(True, Why.STARTED, 0)
    wins = losses = 0
    days: dict[int, int] = {}
    for outcome in ordered:
        if outcome.shadow == state.enabled:  # a shadow copy while on, or a late settlement of a real one while off
            continue
        wins = wins + 1 if outcome.pnl_micro > 0 else 0 if outcome.pnl_micro < 0 else wins
        losses = losses + 1 if outcome.pnl_micro < 0 else 0 if outcome.pnl_micro > 0 else losses
        days[outcome.at // DAY] = days.get(outcome.at // DAY, 0) + outcome.pnl_micro
        changed = _change(state, wins, losses, days, limits)
        if changed is not None:
            state = Standing(not state.enabled, changed, outcome.at)
            wins = losses = 0
            days = {}
    return state


def _change(state: Standing, wins: int, losses: int, days: dict[int, int], limits: LifecycleRules) -> Why | None:
    if not state.enabled:
        return Why.RECOVERED if wins >= limits.wins_on else None
    if losses >= limits.losses_off:
        return Why.LOSSES
    last = [total for _, total in sorted(days.items())][-limits.losing_days_off :]
    if len(last) == limits.losing_days_off and all(total < 0 for total in last):
        return Why.LOSING_DAYS
    return None


def _edge_is_negative(ordered: Sequence[Outcome], limits: LifecycleRules) -> bool:
    recent = ordered[-limits.edge_markets :]
    return len(recent) >= limits.edge_markets and sum(outcome.pnl_micro for outcome in recent) < 0
