"""Sizing: the smallest room decides, and nothing it lets through breaks a cap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decision import Reason
from shared.domain.ledger import CASH
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, cost, dollars, part, taker_fee
from shared.domain.order import Purpose, Side
from shared.domain.strategy import Trade
from shared.engine.ledger import Projection, deposit_record, reserve_for
from shared.engine.limits import Limits
from shared.engine.marks import Marks
from shared.engine.risk import Risk
from tests.shared.engine.builders import NOON, House, market


def risk(limits: Limits | None = None, capital: int = 10_000, used: dict[str, int] | None = None) -> Risk:
    books = Projection()
    books.apply(deposit_record("test", dollars(capital), NOON, "initial"))
    books.used.update(used or {})
    return Risk(limits or Limits(), books, Marks())


def entry(wish: int | None = None, p_win: int | None = None, limit: int = 510_000) -> Trade:
    chance = None if p_win is None else Fraction(p_win)
    return Trade("m:yes", Side.BUY, Price(limit), Purpose.ENTRY, chance, wish)


@given(
    st.integers(10, 100_000),
    st.integers(0, 10**11),
    st.integers(1, 99).map(lambda n: n * 10_000),
    st.integers(0, 5_000),
    st.fixed_dictionaries(
        {name: st.integers(0, 3_000).map(dollars) for name in ("portfolio", "market#m", "source#w", "strategy#s")}
    ),
)
def test_what_risk_lets_through_fits_every_room_with_its_whole_reserve(
    capital: int, wish: int, limit: int, in_token: int, used: dict[str, int]
) -> None:
    limits = Limits()
    room = risk(limits, capital, used)
    size, stake, denied = room.size_entry(entry(wish, limit=limit), market(), "w", "s", dollars(in_token))
    if denied is not None:
        assert size == 0
        return
    equity = room.equity()
    reserve = reserve_for(size, Price(limit), market().fee_rate)
    assert stake <= min(wish, limits.trade_max_usd)
    assert cost(size, Price(limit)) + taker_fee(size, Price(limit), market().fee_rate) <= stake
    assert reserve <= dollars(capital)
    assert dollars(in_token) + reserve <= part(equity, limits.position_of_equity)
    assert used["market#m"] + reserve <= min(limits.market_usd, part(equity, limits.market_of_equity))
    assert used["source#w"] + reserve <= min(limits.source_usd, part(equity, limits.source_of_equity))
    assert used["portfolio"] + reserve <= limits.portfolio_usd
    assert used["strategy#s"] + reserve <= limits.strategy_usd
    assert size >= market().min_size


@given(st.integers(0, ONE), st.integers(10, 10**6))
def test_kelly_stakes_at_most_its_fraction_of_equity(p_win: int, capital: int) -> None:
    size, stake, denied = risk(capital=capital).size_entry(entry(p_win=p_win), market(), "w", "s", Usd(0))
    assert stake <= part(dollars(capital), Limits().kelly)
    assert (size == 0) == (denied is not None)


def test_a_wish_without_any_belief_is_no_edge() -> None:
    assert risk().size_entry(entry(), market(), "w", "s", Usd(0)) == (0, 0, Reason.NO_EDGE)


def test_a_stake_below_the_markets_smallest_order_is_denied() -> None:
    big = market(min_size=Shares(100 * ONE))
    assert risk().size_entry(entry(dollars(20)), big, "w", "s", Usd(0)) == (0, dollars(20), Reason.BELOW_MINIMUM)


@pytest.mark.parametrize(
    ("wish", "free", "expected"),
    [
        (100 * ONE, 50 * ONE, (50 * ONE, None)),
        (7_019_999, 50 * ONE, (7_010_000, None)),
        (4_999_999, 50 * ONE, (0, Reason.BELOW_MINIMUM)),
        (None, 50 * ONE, (0, Reason.BELOW_MINIMUM)),
        (100 * ONE, -5, (0, Reason.BELOW_MINIMUM)),
    ],
)
def test_an_exit_sells_what_is_free_in_whole_steps(wish: int | None, free: int, expected: tuple[int, object]) -> None:
    sale = Trade("m:yes", Side.SELL, Price(490_000), Purpose.EXIT, wish=wish)
    assert risk().size_exit(sale, Shares(free), market()) == expected


def test_a_deposit_is_no_profit_and_hides_no_loss() -> None:
    house = House().ready()
    peak = house.engine.desk.risk.peak
    house.deposit(5_000, "more")
    assert house.engine.desk.risk.peak == peak + dollars(5_000)
    assert house.engine.desk.books.balance(CASH) == dollars(15_000)
