"""The split of a wallet's profit into what its copy kept and what copying cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.money import ONE, Price, Shares, Usd, cost, proceeds, value
from shared.domain.order import Side
from shared.research.decomposition import TERMS, Copied, Decomposition, Tape, Traded, decompose, together

UP, DOWN = "up", "down"


def trade(price: int, size: int, at: int = 10, side: Side = Side.BUY, **changes: object) -> Traded:
    return replace(Traded("burst", UP, side, Price(price), Shares(size), at), **changes)


def fill(price: int, size: int, at: int = 30, side: Side = Side.BUY, **changes: object) -> Copied:
    return replace(Copied("burst", UP, side, Price(price), Shares(size), Usd(0), 20, at), **changes)


def tape(*prints: tuple[int, int]) -> dict[str, Tape]:
    return {UP: Tape([at for at, _ in prints], [price for _, price in prints])}


def terms(found: Decomposition) -> tuple[int, ...]:
    return tuple(getattr(found, name) for name in ("own", *TERMS, "copy"))


def adds_up(found: Decomposition) -> bool:
    return found.own == found.copy + found.missed + found.delay + found.spread + found.fee


# ---------------------------------------------------------------------- constructed histories


def test_each_term_has_the_size_it_must() -> None:
    """It bought 100 at 0.50 and won; we got 60 at 0.53 when the last print was 0.52, for a fee of 0.07."""
    bought = fill(530_000, 60_000_000, fee=Usd(70_000))
    found = decompose([trade(500_000, 100_000_000)], [bought], {UP: ONE}, tape((10, 500_000), (29, 520_000)))
    assert terms(found) == (50_000_000, 20_000_000, 1_200_000, 600_000, 70_000, 28_130_000)
    assert (found.notional, found.copied, found.trades, found.fills) == (50_000_000, 30_000_000, 1, 1)
    assert found.missed_by == {"not_filled": 20_000_000}
    assert adds_up(found)


def test_for_a_sale_a_lower_price_is_the_cost() -> None:
    """It sold 100 at 0.50 and the token lost; we sold 60 at 0.47 when the last print was 0.48."""
    sold = fill(470_000, 60_000_000, side=Side.SELL)
    found = decompose(
        [trade(500_000, 100_000_000, side=Side.SELL)], [sold], {UP: 0}, tape((10, 500_000), (29, 480_000))
    )
    assert terms(found) == (50_000_000, 20_000_000, 1_200_000, 600_000, 0, 28_200_000)
    assert adds_up(found)


def test_a_price_that_came_to_us_is_a_gain_in_delay() -> None:
    cheaper = fill(450_000, 100_000_000)
    found = decompose([trade(500_000, 100_000_000)], [cheaper], {UP: 0}, tape((10, 500_000), (29, 460_000)))
    assert terms(found) == (-50_000_000, 0, -4_000_000, -1_000_000, 0, -45_000_000)


def test_a_copy_at_once_at_the_same_price_without_a_fee_costs_nothing() -> None:
    found = decompose([trade(500_000, 7_000_001)], [fill(500_000, 7_000_001)], {UP: ONE}, tape((10, 500_000)))
    assert found.copy == value(Shares(7_000_001), ONE) - cost(Shares(7_000_001), Price(500_000))
    assert (found.missed, found.delay, found.spread, found.fee) == (0, 0, found.own - found.copy, 0)
    assert found.spread in (0, 1)  # what we pay is rounded up


def test_where_nobody_traded_meanwhile_there_is_no_delay() -> None:
    found = decompose([trade(500_000, 10_000_000)], [fill(520_000, 10_000_000)], {UP: ONE}, tape((9, 500_000)))
    assert (found.delay, found.spread) == (0, 200_000)


def test_without_a_print_before_the_fill_the_wallets_own_price_is_the_reference() -> None:
    for tapes in ({}, tape((30, 990_000))):
        found = decompose([trade(500_000, 10_000_000)], [fill(520_000, 10_000_000)], {UP: ONE}, tapes)
        assert (found.delay, found.spread) == (0, 200_000)


def test_what_was_not_copied_is_missed_by_the_reason_of_its_decision() -> None:
    trades = [
        trade(500_000, 10_000_000, reason=Reason.OPPOSITE_SIDE, signal_id="a"),
        trade(500_000, 30_000_000, reason=Reason.LEG_OPEN, signal_id="b"),
        trade(500_000, 20_000_000, reason=Reason.TOPPED_UP, signal_id="c"),
    ]
    found = decompose(trades, [], {UP: ONE}, {})
    assert list(found.missed_by.items()) == [
        ("leg_open", 15_000_000),
        ("not_filled", 10_000_000),
        ("opposite_side", 5_000_000),
    ]
    assert (found.missed, found.copy, found.copied) == (found.own, 0, 0)


def test_a_missed_loss_is_no_cost() -> None:
    assert decompose([trade(500_000, 10_000_000)], [], {UP: 0}, {}).missed == -5_000_000


def test_the_earliest_trades_of_a_burst_are_copied_first() -> None:
    trades = [trade(500_000, 10_000_000), trade(600_000, 10_000_000, at=11, reason=Reason.LEG_OPEN)]
    found = decompose(trades, [fill(600_000, 15_000_000)], {UP: ONE}, tape((10, 600_000)))
    assert found.delay == 1_000_000
    assert found.missed_by == {"leg_open": 2_000_000, "not_filled": 0}


def test_a_fill_is_not_laid_against_what_was_heard_after_its_order() -> None:
    trades = [trade(500_000, 10_000_000), trade(300_000, 10_000_000, at=21)]
    found = decompose(trades, [fill(500_000, 15_000_000)], {UP: ONE}, tape((10, 500_000)))
    assert found.missed_by == {"not_filled": 7_000_000, "beyond": -2_500_000}
    just_known = [trade(500_000, 10_000_000), trade(300_000, 10_000_000, at=20)]
    found = decompose(just_known, [fill(500_000, 15_000_000)], {UP: ONE}, tape((10, 500_000)))
    assert found.missed_by == {"not_filled": 3_500_000}


def test_what_we_did_and_it_did_not_counts_as_beyond() -> None:
    found = decompose([], [fill(500_000, 10_000_000, fee=Usd(10))], {UP: 0}, {})
    assert terms(found) == (0, 5_000_000, 0, 0, 10, -5_000_010)
    assert found.missed_by == {"beyond": 5_000_000}


def test_fills_of_another_burst_are_laid_against_nothing() -> None:
    trades = [trade(500_000, 10_000_000)]
    found = decompose(trades, [fill(500_000, 10_000_000, signal_id="other")], {UP: ONE}, {})
    assert found.missed_by == {"not_filled": 5_000_000, "beyond": -5_000_000}


def test_tokens_without_a_payout_are_left_out() -> None:
    trades = [trade(500_000, 10_000_000), trade(500_000, 10_000_000, token=DOWN)]
    fills = [fill(500_000, 10_000_000, token=DOWN, fee=Usd(5))]
    found = decompose(trades, fills, {UP: ONE}, {})
    assert (found.trades, found.fills, found.fee, found.notional) == (1, 0, 0, 5_000_000)


@pytest.mark.parametrize("paid", [-1, ONE + 1])
def test_a_payout_out_of_range_is_refused_by_name(paid: int) -> None:
    with pytest.raises(BadInput, match=f"payout of up must lie between 0 and 1, not {paid} millionths"):
        decompose([], [], {UP: paid}, {})


def test_terms_are_told_in_basis_points_of_what_the_wallet_traded() -> None:
    found = decompose([trade(500_000, 10_000_000)], [], {UP: ONE}, {})
    assert found.bps("own") == 10_000.0
    assert Decomposition().bps("own") == 0.0


def test_several_are_added_term_by_term() -> None:
    one = decompose([trade(500_000, 10_000_000)], [fill(500_000, 5_000_000)], {UP: ONE}, {})
    two = decompose([trade(400_000, 10_000_000, reason=Reason.STALE)], [], {UP: ONE}, {})
    both = together([one, two])
    assert terms(both) == tuple(a + b for a, b in zip(terms(one), terms(two), strict=True))
    assert both.missed_by == {"stale": 6_000_000, "not_filled": 2_500_000}
    assert (both.notional, both.trades, both.fills) == (9_000_000, 2, 1)
    assert together([]) == Decomposition()


# ---------------------------------------------------------------------- any history

prices = st.integers(1, ONE - 1)
sizes = st.integers(1, 50_000_000)
tokens = st.sampled_from((UP, DOWN))
sides = st.sampled_from((Side.BUY, Side.SELL))
signals = st.sampled_from(("one", "two"))
moments = st.integers(0, 50)
traded = st.builds(Traded, signals, tokens, sides, prices, sizes, moments, st.sampled_from(Reason))
copied = st.builds(Copied, signals, tokens, sides, prices, sizes, st.integers(0, 1_000_000), moments, moments)
tapes = st.dictionaries(
    tokens,
    st.lists(st.tuples(moments, prices), max_size=6).map(
        lambda prints: Tape([at for at, _ in sorted(prints)], [price for _, price in sorted(prints)])
    ),
)
histories = st.tuples(st.lists(traded, max_size=8), st.lists(copied, max_size=8))
settled = st.fixed_dictionaries({UP: st.sampled_from((0, ONE)), DOWN: st.sampled_from((0, ONE))})


@given(histories, st.dictionaries(tokens, st.integers(0, ONE)), tapes)
def test_the_terms_and_the_copy_sum_to_the_wallets_profit(
    history: tuple[list[Traded], list[Copied]], payouts: dict[str, int], prints: dict[str, Tape]
) -> None:
    found = decompose(*history, payouts, prints)
    assert adds_up(found)
    assert sum(found.missed_by.values()) == found.missed
    assert 0 <= found.copied <= found.notional


@given(histories, settled, tapes)
def test_own_and_copy_are_what_each_would_say_alone(
    history: tuple[list[Traded], list[Copied]], payouts: dict[str, int], prints: dict[str, Tape]
) -> None:
    trades, fills = history
    found = decompose(trades, fills, payouts, prints)
    own = sum(
        (1 if one.side is Side.BUY else -1) * (value(one.size, payouts[one.token]) - value(one.size, one.price))
        for one in trades
    )
    copy = sum(
        value(one.size, payouts[one.token]) - cost(one.size, one.price) - one.fee
        if one.side is Side.BUY
        else proceeds(one.size, one.price) - value(one.size, payouts[one.token]) - one.fee
        for one in fills
    )
    assert (found.own, found.copy) == (own, copy)
    assert found.fee == sum(one.fee for one in fills)
    assert found.notional == sum(value(one.size, one.price) for one in trades)


@given(histories, settled, tapes)
def test_without_a_fill_everything_is_missed(
    history: tuple[list[Traded], list[Copied]], payouts: dict[str, int], prints: dict[str, Tape]
) -> None:
    found = decompose(history[0], [], payouts, prints)
    assert (found.missed, found.delay, found.spread, found.fee, found.copy) == (found.own, 0, 0, 0, 0)


@given(st.integers(1, 999_998), sizes, settled, st.data())
def test_a_dearer_fill_raises_the_spread_and_nothing_else(
    price: int, size: int, payouts: dict[str, int], data: st.DataObject
) -> None:
    dearer = data.draw(st.integers(price + 1, ONE - 1))
    trades, prints = [trade(500_000, 50_000_000)], tape((10, 480_000))
    near = decompose(trades, [fill(price, size)], payouts, prints)
    far = decompose(trades, [fill(dearer, size)], payouts, prints)
    assert (far.missed, far.delay, far.fee) == (near.missed, near.delay, near.fee)
    assert (
        far.spread - near.spread
        == near.copy - far.copy
        == cost(Shares(size), Price(dearer)) - cost(Shares(size), Price(price))
    )
