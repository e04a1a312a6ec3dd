"""What losses stop, from facts: each limit once reached and once just missed; how each halt ends."""

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import DAY, HOUR, end_of_day, end_of_week
from shared.domain.ledger import Position
from shared.domain.money import ONE, Fraction, Shares, dollars
from shared.engine.limits import Limits
from shared.engine.profiles import profile
from shared.engine.risk import Risk
from tests.shared.engine.builders import NOON
from tests.shared.engine.risks import lose, risk, worth

MODEL = profile("model")
LOOSE = replace(
    Limits(),
    daily_loss_usd=dollars(100_000),
    daily_loss_of_equity=Fraction(ONE),
    source_daily_loss_usd=dollars(100_000),
    losses_to_pause=1_000,
)
"""Only the drawdown binds."""
MIDNIGHT = NOON + 12 * HOUR
MONDAY = NOON + 2 * DAY + 12 * HOUR
"""Noon is a Friday's."""


def asked(made: Risk, at: int = NOON, source: str = "w") -> Reason | None:
    """The gate's answer, after the day has begun as the engine begins it."""
    made.begin_day(at)
    return made.breaker(source, at)


@pytest.mark.parametrize(("loss", "reason"), [(dollars(500) - 1, None), (dollars(500), Reason.HALTED_DAILY_LOSS)])
def test_the_days_loss_in_dollars_halts(loss: int, reason: Reason | None) -> None:
    made = risk(capital=100_000)
    lose(made, loss, source="other")
    assert asked(made) is reason


@pytest.mark.parametrize(("loss", "reason"), [(dollars(50) - 1, None), (dollars(50), Reason.HALTED_DAILY_LOSS)])
def test_of_dollars_and_percent_the_smaller_wins(loss: int, reason: Reason | None) -> None:
    made = risk(capital=1_000)
    lose(made, loss)
    assert asked(made) is reason


def test_a_limit_of_no_loss_at_all_is_reached_by_the_first_micro_dollar() -> None:
    made = risk(replace(Limits(), daily_loss_usd=dollars(0)))
    assert asked(made) is None
    worth(made, dollars(10_000) - 1)
    assert asked(made) is Reason.HALTED_DAILY_LOSS


def test_a_daily_halt_lasts_until_midnight_even_if_prices_come_back() -> None:
    made = risk()
    worth(made, dollars(9_400))
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    worth(made, dollars(10_000))
    assert asked(made, MIDNIGHT - 1) is Reason.HALTED_DAILY_LOSS
    assert asked(made, MIDNIGHT) is None


def test_a_pulse_sees_a_loss_that_comes_and_goes_between_two_entries() -> None:
    made = risk()
    worth(made, dollars(9_400))
    made.look(NOON)
    worth(made, dollars(10_000))
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    assert made.numbers(Reason.HALTED_DAILY_LOSS, "w", NOON) == (
        ("day_lost", dollars(600)),
        ("day_loss_limit", dollars(500)),
    )


def test_a_daily_halt_does_not_end_by_a_person_and_comes_again_the_next_day() -> None:
    made = risk()
    worth(made, dollars(9_500))
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    made.resume(NOON)
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    made.begin_day(MIDNIGHT)
    worth(made, dollars(9_025))  # 5% of 9,500
    assert asked(made, MIDNIGHT) is Reason.HALTED_DAILY_LOSS


@pytest.mark.parametrize(("loss", "reason"), [(dollars(500) - 1, None), (dollars(500), Reason.HALTED_WEEKLY_LOSS)])
def test_the_weeks_loss_halts_a_model(loss: int, reason: Reason | None) -> None:
    made = risk(MODEL)
    for day in range(3):  # a third of it a day stays below the daily limit
        at = NOON + day * DAY
        made.begin_day(at)
        assert asked(made, at) is None
        worth(made, dollars(10_000) - loss * (day + 1) // 3)
    assert asked(made, NOON + 2 * DAY) is reason


def test_a_weekly_halt_ends_on_monday() -> None:
    made = risk(MODEL)
    worth(made, dollars(9_400))
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    assert made.week_ends_at == MONDAY
    assert asked(made, MIDNIGHT) is Reason.HALTED_WEEKLY_LOSS
    assert asked(made, MONDAY - 1) is Reason.HALTED_WEEKLY_LOSS
    assert asked(made, MONDAY) is None


def test_copying_has_no_weekly_limit() -> None:
    made = risk(LOOSE)
    worth(made, dollars(8_001))
    assert asked(made) is None


@pytest.mark.parametrize(("left", "reason"), [(dollars(8_000) + 1, None), (dollars(8_000), Reason.HALTED_DRAWDOWN)])
def test_a_drawdown_of_a_fifth_halts(left: int, reason: Reason | None) -> None:
    made = risk(LOOSE)
    worth(made, left)
    assert asked(made) is reason
    assert made.drawdown_halted is (reason is not None)


def test_a_drawdown_halt_ends_by_a_person_only_and_is_then_measured_anew() -> None:
    made = risk(LOOSE)
    worth(made, dollars(8_000))
    assert asked(made) is Reason.HALTED_DRAWDOWN
    worth(made, dollars(10_000))
    assert asked(made, NOON + 30 * DAY) is Reason.HALTED_DRAWDOWN
    worth(made, dollars(8_000))
    made.resume(NOON + 30 * DAY)
    assert asked(made, NOON + 30 * DAY) is None
    assert (made.peak, made.resumed_at) == (dollars(8_000), NOON + 30 * DAY)
    assert made.numbers(Reason.HALTED_DRAWDOWN, "w", NOON) == ()


def test_a_drawdown_is_measured_from_the_highest_equity() -> None:
    made = risk(LOOSE)
    worth(made, dollars(12_500))
    made.look(NOON)
    worth(made, dollars(10_000))
    assert asked(made) is Reason.HALTED_DRAWDOWN
    assert made.numbers(Reason.HALTED_DRAWDOWN, "w", NOON) == (("drawdown", 200_000), ("drawdown_halt", 200_000))


def test_a_walk_through_the_past_keeps_the_peak_and_the_day_but_halts_no_drawdown() -> None:
    made = risk()
    worth(made, dollars(7_900))
    assert made.walked(NOON) == dollars(7_900)
    assert not made.drawdown_halted
    worth(made, dollars(9_900))
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    assert asked(made, MIDNIGHT) is None


def test_an_account_without_money_is_in_no_drawdown() -> None:
    made = risk(LOOSE, capital=0)
    worth(made, -1)
    assert asked(made) is Reason.HALTED_DAILY_LOSS
    assert not made.drawdown_halted


def test_a_peak_that_somebody_else_sets_counts_at_once() -> None:
    made = risk(LOOSE)
    assert asked(made) is None
    made.peak = dollars(12_500)
    assert asked(made) is Reason.HALTED_DRAWDOWN


def test_a_deposit_hides_no_loss_and_is_no_profit() -> None:
    made = risk()
    worth(made, dollars(9_600))
    made.deposited(dollars(5_000))
    worth(made, dollars(14_600))
    assert made.peak == dollars(15_000)
    assert asked(made) is None
    worth(made, dollars(14_500))
    assert asked(made) is Reason.HALTED_DAILY_LOSS


@pytest.mark.parametrize(("loss", "reason"), [(dollars(200) - 1, None), (dollars(200), Reason.WHALE_DAILY_LOSS)])
def test_a_whales_loss_of_the_day_ends_copying_that_whale(loss: int, reason: Reason | None) -> None:
    made = risk()
    lose(made, loss)
    assert asked(made) is reason
    assert asked(made, source="other") is None


def test_a_whale_stays_out_until_midnight_whatever_it_wins_back() -> None:
    made = risk()
    lose(made, dollars(200))
    lose(made, -dollars(300))
    lose(made, dollars(1))
    assert asked(made, MIDNIGHT - 1) is Reason.WHALE_DAILY_LOSS
    assert made.numbers(Reason.WHALE_DAILY_LOSS, "w", NOON) == (
        ("whale_lost_today", dollars(200)),
        ("source_daily_loss_usd", dollars(200)),
    )
    assert made.numbers(Reason.WHALE_DAILY_LOSS, "other", NOON) == ()
    assert asked(made, MIDNIGHT) is None


def test_the_losses_of_the_day_and_the_week_are_what_equity_lacks_of_where_they_began() -> None:
    made = risk(capital=10_000)
    assert (made.lost_today, made.lost_this_week, made.losses_in_a_row) == (0, 0, 0)
    lose(made, dollars(100))
    assert (made.lost_today, made.lost_this_week, made.losses_in_a_row) == (dollars(100), dollars(100), 1)
    made.begin_day(MIDNIGHT)
    lose(made, dollars(20), MIDNIGHT)
    assert (made.lost_today, made.lost_this_week, made.losses_in_a_row) == (dollars(20), dollars(120), 2)
    lose(made, -dollars(500), MIDNIGHT)
    assert (made.lost_today, made.lost_this_week, made.losses_in_a_row) == (0, 0, 0)


@pytest.mark.parametrize(("capital", "limit"), [(10_000, dollars(500)), (1_000, dollars(50))])
def test_the_days_limit_is_of_dollars_and_percent_the_smaller(capital: int, limit: int) -> None:
    assert risk(capital=capital).daily_loss_limit == limit


def row(made: Risk, results: str) -> None:
    """Positions that close with a dollar lost (L), won (W) or neither (0)."""
    for n, letter in enumerate(results):
        lose(made, dollars({"L": 1, "W": -1, "0": 0}[letter]), NOON + n)


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ("LLLL", None),
        ("LLLLL", Reason.PAUSED_LOSSES),
        ("LLLLWL", None),
        ("LLLL0L", None),
        ("WLLLLL", Reason.PAUSED_LOSSES),
    ],
)
def test_five_losses_in_a_row_pause_for_an_hour(results: str, reason: Reason | None) -> None:
    made = risk()
    row(made, results)
    last = NOON + len(results) - 1
    assert asked(made, last + HOUR - 1) is reason
    assert asked(made, last + HOUR) is None


def test_five_losses_in_a_row_halt_a_model_until_a_person_has_looked() -> None:
    made = risk(MODEL)
    row(made, "LLLL")
    assert asked(made) is None
    row(made, "L")
    assert asked(made, NOON + 30 * DAY) is Reason.HALTED_LOSSES
    assert made.numbers(Reason.HALTED_LOSSES, "w", NOON) == (("losses_in_a_row", 5 * ONE), ("losses_to_pause", 5 * ONE))
    made.resume()
    assert asked(made, NOON + 30 * DAY) is None


def test_a_halt_is_told_once_so_that_it_can_be_written_down() -> None:
    made = risk(MODEL)
    assert made.fresh_latches() == []
    row(made, "LLLLL")
    assert made.fresh_latches() == [Reason.HALTED_LOSSES]
    assert made.fresh_latches() == []
    made.resume()
    row(made, "LLLLL")
    assert made.fresh_latches() == [Reason.HALTED_LOSSES]


@pytest.mark.parametrize(
    ("reason", "ends_at"),
    [
        (Reason.HALTED_DRAWDOWN, 0),
        (Reason.HALTED_LOSSES, 0),
        (Reason.HALTED_DAILY_LOSS, end_of_day(NOON)),
        (Reason.HALTED_WEEKLY_LOSS, end_of_week(NOON)),
        (Reason.PAUSED_LOSSES, NOON + HOUR),
    ],
)
def test_a_halt_of_an_earlier_life_lasts_as_long_as_it_would_have(reason: Reason, ends_at: int) -> None:
    made = risk(MODEL)
    made.relatch(reason, NOON)
    assert made.fresh_latches() == []
    assert asked(made, (ends_at or NOON + 30 * DAY) - 1) is reason
    assert asked(made, ends_at or NOON + 30 * DAY) is (None if ends_at else reason)


def test_a_halt_that_is_known_already_keeps_its_own_numbers() -> None:
    made = risk(MODEL)
    row(made, "LLLLL")
    before = made.numbers(Reason.HALTED_LOSSES, "w", NOON)
    made.relatch(Reason.HALTED_LOSSES, NOON + DAY)
    assert made.numbers(Reason.HALTED_LOSSES, "w", NOON) == before != ()
    assert made.fresh_latches() == []


def test_a_result_counts_when_its_position_closes() -> None:
    made = risk(replace(Limits(), losses_to_pause=1))
    still = Position("test", "t", "s/w", "m", "s", "w", size=Shares(ONE))
    made.booked(still, NOON, -dollars(2))
    assert asked(made) is None
    made.booked(replace(still, size=Shares(0)), NOON, dollars(1))
    assert asked(made) is Reason.PAUSED_LOSSES


def test_rows_of_results_move_the_size_of_copies() -> None:
    made = risk()
    row(made, "WWW")
    assert made.streak.factor == 1_250_000


def test_a_models_size_comes_back_after_ten_profitable_days() -> None:
    made = risk(replace(MODEL, daily_loss_usd=dollars(5_000), weekly_loss_usd=dollars(0)))
    worth(made, dollars(8_900))
    made.look(NOON)
    assert made.recovery.factor == 750_000
    worth(made, dollars(9_001))
    for day in range(1, 11):
        made.begin_day(NOON + day * DAY)
        worth(made, dollars(9_001 + day))
        made.look(NOON + day * DAY)
    assert made.recovery.days == 9  # the first of the ten ended with a loss
    made.begin_day(NOON + 11 * DAY)
    assert made.recovery.ready_at == NOON + 11 * DAY


def test_the_switch_stops_everything_and_keeps_its_reason() -> None:
    made = risk()
    made.stop("looks wrong", NOON)
    made.stop("looks worse", NOON + 1)
    assert asked(made) is Reason.TRADING_DISABLED
    assert (made.stopped_because, made.stopped_at) == ("looks worse", NOON)
    made.resume(NOON + 2)
    assert asked(made) is None
    assert made.stopped_because == ""
