from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.instants import DAY, MINUTE, SECOND
from shared.domain.ledger import Fill, Position, Record, RecordKind
from shared.domain.money import Fraction, Price, Shares, Usd
from shared.domain.order import Order, OrderState, Purpose, Side
from shared.domain.quality import BEAT_NS, Execution, closed, execution, quantile, troubles, uptime

START = 20_000 * DAY
CENT = 10_000


def order(key: str, at: int, **fields: Any) -> Order:
    made = Order(
        key, f"i{key}", 1, "paper", "copy", "0xa", "m", "t", Side.BUY, Purpose.ENTRY, Price(50 * CENT),
        Shares(10_000_000), Fraction(0), f"s{key}", at, "tx", at, 1, reference=50 * CENT,
    )  # fmt: skip
    return replace(made, **fields)


def planned(one: Order) -> Record:
    return Record(RecordKind.PLANNED, "paper", one.planned_at, order=one)


def moved(one: Order, state: OrderState, at: int) -> Record:
    return Record(RecordKind.MOVED, "paper", at, order=replace(one, state=state))


def filled(one: Order, price: int, size: int, at: int, state: OrderState = OrderState.FILLED) -> Record:
    after = replace(one, state=state, filled=Shares(size), cost=Usd(size * price // 1_000_000))
    fill = Fill(f"f{one.order_key}", one.order_key, price, Shares(size), Usd(7), at)
    return Record(RecordKind.FILLED, "paper", at, order=after, fill=fill)


def test_a_day_without_orders_says_so() -> None:
    assert execution([], START) == Execution()
    deposit = Record(RecordKind.DEPOSITED, "paper", START)
    assert execution([deposit, planned(order("old", START - 1))], START) == Execution()


def test_orders_are_counted_by_what_became_of_them() -> None:
    whole, part, gone, refused, unknown, open_ = (order(name, START + n) for n, name in enumerate("abcdef"))
    records = [
        *map(planned, (whole, part, gone, refused, unknown, open_)),
        filled(whole, 51 * CENT, 10_000_000, START + SECOND),
        filled(part, 50 * CENT, 4_000_000, START + 3 * SECOND + 1, OrderState.PARTIAL),
        moved(replace(part, filled=Shares(4_000_000), cost=Usd(2_000_000)), OrderState.CANCELED, START + MINUTE),
        moved(gone, OrderState.EXPIRED, START + MINUTE),
        moved(refused, OrderState.REJECTED, START + MINUTE),
        moved(unknown, OrderState.IN_DOUBT, START + MINUTE),
    ]
    done = execution(records, START)
    assert (done.orders, done.ended, done.filled, done.canceled, done.rejected, done.in_doubt) == (6, 4, 2, 2, 1, 1)
    assert (done.fills, done.traded, done.fees) == (2, 5_100_000 + 2_000_000, 14)
    assert done.fill_rate == 500_000
    assert done.slippage == (0, 20_000)
    assert done.wait_ns == (SECOND, 3 * SECOND)


def test_an_order_without_a_displayed_price_has_no_slippage() -> None:
    one = order("a", START, reference=0)
    done = execution([planned(one), filled(one, 51 * CENT, 10_000_000, START + 5)], START)
    assert (done.slippage, done.wait_ns) == ((None, None), (5, 5))


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(1, 1_000_000))
def test_a_quantile_is_the_smallest_number_that_so_many_do_not_exceed(numbers: list[int], share: int) -> None:
    found = quantile(sorted(numbers), share)
    assert found is not None
    assert sum(1 for one in numbers if one <= found) * 1_000_000 >= share * len(numbers)
    assert sum(1 for one in numbers if one < found) * 1_000_000 < share * len(numbers)


def test_there_is_no_quantile_of_nothing_and_the_least_is_the_first() -> None:
    assert quantile([], 500_000) is None
    assert quantile([3, 4], 0) == 3


def position(token: str, size: int, at: int, opened: int = 1) -> Position:
    return Position("paper", token, "copy/0xa", "m", "copy", "0xa", Shares(size), opened_at=opened, changed_at=at)


def test_closed_positions_come_latest_first_and_only_those_of_the_time() -> None:
    early, late, held, never = (
        position("a", 0, START),
        position("b", 0, START + 9),
        position("c", 1, START),
        position("d", 0, START, 0),
    )
    rows = [early, held, never, late]
    assert closed(rows) == [late, early]
    assert closed(rows, START + 1) == [late]
    assert closed(rows, START, START + 9) == [early]


def test_a_heartbeat_each_minute_is_all_the_time_even_when_it_is_a_little_late() -> None:
    beats = list(range(START - 10 * SECOND, START + DAY, 61 * SECOND))
    assert uptime(beats, START, START + DAY) == 1_000_000


def test_time_without_a_heartbeat_is_missing_from_when_the_next_was_overdue() -> None:
    minutes = [START + n * MINUTE for n in range(60)]
    there = [at for n, at in enumerate(minutes) if not 10 <= n < 20]
    # the minute 9 vouches for 90 s, so 9.5 of 60 minutes are missing
    assert uptime(there, START, START + 60 * MINUTE) == 1_000_000 * (60 * 60 - 570) // 3_600


def test_a_single_heartbeat_vouches_for_a_minute_and_a_half_and_none_for_nothing() -> None:
    assert uptime([START], START, START + 10 * BEAT_NS) == 100_000
    assert uptime([], START, START + 1) == 0
    assert uptime([START], START, START) is None
    assert uptime([START - BEAT_NS, START + 9 * BEAT_NS], START, START + BEAT_NS) == 0


@given(st.lists(st.integers(0, DAY)), st.integers(1, DAY))
def test_uptime_is_a_share(beats: list[int], length: int) -> None:
    found = uptime(sorted(beats), 0, length)
    assert found is not None
    assert 0 <= found <= 1_000_000


def test_troubles_are_counted_over_restarts() -> None:
    points = [
        {"rtds gap": 3, "rtds connected": 1},
        {"rtds gap": 5, "rtds connected": 2},
        {"rtds gap": 1, "market lost": 2},
    ]
    assert troubles(points) == {"rtds gap": 3, "market lost": 2}
    assert troubles([]) == {}


@pytest.mark.parametrize("kind", ["lost", "silent", "gap", "dropped", "late"])
def test_each_kind_of_trouble_counts(kind: str) -> None:
    assert troubles([{}, {f"x {kind}": 2}]) == {f"x {kind}": 2}
