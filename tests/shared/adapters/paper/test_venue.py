"""The paper venue: fills only from later prints, never better than they were, never twice, and it remembers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.venue import PaperTimes, PaperVenue
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import Fill
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import OrderAccepted, OrderFilled, OrderInDoubt, OrderRejected, OrderReport, WhaleTrade
from shared.domain.money import ONE, Price, Shares, taker_fee
from shared.domain.order import Order, OrderState, Side
from shared.ports import Answer
from tests.shared.engine.builders import NOON, order, trade

S = OrderState
TIMES = PaperTimes()
LATER = NOON + 2 * SECOND


def venue(log: MemoryPaperLog | None = None, seed: int = 1) -> PaperVenue:
    return PaperVenue(seed, log or MemoryPaperLog())


def printed(size: int = 30 * ONE, price: int = 500_000, tx: str = "p1", side: Side = Side.BUY) -> WhaleTrade:
    return trade("someone", side=side, price=price, size=size, tx=tx)


def fills(answers: list[Answer]) -> list[Fill]:
    return [answer.payload.fill for answer in answers if isinstance(answer.payload, OrderFilled)]


def report(answers: list[Answer]) -> OrderReport:
    last = answers[-1].payload
    assert isinstance(last, OrderReport)
    return last


@given(st.text(min_size=1), st.integers(0, 2**32))
def test_an_order_is_accepted_after_a_round_trip_of_a_tenth_to_half_a_second(key: str, seed: int) -> None:
    (answer,) = venue(seed=seed).submit(order(order_key=key), NOON)
    assert answer.payload == OrderAccepted(key, f"paper-{key}")
    assert NOON + 100 * MILLISECOND <= answer.observed_at <= NOON + 500 * MILLISECOND
    assert NOON < answer.venue_at < answer.observed_at


@pytest.mark.parametrize(("rate", "delay"), [(50_000, 0), (CRYPTO_TAKER_FEE, 150 * MILLISECOND)])
def test_nothing_fills_before_the_order_has_arrived_and_a_crypto_market_waited(rate: int, delay: int) -> None:
    house = venue()
    (accepted,) = house.submit(order(fee_rate=rate), NOON)
    active = accepted.venue_at + delay
    assert fills(house.on_print(printed(tx="a"), active)) == []
    assert len(fills(house.on_print(printed(tx="b"), active + 1))) == 1


def test_a_fill_is_at_the_prints_price_with_the_fee_there_and_is_noticed_a_little_later() -> None:
    house = venue()
    house.submit(order(), NOON)
    (answer,) = house.on_print(printed(price=470_000), LATER)
    (fill,) = fills([answer])
    assert (fill.price, fill.size, fill.venue_at) == (470_000, 30 * ONE, LATER)
    assert fill.fee == taker_fee(Shares(30 * ONE), Price(470_000), order().fee_rate)
    assert answer.observed_at == LATER + TIMES.notice_ns


@pytest.mark.parametrize(
    "shown",
    [
        printed(tx="tx1"),
        printed(side=Side.SELL),
        printed(price=500_001),
        trade("someone", "m:no", tx="p1"),
    ],
    ids=["the whale's own", "another side", "beyond the limit", "another token"],
)
def test_a_print_that_must_not_fill_the_order_does_not(shown: WhaleTrade) -> None:
    house = venue()
    house.submit(order(), NOON)
    assert house.on_print(shown, LATER) == []


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(1, 80), st.integers(30, 70), st.integers(0, 3_000), st.sampled_from(list(Side))),
        max_size=12,
    ),
)
def test_no_print_is_used_twice_and_no_order_fills_beyond_its_size_or_limit(
    sizes: list[int], prints: list[tuple[int, int, int, Side]]
) -> None:
    house = venue()
    orders = {f"o{n}": order(order_key=f"o{n}", size=Shares(size * ONE)) for n, size in enumerate(sizes)}
    active = {key: house.submit(made, NOON)[0].venue_at for key, made in orders.items()}
    filled = dict.fromkeys(orders, 0)
    rests = dict.fromkeys(orders, False)
    at = NOON
    for n, (size, cents, wait, side) in enumerate(prints):
        at += wait * MILLISECOND
        made = fills(house.on_print(printed(size * ONE, cents * 10_000, f"p{n}", side), at))
        assert sum(fill.size for fill in made) <= size * ONE
        for fill in made:
            filled[fill.order_key] += fill.size
            limit = orders[fill.order_key].limit
            assert cents * 10_000 <= limit
            assert fill.price == (limit if rests[fill.order_key] else cents * 10_000)
            assert side is Side.BUY
            assert at > active[fill.order_key]
        for key, one in orders.items():
            rests[key] |= side is Side.BUY and cents * 10_000 > one.limit and at > active[key]
    for key, made_order in orders.items():
        assert filled[key] <= made_order.size
        assert report(house.query(key, at)).filled == filled[key]


def test_a_sale_fills_on_sales_at_its_limit_or_more() -> None:
    house = venue()
    house.submit(order(side=Side.SELL), NOON)
    (sold,) = fills(house.on_print(printed(price=520_000, side=Side.SELL, tx="a"), LATER))
    assert sold.price == 520_000


def test_an_order_the_market_was_beyond_rests_and_fills_at_its_own_price() -> None:
    house = venue()
    house.submit(order(side=Side.SELL), NOON)
    assert house.on_print(printed(price=490_000, side=Side.SELL, tx="a"), LATER) == []
    (sold,) = fills(house.on_print(printed(price=520_000, side=Side.SELL, tx="b"), LATER))
    assert sold.price == 500_000


def test_a_cancel_arrives_late_and_fills_on_its_way_count() -> None:
    house = venue()
    house.submit(order(), NOON)
    assert house.cancel("intent.1", LATER) == []
    due = house.next_at
    assert due is not None
    assert due > LATER
    assert len(fills(house.on_print(printed(), due - 1))) == 1
    answers = house.on_print(printed(tx="p2"), due + 1)
    assert fills(answers) == []
    assert report(answers) == OrderReport("intent.1", S.CANCELED, Shares(30 * ONE))
    assert answers[-1].observed_at > due
    assert house.next_at is None
    assert house.open_tokens == {}


def test_a_cancel_that_meets_a_filled_order_reports_it_filled() -> None:
    house = venue()
    house.submit(order(), NOON)
    house.cancel("intent.1", LATER)
    house.on_print(printed(size=100 * ONE), LATER + 1)
    assert report(house.advance(LATER + SECOND)).state is S.FILLED


def test_a_cancel_of_an_ended_order_is_answered_like_a_query() -> None:
    house = venue()
    house.submit(order(), NOON)
    house.on_print(printed(size=100 * ONE), LATER)
    answers = house.cancel("intent.1", LATER + 1)
    assert len(fills(answers)) == 1
    assert report(answers) == OrderReport("intent.1", S.FILLED, Shares(100 * ONE))


def test_two_cancels_are_two_answers_and_one_end() -> None:
    house = venue()
    house.submit(order(), NOON)
    house.cancel("intent.1", LATER)
    house.cancel("intent.1", LATER)
    answers = house.advance(LATER + SECOND)
    assert [answer.payload for answer in answers] == [OrderReport("intent.1", S.CANCELED, Shares(0))] * 2


def test_the_same_order_is_not_taken_twice_and_that_is_no_proof_of_rejection() -> None:
    house = venue()
    house.submit(order(), NOON)
    (answer,) = house.submit(order(), LATER)
    assert answer.payload == OrderInDoubt("intent.1", "INVALID_ORDER_DUPLICATED")
    assert sum(fill.size for fill in fills(house.on_print(printed(size=500 * ONE), LATER + SECOND))) == 100 * ONE


@pytest.mark.parametrize("ask", ["query", "cancel"])
def test_an_order_that_never_arrived_is_refused_for_good(ask: str) -> None:
    house = venue()
    (answer,) = getattr(house, ask)("intent.1", NOON)
    assert answer.payload == OrderRejected("intent.1", "order not found: it never arrived")
    (late,) = house.submit(order(), NOON + 1)
    assert isinstance(late.payload, OrderRejected)
    assert house.on_print(printed(), LATER) == []


def test_a_new_process_finds_orders_fills_and_what_is_left_in_its_log() -> None:
    log = MemoryPaperLog()
    first = venue(log)
    first.submit(order(), NOON)
    first.submit(order(order_key="done.1", size=Shares(20 * ONE)), NOON)
    first.on_print(printed(size=40 * ONE), LATER)
    first.on_print(printed(size=80 * ONE, tx="p2"), LATER)
    again = venue(log)
    assert again.query("done.1", LATER)[-1].payload == OrderReport("done.1", S.FILLED, Shares(20 * ONE))
    before = report(again.query("intent.1", LATER)).filled
    assert before == 100 * ONE


def test_a_new_process_goes_on_filling_where_the_old_one_stopped() -> None:
    log = MemoryPaperLog()
    first = venue(log)
    first.submit(order(), NOON)
    made = fills(first.on_print(printed(), LATER))
    again = venue(log)
    assert fills(again.query("intent.1", LATER)) == made
    more = fills(again.on_print(printed(size=500 * ONE, tx="p2"), LATER + 1))
    assert [fill.size for fill in more] == [70 * ONE]
    assert made[0].trade_id != more[0].trade_id


def test_an_answer_is_given_only_after_it_is_kept() -> None:
    class Failing(MemoryPaperLog):
        def put(self, order: object) -> None:
            raise OSError("disk full")

    house = PaperVenue(1, Failing())
    with pytest.raises(OSError, match="disk full"):
        house.submit(order(), NOON)
    assert isinstance(house.query("intent.1", NOON)[0].payload, OrderRejected)


def test_one_seed_gives_one_latency_per_order() -> None:
    def trips(seed: int, made: Order) -> int:
        return venue(seed=seed).submit(made, NOON)[0].observed_at

    assert trips(1, order()) == trips(1, order())
    assert len({trips(seed, order()) for seed in range(8)}) > 1
