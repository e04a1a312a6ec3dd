"""The copy strategy alone, against a view written by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.market import Market
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, fee_per_share
from shared.domain.order import Purpose, Side
from shared.domain.strategy import Skip, Trade
from shared.domain.whale import Signal
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.shared.engine.builders import NOON, market

BUY = Signal(
    "signal",
    "whale",
    "m",
    "m:yes",
    Side.BUY,
    NOON,
    "tx1",
    1,
    500_000,
    Shares(1_000 * ONE),
    Usd(500 * ONE),
    Fraction(0),
    Fraction(ONE),
)
SELL = replace(BUY, side=Side.SELL, fraction_sold=Fraction(500_000))


class FixedView:
    """Answers with what it was made with."""

    def __init__(
        self,
        edge: int | None = 150_000,
        held: int = 0,
        free: int | None = None,
        taken: int = 0,
        known: Market | None = None,
    ) -> None:
        self._edge, self._held, self._taken = edge, held, taken
        self._free = held if free is None else free
        self._market = known

    def market(self, market: str) -> Market | None:
        return self._market

    def edge(self, wallet: str) -> int | None:
        return self._edge

    def sleeve_size(self, token: str, strategy: str, source: str) -> Shares:
        return Shares(self._held)

    def sleeve_free(self, token: str, strategy: str, source: str) -> Shares:
        return Shares(self._free)

    def intended(self, signal_id: str) -> int:
        return self._taken

    def equity(self) -> Usd:
        return Usd(10_000 * ONE)


def kelly(signal: Signal = BUY, **view: Any) -> Trade | Skip:
    return WhaleCopy(Params()).decide(signal, FixedView(known=market(), **view))


def ratio(signal: Signal = BUY, **view: Any) -> Trade | Skip:
    return WhaleCopy(Params(sizing="ratio")).decide(signal, FixedView(known=market(), **view))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sizing": "all-in"}, "sizing must be kelly or ratio, not 'all-in'"),
        ({"ratio": 0}, "ratio must lie between 0 and 1, not 0"),
        ({"ratio": ONE + 1}, "ratio must lie between 0 and 1, not 1.000001"),
        ({"slack": -1}, "slack must lie between 0 and 0.1, not -0.000001"),
        ({"slack": 100_001}, "slack must lie between 0 and 0.1, not 0.100001"),
    ],
)
def test_parameters_out_of_bounds_are_refused_by_name(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{sentence}$"):
        Params(**changes)


def test_a_market_nobody_listed_is_skipped() -> None:
    assert WhaleCopy(Params()).decide(BUY, FixedView()) == Skip(Reason.MARKET_UNKNOWN)


def test_kelly_asks_for_the_token_at_most_two_percent_or_a_tick_worse_with_the_wallets_belief() -> None:
    assert kelly() == Trade("m:yes", Side.BUY, Price(510_000), Purpose.ENTRY, p_win=Fraction(650_000))


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ({"edge": None}, Reason.EDGE_UNKNOWN),
        ({"edge": 0}, Reason.NO_EDGE),
        ({"edge": -1}, Reason.NO_EDGE),
        ({"edge": 10_000 + 12_495}, Reason.NO_EDGE),
        ({"taken": 1}, Reason.JOINED_BURST),
    ],
)
def test_kelly_stands_aside_without_an_edge_or_when_the_burst_has_its_intent(
    view: dict[str, Any], reason: Reason
) -> None:
    assert kelly(**view) == Skip(reason)


@given(st.integers(1, 99).map(lambda n: n * 10_000), st.integers(-ONE, ONE))
def test_kelly_never_wishes_where_price_and_fee_reach_the_belief(last: int, edge: int) -> None:
    wish = kelly(replace(BUY, last_price=last), edge=edge)
    if isinstance(wish, Trade):
        assert wish.p_win is not None
        assert wish.p_win > wish.limit + fee_per_share(wish.limit, market().fee_rate)
        assert wish.p_win < ONE


@given(st.integers(0, 10**12), st.integers(0, 10**11))
def test_ratio_tops_up_to_its_fraction_of_the_whales_notional_and_no_further(notional: int, taken: int) -> None:
    wish = ratio(replace(BUY, notional=Usd(notional)), taken=taken)
    if isinstance(wish, Trade):
        assert wish.wish is not None
        assert wish.wish > 0
        assert wish.wish + taken == notional // 10
    else:
        assert wish == Skip(Reason.JOINED_BURST)
        assert taken >= notional // 10


def test_a_sale_sells_the_same_fraction_of_our_sleeve_a_little_cheaper() -> None:
    wish = kelly(SELL, held=80 * ONE)
    assert wish == Trade("m:yes", Side.SELL, Price(490_000), Purpose.EXIT, wish=40 * ONE)


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ({"held": 0}, Reason.NO_SLEEVE),
        ({"held": 40 * ONE, "taken": 40 * ONE}, Reason.EXIT_COVERED),
        ({"held": 80 * ONE, "free": 0}, Reason.EXIT_COVERED),
        ({"held": 80 * ONE, "free": -1}, Reason.EXIT_COVERED),
    ],
)
def test_a_sale_without_anything_to_sell_is_skipped(view: dict[str, Any], reason: Reason) -> None:
    assert kelly(SELL, **view) == Skip(reason)


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, ONE), st.integers(0, 10**9))
def test_a_sale_never_exceeds_what_is_free_nor_the_whales_fraction(
    held: int, sold: int, fraction: int, free: int
) -> None:
    wish = kelly(replace(SELL, fraction_sold=Fraction(fraction)), held=held, taken=sold, free=free)
    if isinstance(wish, Trade):
        assert wish.wish is not None
        assert 0 < wish.wish <= free
        assert (wish.wish + sold) * ONE <= (held + sold) * fraction
