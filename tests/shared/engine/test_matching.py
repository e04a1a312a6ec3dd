import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import ONE, Price, Shares
from shared.domain.order import Side
from shared.engine.matching import PrintMatcher, Resting
from tests.shared.engine.builders import NOON, order, trade


def resting(key: str = "a", size: int = 100 * ONE, **changes: object) -> Resting:
    return Resting(order(order_key=key, size=Shares(size), **changes), NOON)


@pytest.mark.parametrize(
    ("side", "price", "takes"),
    [
        (Side.BUY, 500_000, True),
        (Side.BUY, 500_001, False),
        (Side.SELL, 500_000, True),
        (Side.SELL, 499_999, False),
    ],
)
def test_an_order_fills_at_its_limit_or_better_for_it(side: Side, price: int, takes: bool) -> None:
    held = resting(side=side)
    assert held.takes(trade(side=side, price=price, tx="tx2"), NOON + 1) is takes


def test_never_at_the_whales_own_print_nor_on_the_other_side_nor_before_it_is_active() -> None:
    held = resting()
    assert not held.takes(trade(tx="tx1"), NOON + 1)
    assert not held.takes(trade(side=Side.SELL, tx="tx2"), NOON + 1)
    assert not held.takes(trade(tx="tx2"), NOON)
    assert held.takes(trade(tx="tx2"), NOON + 1)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(1, 120))
def test_a_print_is_used_once_over_all_orders_and_earlier_orders_come_first(sizes: list[int], printed: int) -> None:
    matcher = PrintMatcher()
    for n, size in enumerate(sizes):
        matcher.add(resting(str(n), size))
    fills = matcher.match(trade(size=printed, tx="tx2"), NOON + 1)
    assert sum(size for _, size in fills) == min(printed, sum(sizes))
    assert [held.order.order_key for held, _ in fills] == [str(n) for n in range(len(fills))]
    assert all(size == sizes[n] for n, (_, size) in enumerate(fills[:-1]))
    left = [held.remaining for held in matcher.by_token.get("m:yes", [])]
    assert sum(left) == sum(sizes) - sum(size for _, size in fills)
    assert all(left)


def test_a_print_of_another_token_or_beyond_the_limit_fills_nobody() -> None:
    matcher = PrintMatcher()
    matcher.add(resting(limit=Price(400_000)))
    assert matcher.match(trade(token="m:no", tx="tx2"), NOON + 1) == []
    assert matcher.match(trade(tx="tx2"), NOON + 1) == []


def test_a_removed_order_fills_no_more_and_its_token_is_forgotten_with_the_last() -> None:
    matcher = PrintMatcher()
    first, second = resting("a"), resting("b")
    matcher.add(first)
    matcher.add(second)
    matcher.remove(first)
    assert [held for held, _ in matcher.match(trade(tx="tx2", size=ONE), NOON + 1)] == [second]
    matcher.remove(second)
    assert matcher.by_token == {}


@pytest.mark.parametrize(("side", "beyond", "within"), [(Side.BUY, 520_000, 480_000), (Side.SELL, 480_000, 520_000)])
def test_an_order_that_the_market_had_left_behind_rests_and_trades_at_its_own_limit(
    side: Side, beyond: int, within: int
) -> None:
    held = resting(side=side)
    matcher = PrintMatcher()
    matcher.add(held)
    better = trade(side=side, price=within, size=ONE, tx="tx2")
    assert [held.price_of(better) for held, _ in matcher.match(better, NOON + 1)] == [within]
    assert matcher.match(trade(side=side, price=beyond, size=ONE, tx="tx3"), NOON + 2) == []
    assert [held.price_of(better) for held, _ in matcher.match(better, NOON + 3)] == [held.order.limit]


def test_every_order_hears_of_a_print_that_an_earlier_one_used_up() -> None:
    matcher = PrintMatcher()
    first, second = resting("a", limit=Price(600_000)), resting("b", limit=Price(400_000))
    matcher.add(first)
    matcher.add(second)
    assert len(matcher.match(trade(price=500_000, size=ONE, tx="tx2"), NOON + 1)) == 1
    assert second.rests
