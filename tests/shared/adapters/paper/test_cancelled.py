"""Orders planned before an instant end for good, wherever they are, because somebody said so beside the venue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import PaperOrder, VenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import OrderInDoubt, OrderReport
from shared.domain.money import Shares
from shared.domain.order import FINAL, Order, OrderState
from tests.shared.engine.builders import NOON, book, order, trade

BOOKS = VenueSettings(books=True)
LATER = NOON + SECOND


def planned(number: int, at: int = NOON) -> Order:
    return replace(order(), order_key=f"{number}.1", intent_id=str(number), planned_at=at)


def states(log: MemoryPaperLog) -> list[OrderState]:
    return [paper.state for paper in log.load()]


@pytest.fixture(params=[BOOKS, VenueSettings()], ids=["books", "prints"])
def venue(request: pytest.FixtureRequest) -> tuple[PaperVenue, MemoryPaperLog]:
    log = MemoryPaperLog()
    return PaperVenue(1, log, settings=request.param), log


def test_what_was_planned_before_ends_and_is_told_and_what_was_planned_then_or_later_stays(
    venue: tuple[PaperVenue, MemoryPaperLog],
) -> None:
    paper, log = venue
    for number, at in enumerate((NOON, LATER - 1, LATER)):
        paper.submit(planned(number, at), LATER)
    answers = paper.cancel_before(LATER, LATER + SECOND)
    assert [answer.payload for answer in answers] == [
        OrderReport(f"{number}.1", OrderState.CANCELED, Shares(0)) for number in (0, 1)
    ]
    assert {answer.venue_at for answer in answers} == {LATER + SECOND}
    assert states(log)[:2] == [OrderState.CANCELED] * 2
    assert states(log)[2] not in FINAL
    assert paper.cancel_before(LATER, LATER + 2 * SECOND) == []


def test_an_order_that_was_planned_before_and_comes_later_has_ended_when_it_arrives(
    venue: tuple[PaperVenue, MemoryPaperLog],
) -> None:
    paper, log = venue
    paper.cancel_before(LATER, LATER)
    (answer,) = paper.submit(planned(1), LATER)
    assert answer.payload == OrderReport("1.1", OrderState.CANCELED, Shares(0))
    assert answer.venue_at < answer.observed_at
    (kept,) = log.load()
    assert (kept.state, kept.ended_at) == (OrderState.CANCELED, answer.venue_at)
    (again,) = paper.submit(planned(1), LATER + SECOND)
    assert isinstance(again.payload, OrderInDoubt)
    (asked,) = paper.query("1.1", LATER + SECOND)
    assert asked.payload == OrderReport("1.1", OrderState.CANCELED, Shares(0))


def test_an_older_wish_takes_nothing_back() -> None:
    log = MemoryPaperLog()
    paper = PaperVenue(1, log)
    paper.cancel_before(LATER, LATER)
    paper.cancel_before(NOON, LATER)
    paper.submit(planned(1), LATER)
    assert states(log) == [OrderState.CANCELED]


def test_the_log_is_heeded_at_load_and_while_the_venue_runs() -> None:
    log = MemoryPaperLog()
    paper = PaperVenue(1, log)
    paper.submit(planned(1), NOON)
    assert paper.heed(NOON) == []
    log.cancelled = LATER
    again = PaperVenue(1, log)
    (ended,) = log.load()
    assert (ended.state, ended.ended_at) == (OrderState.CANCELED, LATER)
    assert again.open_tokens == {}
    assert paper.reopened(BOOKS).open_tokens == {}
    again.submit(planned(2, LATER), LATER)
    log.cancelled = LATER + 1
    (answer,) = again.heed(LATER + SECOND)
    assert answer.payload == OrderReport("2.1", OrderState.CANCELED, Shares(0))


def test_what_was_filled_before_anybody_looked_stays_filled_and_the_rest_ends_after_it() -> None:
    log = MemoryPaperLog()
    paper = PaperVenue(1, log, settings=BOOKS)
    paper.submit(planned(1), NOON)
    paper.show([(NOON + 2 * SECOND, book(size=4_000_000))], NOON + 3 * SECOND)
    (partly,) = log.load()
    assert partly.state is OrderState.PARTIAL
    log.cancelled = NOON + SECOND
    PaperVenue(1, log, settings=BOOKS)
    (ended,) = log.load()
    assert (ended.state, ended.fills) == (OrderState.CANCELED, partly.fills)
    assert ended.ended_at == partly.fills[-1].venue_at > log.cancelled


def filled_after(papers: list[PaperOrder], before: int, at: int) -> list[str]:
    """Orders planned before an instant that filled after another one."""
    return [
        one.order.order_key
        for one in papers
        for fill in one.fills
        if one.order.planned_at < before and fill.venue_at > at
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.sampled_from(["submit", "print", "cancel", "again"])), max_size=25),
    st.booleans(),
)
def test_whatever_happens_in_whatever_order_nothing_planned_before_fills_afterwards(
    steps: list[tuple[int, str]], with_books: bool
) -> None:
    log = MemoryPaperLog()
    settings = VenueSettings(books=with_books)
    paper, at, before, since = PaperVenue(1, log, settings=settings), NOON, 0, 0
    for number, (wait_ms, what) in enumerate(steps):
        at += wait_ms * MILLISECOND
        match what:
            case "submit":  # some of them were planned a while ago
                paper.submit(planned(number, at - (number % 3) * SECOND), at)
            case "print":
                batch = [(at, book())] if with_books else [(at, trade(wallet="crowd", tx=f"t{number}", size=3_000_000))]
                paper.show(list(batch), at)
            case "cancel":
                log.cancelled = before = at
                since = at
                paper.heed(at)
            case "again":
                paper = paper.reopened(settings)
        assert all(one.state in FINAL for one in log.load() if one.order.planned_at < before)
        assert filled_after(log.load(), before, since) == []
