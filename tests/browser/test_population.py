"""The account that pages are looked at with is one the trader could have written."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.state import live_of, measures_of, point_of, risk_of, whale_of
from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.views import LIVE_MAX_BYTES
from shared.domain.instants import DAY, SECOND
from shared.domain.order import FINAL
from tests.browser.population import SIZES, Size, populate

AT = 1_774_216_800 * SECOND
SMALL = SIZES["small"]


def test_the_same_seed_gives_the_same_account_and_another_seed_another() -> None:
    assert populate("a", SMALL, AT, 1) == populate("a", SMALL, AT, 1)
    assert populate("a", SMALL, AT, 1).decisions != populate("a", SMALL, AT, 2).decisions


@settings(max_examples=40)  # each is a day of an account
@given(st.integers(1, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_an_account_adds_up_and_can_be_read_as_the_trader_writes(seed: int, orders: int, positions: int) -> None:
    size = Size(orders * 5, orders, min(orders, 3), 9, 7, 20, positions, 1)
    made = populate("a", size, AT, seed)
    live = live_of(made.live)
    assert live.equity == live.cash + live.reserved + live.marked
    assert sum(live.decisions.values()) == live.whale_trades == len(made.decisions) == size.decisions
    assert len(made.past.orders) == size.orders
    assert sum(order.state not in FINAL for order in made.past.orders) == size.open_orders
    assert all(order.size > 0 and order.filled <= order.size for order in made.past.orders)
    assert [made.at for made in made.decisions] == sorted((d.at for d in made.decisions), reverse=True)
    assert all(AT - size.days * DAY <= d.at <= AT for d in made.decisions)
    assert len(body_of(made.live)) <= LIVE_MAX_BYTES
    held = made.past.held
    assert live.positions_open == len({position.key for position in held}) == len(held) <= size.positions
    assert {position.token for position in held} == set(made.marks)


@settings(max_examples=40)
@given(st.integers(1, 10**6), st.integers(1, 12), st.integers(0, 12))
def test_its_books_tell_the_same_as_its_orders_and_positions(seed: int, orders: int, held: int) -> None:
    past = populate("a", Size(orders * 5, orders, min(orders, 3), 9, 7, 20, held, 1), AT, seed).past
    last = {record.order.order_key: record.order for record in past.records if record.order is not None}
    assert [last[order.order_key] for order in past.orders] == past.orders
    books = {record.position.key: record.position for record in past.records if record.position is not None}
    assert list(books.values()) == past.positions


def test_every_item_of_it_is_understood_by_the_pages() -> None:
    made = populate("a", SMALL, AT)
    assert risk_of(made.risk).limits
    assert [point_of(point).at for point in made.points] == sorted(point["at"] for point in made.points)
    assert all(measures_of(point) for point in made.points)
    assert [whale_of(row).rank for row in made.whales] == list(range(1, SMALL.whales + 1))


def test_the_large_account_is_as_large_as_the_figures_say() -> None:
    size = SIZES["large"]
    assert (size.decisions, size.orders, size.whales, size.days) == (100_000, 20_000, 2_000, 7)


def test_an_empty_account_has_written_nothing() -> None:
    made = populate("a", SIZES["empty"], AT)
    assert made.nothing
    assert (made.live, made.risk, made.decisions) == ({}, {}, [])
