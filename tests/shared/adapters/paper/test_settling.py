"""Executions that settle: mined and confirmed in time, or failed, and the winning ones first."""

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import SettlementSettings, VenueSettings
from shared.adapters.paper.settlement import Settlement
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import PUSD, SettlementStatus
from shared.domain.messages import FillStatus, OrderFilled, OrderRejected
from shared.domain.money import ONE, Fraction, Price
from shared.domain.order import OrderType
from shared.ports import Answer
from tests.shared.adapters.paper.test_books import until
from tests.shared.engine.builders import NOON, book, order

Z = SettlementStatus


def settings(failed: int = 0, adverse: int = 500_000) -> VenueSettings:
    return VenueSettings(
        books=True,
        settlement=SettlementSettings(enabled=True, failed=Fraction(failed), adverse_share=Fraction(adverse)),
    )


def statuses(answers: list[Answer]) -> list[tuple[int, SettlementStatus]]:
    return [(answer.venue_at, answer.payload.status) for answer in answers if isinstance(answer.payload, FillStatus)]


def bought(house: PaperVenue, size: int = 10_000) -> list[Answer]:
    house.on_book(book(size=size * ONE), NOON)
    house.submit(order(order_type=OrderType.FAK), NOON)
    return until(house, NOON + SECOND)


def test_nothing_is_said_of_settlement_unless_it_is_asked_for() -> None:
    house = PaperVenue(1, MemoryPaperLog(), settings=VenueSettings(books=True))
    assert statuses(bought(house)) == []
    assert house.next_at is None


def test_an_execution_is_matched_then_mined_then_confirmed() -> None:
    house = PaperVenue(1, MemoryPaperLog(), settings=settings())
    heard = bought(house)
    (matched_at,) = [answer.venue_at for answer in heard if isinstance(answer.payload, OrderFilled)]
    assert statuses(heard) == [(matched_at, Z.MATCHED)]
    (mined_at, mined), (confirmed_at, confirmed) = statuses(until(house, NOON + MINUTE))
    assert (mined, confirmed) == (Z.MINED, Z.CONFIRMED)
    assert 2 * SECOND <= mined_at - matched_at <= 15 * SECOND
    assert confirmed_at - mined_at == 5 * SECOND
    assert [status for _, status in statuses(house.query("intent.1", NOON + MINUTE))] == [Z.CONFIRMED]


def test_settlement_goes_on_in_the_next_process_as_it_would_have_in_this_one() -> None:
    log = MemoryPaperLog()
    house = PaperVenue(1, log, settings=settings())
    bought(house)
    alone = PaperVenue(1, log, settings=settings())
    expected = statuses(until(alone, NOON + MINUTE))
    fresh = MemoryPaperLog()
    first = PaperVenue(1, fresh, settings=settings())
    bought(first)
    heard = statuses(until(first, expected[0][0]))
    second = PaperVenue(1, fresh, settings=settings())
    assert heard + statuses(until(second, NOON + MINUTE)) == expected
    assert PaperVenue(1, fresh, settings=settings()).next_at is None


def test_a_failed_execution_gives_its_money_back() -> None:
    house = PaperVenue(1, MemoryPaperLog(), settings=settings(failed=ONE))
    house.balance(PUSD, 52 * ONE)
    heard = bought(house)
    house.submit(order(order_key="b", order_type=OrderType.FAK), NOON + SECOND)
    heard += until(house, NOON + 2 * SECOND)
    assert isinstance(heard[-1].payload, OrderRejected)
    assert [status for _, status in statuses(until(house, NOON + MINUTE))] == [Z.FAILED]
    house.submit(order(order_key="c", order_type=OrderType.FAK), NOON + MINUTE)
    assert any(isinstance(answer.payload, OrderFilled) for answer in until(house, NOON + 2 * MINUTE))


def test_the_part_that_fails_and_who_it_meets_are_as_set() -> None:
    drawn = Settlement(3, settings(failed=100_000, adverse=800_000).settlement)
    names = [f"t{n}" for n in range(20_000)]
    gained = sum(drawn.fails(name, True) for name in names)
    lost = sum(drawn.fails(name, False) for name in names)
    assert 0.09 < (gained + lost) / (2 * len(names)) < 0.11
    assert 0.77 < gained / (gained + lost) < 0.83


def test_executions_that_have_gained_fail_and_others_stand_when_failure_is_all_adverse() -> None:
    for bid, ends in ((490_000, [Z.MINED, Z.CONFIRMED]), (510_000, [Z.FAILED])):
        house = PaperVenue(1, MemoryPaperLog(), settings=settings(failed=500_000, adverse=ONE))
        bought(house)
        house.on_book(book(bid=bid, ask=Price(bid + 10_000)), NOON + SECOND)
        assert [status for _, status in statuses(until(house, NOON + MINUTE))] == ends
