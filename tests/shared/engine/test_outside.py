"""What the world stops, from facts: each limit once reached and once just missed; how each halt ends."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.money import ONE, dollars
from shared.domain.tables import Figures
from shared.engine.limits import Limits
from shared.engine.outside import ALWAYS_NEEDED
from shared.engine.risk import Risk
from tests.shared.engine.builders import NOON
from tests.shared.engine.risks import risk

COIN = 60_000 * ONE
FIGURES = Figures(NOON)


def hearing() -> Risk:
    """A strategy that needs whales and books."""
    made = risk()
    made.needs = (*ALWAYS_NEEDED, "whales", "books")
    return made


@pytest.mark.parametrize("name", ["switch", "clock", "whales", "books"])
def test_a_feed_that_is_needed_halts_while_it_is_down(name: str) -> None:
    made = hearing()
    made.feed(name, False, "silent", NOON)
    assert made.breaker("w", NOON) is Reason.HALTED_FEED
    assert made.numbers(Reason.HALTED_FEED, "w", NOON) == (("feeds_down", ONE),)
    made.feed(name, True, "back", NOON + SECOND)
    assert made.breaker("w", NOON + SECOND) is None


def test_a_feed_nobody_needs_halts_nothing() -> None:
    made = hearing()
    made.feed("spot", False, "silent")
    assert made.breaker("w", NOON) is None
    made.feed("elsewhere", True, "never was down")
    assert list(made.feeds_down) == ["spot"]


def test_a_slow_store_pauses_whatever_is_needed_but_a_lost_feed_is_told_first() -> None:
    made = hearing()
    made.feed("store", False, "800 ms")
    assert made.breaker("w", NOON) is Reason.PAUSED_STORE
    made.needs = (*made.needs, "store")
    assert made.breaker("w", NOON) is Reason.PAUSED_STORE
    made.feed("books", False, "silent")
    assert made.breaker("w", NOON) is Reason.HALTED_FEED
    made.feed("books", True, "back")
    made.feed("store", True, "20 ms")
    assert made.breaker("w", NOON) is None


@pytest.mark.parametrize(
    ("tell", "reason", "name", "limit"),
    [
        (Risk.api_error, Reason.HALTED_API_ERRORS, "api_errors", "api_errors_per_hour"),
        (Risk.failed_settlement, Reason.HALTED_SETTLEMENTS, "failed_settlements", "failed_settlements_per_hour"),
    ],
)
def test_more_than_five_failures_within_an_hour_halt_until_enough_are_older(
    tell: Callable[[Risk, int], None], reason: Reason, name: str, limit: str
) -> None:
    made = risk()
    for n in range(5):
        tell(made, NOON + n)
    assert made.breaker("w", NOON + 4) is None
    tell(made, NOON + 5)
    assert made.breaker("w", NOON + 5) is reason
    assert made.numbers(reason, "w", NOON + 5) == ((name, 6 * ONE), (limit, 5 * ONE))
    assert made.breaker("w", NOON + HOUR - 1) is reason
    assert made.breaker("w", NOON + HOUR) is None


@pytest.mark.parametrize("direction", [1, -1])
def test_a_tenth_of_bitcoin_within_fifteen_minutes_halts_while_it_is_in_the_window(direction: int) -> None:
    made = risk()
    made.spot(COIN, NOON)
    made.spot(COIN + direction * (COIN // 10 - 1), NOON + 14 * MINUTE)
    assert made.breaker("w", NOON + 14 * MINUTE) is None
    made.spot(COIN + direction * (COIN // 10), NOON + 15 * MINUTE)
    assert made.breaker("w", NOON + 15 * MINUTE) is Reason.HALTED_SPOT_MOVE
    assert made.numbers(Reason.HALTED_SPOT_MOVE, "w", NOON) == (("spot_moved", 100_000), ("spot_move", 100_000))
    assert made.breaker("w", NOON + 15 * MINUTE + 1) is None


@pytest.mark.parametrize(
    ("figures", "reason", "name"),
    [
        (replace(FIGURES, var_95=dollars(1_000)), None, ""),
        (replace(FIGURES, var_95=dollars(1_000) + 1), Reason.HALTED_VAR, "var"),
        (replace(FIGURES, cvar_95=dollars(2_000)), None, ""),
        (replace(FIGURES, cvar_95=dollars(2_000) + 1), Reason.HALTED_VAR, "cvar"),
        (replace(FIGURES, stress={"calm": 5, "crash": -dollars(5_000)}), None, ""),
        (replace(FIGURES, stress={"calm": 5, "crash": -dollars(5_000) - 1}), Reason.HALTED_STRESS, "stress"),
        (replace(FIGURES, stress={"calm": 5}), None, ""),
    ],
)
def test_what_the_portfolio_could_lose_halts_until_the_next_figures(
    figures: Figures, reason: Reason | None, name: str
) -> None:
    made = risk()
    made.publish(figures, NOON)
    assert made.breaker("w", NOON) is reason
    if reason is not None:
        numbers = made.numbers(reason, "w", NOON)
        assert numbers[0][0] == name
        assert numbers[0][1] == numbers[1][1] + 1
    made.publish(FIGURES, NOON + 1)
    assert made.breaker("w", NOON + 1) is None
    assert made.numbers(Reason.HALTED_VAR, "w", NOON) == ()


def test_entries_and_exits_have_a_budget_each() -> None:
    made = risk(replace(Limits(), entries_per_minute=2, exits_per_minute=3))
    for n in range(2):
        assert not made.rate_reached(NOON + n)
        made.entered(NOON + n)
    assert made.rate_reached(NOON + MINUTE - 1)
    assert made.numbers(Reason.ORDER_RATE, "w", NOON + 2) == (("entries", 2 * ONE), ("entries_per_minute", 2 * ONE))
    assert not made.rate_reached(NOON + MINUTE)
    for n in range(3):
        assert not made.exit_rate_reached(NOON + n)
        made.exited(NOON + n)
    assert made.exit_rate_reached(NOON + MINUTE - 1)
    assert not made.exit_rate_reached(NOON + MINUTE)
