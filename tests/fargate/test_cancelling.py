"""Others may have every order cancelled while the venue runs in our process: the log is looked at each second."""

from collections.abc import Callable
from typing import Any, TypeVar

from fargate.cancelling import LOOK_NS, CancelWatch
from fargate.lanes import ignore
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from shared.domain.messages import OrderReport
from shared.domain.order import OrderState
from shared.ports import Answer
from tests.shared.engine.builders import NOON, order

T = TypeVar("T")


class Hand:
    """A lane whose calls wait until they are made."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[[], Any], Callable[[Any], None], Callable[[Temporary], None] | None]] = []

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",
    ) -> None:
        self.calls.append((call, then, failed))

    def work(self) -> None:
        for call, then, failed in self.calls:
            try:
                found = call()
            except Temporary as error:
                assert failed is not None
                failed(error)
            else:
                then(found)
        self.calls = []


class Away(MemoryPaperLog):
    """A log that does not answer once ``away``."""

    away = False

    def cancelled_at(self) -> int:
        if self.away:
            raise Temporary("reading whether all is cancelled: nobody answers")
        return super().cancelled_at()


def test_what_was_asked_for_is_done_within_a_second_and_said_to_the_engine() -> None:
    log, hand, said = MemoryPaperLog(), Hand(), list[Answer]()
    venue = PaperVenue(1, log)
    watch = CancelWatch(venue, hand, said.extend)
    venue.submit(order(), NOON)
    watch.tend(NOON)
    hand.work()
    assert said == []
    log.cancelled = NOON + SECOND
    watch.tend(NOON + LOOK_NS)
    hand.work()
    (answer,) = said
    assert isinstance(answer.payload, OrderReport)
    assert (answer.payload.order_key, answer.payload.state) == (order().order_key, OrderState.CANCELED)
    assert LOOK_NS <= 2 * SECOND


def test_one_look_at_a_time_and_no_more_than_one_a_second() -> None:
    hand = Hand()
    watch = CancelWatch(PaperVenue(1, MemoryPaperLog()), hand, ignore)
    watch.tend(NOON)
    watch.tend(NOON + 5 * SECOND)
    assert len(hand.calls) == 1
    hand.work()
    watch.tend(NOON + LOOK_NS - 1)
    assert hand.calls == []
    watch.tend(NOON + LOOK_NS)
    assert len(hand.calls) == 1


def test_a_log_that_does_not_answer_is_asked_again_and_ends_nothing() -> None:
    log, hand, said = Away(), Hand(), list[Answer]()
    venue = PaperVenue(1, log)
    watch = CancelWatch(venue, hand, said.extend)
    venue.submit(order(), NOON)
    log.away, log.cancelled = True, NOON + 1
    watch.tend(NOON)
    hand.work()
    assert watch.trouble == "reading whether all is cancelled: nobody answers"
    log.away = False
    watch.tend(NOON + LOOK_NS)
    hand.work()
    assert (watch.trouble, len(said)) == ("", 1)
