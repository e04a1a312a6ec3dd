"""The driver's side of the venue, step by step: what is asked when, and which reports are of the past."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from fargate.at_venue import REPORTS_WAIT_NS, AtVenue
from fargate.lanes import ignore
from fargate.leased import UNCONTESTED
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import VenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.domain.command import Command, CommandKind
from shared.domain.effects import Merge
from shared.domain.errors import Temporary
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    FeedHealth,
    MarketListed,
    MarketResolved,
    Merged,
    OrderAccepted,
    Payload,
    PublicTrade,
    RebatePaid,
    Redeemed,
)
from shared.domain.money import ONE, Shares, dollars
from shared.domain.order import OrderState, Side
from shared.engine.ledger import deposit_record
from shared.engine.reconciliation import Belief
from shared.ports import Answer
from shared.research.rounds import EVERY_NS, SOON_NS
from tests.shared.engine.builders import NOON, book, market, order
from tests.shared.engine.reconciliation.world import World as Books
from tests.shared.engine.reconciliation.world import live

T = TypeVar("T")


class Hand:
    """A driver, its lane and its books, by hand: calls wait until they are made, and what is said is written down."""

    def __init__(self, books: Books | None = None, settings: VenueSettings | None = None) -> None:
        self.books = books or Books()
        self.venue = PaperVenue(1, MemoryPaperLog(), settings=settings or VenueSettings(books=True))
        self.told: list[Payload] = []
        self.answers: list[Answer] = []
        self.woken = 0
        self.calls: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        self.side = AtVenue(self.venue, self, self, self, UNCONTESTED)

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",
    ) -> None:
        self.calls.append((call, then))

    def schedule(self, answers: list[Answer]) -> None:
        self.answers += answers
        for answer in answers:
            self.side.sent(answer.payload)

    def tell(self, source: str, venue_at: int, payload: Payload) -> None:
        self.told.append(payload)
        self.side.hears(payload, venue_at)

    def wake(self) -> None:
        self.woken += 1

    def belief(self) -> Belief:
        return self.books.belief

    def work(self) -> None:
        """Make the calls that wait."""
        while self.calls:
            call, then = self.calls.pop(0)
            then(call())

    def hear_all(self) -> None:
        """Every answer reaches the engine."""
        for answer in self.answers:
            self.side.arrived(answer.payload)
            self.tell("venue", answer.venue_at, answer.payload)
        self.answers = []

    def started(self) -> "Hand":
        """The venue knows of our thousand dollars, and a first round was equal."""
        self.side.fund(deposit_record("test", dollars(1_000), NOON, "start"))
        self.side.begin([market()], NOON)
        self.side.look(NOON, 0)
        self.work()
        assert self.side.compare(NOON) == []
        return self


def test_a_start_waits_for_the_first_equal_round() -> None:
    hand = Hand().started()
    assert [one.healthy for one in hand.told if isinstance(one, FeedHealth)] == [False, True]
    assert hand.woken == 1
    assert hand.side.rounds.due_at == NOON + EVERY_NS


def test_nothing_is_compared_before_reports_are_here_and_each_of_them_once() -> None:
    hand = Hand()
    assert hand.side.compare(NOON) is None
    hand.side.look(NOON, 0)
    hand.side.look(NOON, 0)
    assert len(hand.calls) == 1
    hand.work()
    assert hand.side.compare(NOON) is not None
    assert hand.side.compare(NOON) is None


def test_reports_wait_for_what_the_venue_said_before_them_but_not_for_ever() -> None:
    hand = Hand()
    hand.side.sent(OrderAccepted("a", "v"))
    hand.side.look(NOON, 0)
    hand.work()
    assert hand.side.compare(NOON + REPORTS_WAIT_NS - 1) is None
    hand.side.arrived(OrderAccepted("a", "v"))
    assert hand.side.compare(NOON + REPORTS_WAIT_NS - 1) is not None
    hand.side.rounds.due_at = 0
    hand.side.sent(OrderAccepted("b", "v"))
    hand.side.look(NOON, 0)
    hand.work()
    assert hand.side.compare(NOON + REPORTS_WAIT_NS) is not None


def test_reports_wait_as_long_as_it_takes_for_word_of_money_that_moved_and_are_then_asked_for_again() -> None:
    hand = Hand().started()
    done = hand.side.rounds.done
    hand.side.rounds.due_at = 0
    hand.side.look(NOON, 0)
    hand.work()
    hand.side.sent(RebatePaid("r", 5))
    assert hand.side.compare(NOON + MINUTE) is None
    hand.side.arrived(RebatePaid("r", 5))
    hand.tell("venue", NOON, RebatePaid("r", 5))
    assert hand.side.compare(NOON + MINUTE) == []
    assert hand.side.rounds.done == done
    hand.side.look(NOON + MINUTE, 0)
    hand.work()
    assert hand.side.compare(NOON + MINUTE) is not None
    assert hand.side.rounds.done == done + 1


def test_what_was_said_before_the_reports_and_comes_along_with_them_is_heard_before_they_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hand = Hand().started()
    done = hand.side.rounds.done
    told = [Answer(NOON, NOON, RebatePaid("r", 5))]
    monkeypatch.setattr(hand.venue, "heard", lambda: told)  # as a venue behind a socket may answer
    hand.side.rounds.due_at = 0
    hand.side.look(NOON, 0)
    hand.work()
    assert hand.side.compare(NOON + MINUTE) is None
    hand.hear_all()
    assert hand.side.compare(NOON + MINUTE) == []
    assert hand.side.rounds.done == done
    told.clear()
    hand.side.look(NOON + MINUTE, 0)
    hand.work()
    assert hand.side.compare(NOON + MINUTE) is not None
    assert hand.side.rounds.done == done + 1


def test_reports_asked_for_before_a_deposit_are_of_the_past() -> None:
    hand = Hand().started()
    done = hand.side.rounds.done
    hand.side.rounds.due_at = 0
    hand.side.look(NOON, 0)
    hand.work()
    hand.tell("driver", NOON, Command("c", CommandKind.DEPOSIT, "more", dollars(5)))
    assert hand.side.compare(NOON) == []
    assert hand.side.rounds.done == done


def test_a_command_while_nothing_is_asked_spoils_nothing() -> None:
    hand = Hand()
    hand.tell("driver", NOON, Command("c", CommandKind.DEPOSIT, "more", dollars(5)))
    hand.side.look(NOON, 0)
    hand.work()
    hand.side.compare(NOON)
    assert hand.side.rounds.done == 1


def test_an_order_in_doubt_is_cancelled_and_asked_about_at_once() -> None:
    hand = Hand(Books(live(state=OrderState.IN_DOUBT)))
    hand.side.look(NOON, 0)
    hand.work()
    hand.side.compare(NOON)
    assert hand.side.rounds.doubts == ("intent.1",)
    assert hand.side.rounds.due_at == NOON + SOON_NS
    hand.work()
    assert len(hand.answers) == 2
    assert "intent.1" in hand.venue.reports(NOON, 0).cancels_answered


def test_a_venue_still_busy_with_a_batch_is_given_the_next_one_afterwards() -> None:
    hand = Hand()
    hand.side.rounds.due_at = 1 << 62
    hand.side.show(book(), NOON)
    hand.side.look(NOON, 0)
    hand.side.show(book(), NOON + 1)
    hand.side.look(NOON + 1, 0)
    assert len(hand.calls) == 1
    hand.work()
    hand.side.look(NOON + 2, 0)
    assert len(hand.calls) == 1
    hand.work()
    hand.side.look(NOON + 3, 0)
    assert hand.calls == []


def test_the_venues_time_stays_behind() -> None:
    hand = Hand().started()
    hand.side.show(book(), NOON)
    hand.side.submit(order(), NOON)
    hand.side.look(NOON + SECOND - 1, SECOND)
    hand.work()
    assert hand.answers == []
    hand.side.look(NOON + 2 * SECOND, SECOND)
    hand.work()
    assert [type(answer.payload).__name__ for answer in hand.answers] == ["OrderFilled", "OrderAccepted"]


def test_a_venue_without_books_is_shown_prints_at_once_and_only_where_an_order_waits() -> None:
    hand = Hand(settings=VenueSettings()).started()
    printed = PublicTrade("m", "m:yes", Side.BUY, 500_000, 500 * ONE, "p", 0)
    hand.side.show_print(printed, NOON + SECOND)
    hand.side.look(NOON + SECOND, MINUTE)
    assert hand.calls == []
    hand.side.submit(order(), NOON)
    hand.work()
    hand.side.show_print(printed, NOON + SECOND)
    hand.side.look(NOON + SECOND, MINUTE)
    hand.work()
    assert "OrderFilled" in [type(answer.payload).__name__ for answer in hand.answers]


def test_redemptions_and_merges_are_asked_for_and_answered() -> None:
    hand = Hand().started()
    hand.tell("gamma", NOON, MarketListed(market()))
    hand.side.show(book(), NOON)
    hand.side.submit(order(), NOON)
    hand.side.look(NOON + SECOND, 0)
    hand.work()
    hand.venue.balance("m:no", 40 * ONE)
    hand.side.merge(Merge("m", 40 * ONE, "ref"), NOON + SECOND)
    hand.tell("gamma", NOON + MINUTE, MarketResolved("m", {"m:yes": ONE, "m:no": 0}))
    hand.side.redeem("m", NOON + MINUTE)
    hand.work()
    hand.side.look(NOON + 2 * MINUTE, 0)
    hand.work()
    said = [answer.payload for answer in hand.answers if isinstance(answer.payload, Merged | Redeemed)]
    assert said == [Merged("m", Shares(40 * ONE), "ref"), Redeemed("m")]
    assert hand.venue.reports(NOON, 0).positions == {}
    hand.hear_all()
    assert hand.told[-1] in said
