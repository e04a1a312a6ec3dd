from hypothesis import given
from hypothesis import strategies as st

from fargate.series import KEPT, LATE_SPANS, Series
from shared.domain.candles import Candle
from shared.domain.instants import SECOND

STEP = 10 * SECOND


def test_a_candle_has_what_was_traded_and_quoted_within_its_span() -> None:
    series = Series(STEP)
    series.trade(500_000, 30, bought=True, at=3 * STEP + 1)
    series.quote(530_000, 3 * STEP + 2)
    series.trade(480_000, 12, bought=False, at=3 * STEP + 3)
    series.quote(490_000, 4 * STEP)
    assert series.candles() == [
        Candle(3 * STEP, 500_000, 530_000, 480_000, 480_000, 42),
        Candle(4 * STEP, 490_000, 490_000, 490_000, 490_000),
    ]
    assert series.last == 480_000


def test_candles_are_asked_for_by_when_they_begin() -> None:
    series = Series(STEP)
    for place in range(4):
        series.quote(100_000 + place, place * STEP)
    assert [one.at // STEP for one in series.candles(STEP, 3 * STEP)] == [1, 2]


def test_a_print_told_late_widens_its_candle_and_moves_no_close() -> None:
    series = Series(STEP)
    series.trade(500_000, 10, bought=True, at=STEP)
    series.trade(510_000, 10, bought=True, at=2 * STEP)
    series.trade(450_000, 7, bought=False, at=STEP + 1)
    assert series.candles() == [
        Candle(STEP, 500_000, 500_000, 450_000, 500_000, 17),
        Candle(2 * STEP, 510_000, 510_000, 510_000, 510_000, 10),
    ]
    assert series.last == 510_000


def test_within_one_span_the_later_one_is_the_close_whichever_is_told_first() -> None:
    series = Series(STEP)
    series.quote(520_000, STEP + 5)
    series.trade(500_000, 10, bought=True, at=STEP + 1)
    (only,) = series.candles()
    assert (only.close, only.low, series.last) == (520_000, 500_000, 500_000)


def test_a_print_whose_candle_never_was_or_is_long_past_is_left_out() -> None:
    series = Series(STEP)
    series.trade(500_000, 10, bought=True, at=STEP)
    series.quote(510_000, (LATE_SPANS + 2) * STEP)
    before = series.candles()
    series.trade(1, 1, bought=True, at=STEP + 1)
    series.trade(1, 1, bought=True, at=3 * STEP)
    assert series.candles() == before


def test_the_flow_tells_bought_from_sold_since_an_instant() -> None:
    series = Series(STEP)
    series.trade(500_000, 100, bought=True, at=STEP)
    series.trade(500_000, 30, bought=True, at=2 * STEP)
    series.trade(500_000, 12, bought=False, at=3 * STEP)
    assert series.flow(2 * STEP) == (30, 12)
    assert series.flow(0) == (130, 12)
    assert series.flow(9 * STEP) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 999), st.booleans()), max_size=300))
def test_candles_stay_in_order_bounded_and_between_their_extremes(told: list[tuple[int, int, bool]]) -> None:
    series = Series(STEP)
    for at, price, trades in told:
        if trades:
            series.trade(price, price, bought=price % 2 == 0, at=at * SECOND)
        else:
            series.quote(price, at * SECOND)
    candles = series.candles()
    assert len(candles) <= KEPT
    assert [one.at for one in candles] == sorted({one.at for one in candles})
    for one in candles:
        assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
    assert sum(series.flow(0)) == sum(one.volume for one in candles)


def test_only_the_latest_candles_are_kept() -> None:
    series = Series(STEP)
    for place in range(KEPT + 5):
        series.quote(1, place * STEP)
    assert [series.candles()[0].at, len(series.candles())] == [5 * STEP, KEPT]
