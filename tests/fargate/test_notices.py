"""Notices leave in a thread of their own: whatever the queue does, nothing waits for it; what is lost is counted."""

import threading
import time
from collections.abc import Callable

from fargate.alerts import silence
from fargate.notices import MOST, TRIES, Notices
from shared.domain.errors import BadInput, HouseError, Temporary
from shared.domain.notice import Notice

WAIT_S = 10.0


class Queue:
    """Takes notices; ``errors`` come first, one for each attempt, and nothing is taken while ``held``."""

    def __init__(self, *errors: HouseError) -> None:
        self.taken: list[Notice] = []
        self.attempts = 0
        self.errors = list(errors)
        self.held = threading.Event()
        self.held.set()

    def notify(self, notice: Notice) -> None:
        self.held.wait(WAIT_S)
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(notice)


def until(seen: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def made(queue: Queue, said: list[str] | None = None) -> Notices:
    return Notices(queue, "paper", silence if said is None else said.append, pause_s=0.01)


def test_notices_arrive_in_order_as_whose_they_are() -> None:
    queue = Queue()
    notices = made(queue)
    notices.tell(1, "trading_stopped", "by hand", 5)
    notices.tell(3, "changed", "a limit", 6)
    notices.close()
    assert queue.taken == [
        Notice("paper", 1, "trading_stopped", "by hand", 5, "trader"),
        Notice("paper", 3, "changed", "a limit", 6, "trader"),
    ]
    assert notices.component().says == "2 sent, 0 wait, 0 lost"


def test_what_is_turned_away_for_now_is_tried_again() -> None:
    queue, said = Queue(*[Temporary("busy")] * (TRIES - 1)), list[str]()
    notices = made(queue, said)
    notices.tell(2, "feed_down", "rtds", 1)
    until(lambda: notices.sent == 1)
    assert (queue.attempts, said, notices.component().ok) == (TRIES, [], True)
    notices.close()


def test_what_is_turned_away_for_good_is_lost_and_told_and_the_next_one_goes_on() -> None:
    queue, said = Queue(*[Temporary("busy")] * TRIES, BadInput("no such queue")), list[str]()
    notices = made(queue, said)
    notices.tell(2, "first", "a", 1)
    notices.tell(2, "second", "b", 2)
    until(lambda: notices.lost == 2)
    assert said == ["notice first was not sent: busy", "notice second was not sent: no such queue"]
    assert queue.attempts == TRIES + 1
    down = notices.component()
    assert (down.ok, down.says, down.needed) == (False, "0 sent, 0 wait, 2 lost; no such queue", False)
    notices.tell(2, "third", "c", 3)
    until(lambda: notices.sent == 1)
    assert notices.component().ok
    notices.close()


def test_nothing_waits_for_a_queue_that_hangs_and_only_so_many_notices_do() -> None:
    queue, said = Queue(), list[str]()
    queue.held.clear()
    notices = made(queue, said)
    notices.tell(1, "first", "held", 0)
    until(lambda: "0 wait" in notices.component().says)
    began = time.monotonic()
    for n in range(MOST + 7):
        notices.tell(3, f"n{n}", "more", n)
    assert time.monotonic() - began < 1.0
    assert notices.component().says == f"0 sent, {MOST} wait, 7 lost"
    notices.close(longest_s=0.05)
    assert said == [f"{MOST + 1} notices were not sent: "]
    queue.held.set()


def test_the_end_waits_for_what_can_still_be_sent_but_tries_nothing_again() -> None:
    queue = Queue(Temporary("busy"))
    notices = made(queue)
    notices.close()
    notices.tell(1, "late", "after the end", 1)
    assert notices.component().says == "0 sent, 1 wait, 0 lost"
    notices = Notices(queue, "paper", silence, pause_s=60.0)
    notices.tell(1, "first", "x", 1)
    until(lambda: queue.attempts == 1)
    notices.close()
    assert (notices.lost, queue.attempts) == (1, 1)
