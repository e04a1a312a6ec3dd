from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import ONE, Shares, Usd
from shared.domain.order import Order, Side
from shared.domain.slippage import BASIS_POINT, average_of, slippage_of
from tests.shared.engine.builders import order


def filled(side: Side, size: int, cost: int, reference: int) -> Order:
    return order(side=side, filled=Shares(size), cost=Usd(cost), reference=reference)


def test_a_purchase_above_what_was_shown_slipped() -> None:
    bought = filled(Side.BUY, 100 * ONE, 51 * ONE, 500_000)
    assert average_of(bought) == 510_000
    assert slippage_of(bought) == 200 * BASIS_POINT


def test_a_sale_above_what_was_shown_did_better() -> None:
    assert slippage_of(filled(Side.SELL, 100 * ONE, 51 * ONE, 500_000)) == -200 * BASIS_POINT


def test_averages_are_rounded_against_us() -> None:
    assert average_of(filled(Side.BUY, 3 * ONE, 1_000_000, 0)) == 333_334
    assert average_of(filled(Side.SELL, 3 * ONE, 1_000_000, 0)) == 333_333


def test_nothing_is_told_of_what_is_not_known() -> None:
    assert average_of(order()) is None
    assert slippage_of(order(reference=500_000)) is None
    assert slippage_of(filled(Side.BUY, ONE, 500_000, 0)) is None


@given(
    st.sampled_from(Side),
    st.integers(1, 10**12),
    st.integers(1, ONE - 1),
    st.integers(1, ONE - 1),
)
def test_what_filled_at_one_price_slipped_by_the_difference(side: Side, size: int, price: int, reference: int) -> None:
    exact = size * price
    cost = -(-exact // ONE) if side is Side.BUY else exact // ONE
    slip = slippage_of(filled(side, size, cost, reference))
    worse = price - reference if side is Side.BUY else reference - price
    assert slip is not None
    assert 0 <= slip * reference - worse * ONE < (2 + ONE // size) * ONE
