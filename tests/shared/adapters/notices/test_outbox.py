import threading

import pytest

from shared.adapters.notices.items import Items
from shared.adapters.notices.outbox import ROUNDS, Decided, Outbox
from shared.domain.errors import Temporary
from shared.domain.notice import Notice
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Clock, Died, Memory, Queue


def notice(n: int) -> Notice:
    return Notice("paper", 2, "balance_low", f"{n} dollars", n)


class Line:
    """A queue that takes notices and may end the process after one of them."""

    def __init__(self, dies_after: int = -1) -> None:
        self.taken: list[Notice] = []
        self._dies_after = dies_after

    def notify(self, notice: Notice) -> None:
        self.taken.append(notice)
        if len(self.taken) == self._dies_after:
            raise Died


def once(before: int | None) -> Decided[int] | None:
    return Decided(1, (notice(1), notice(2))) if before is None else None


def box(items: Memory) -> Outbox[int]:
    return Outbox(items, "box", Decided[int])


def test_what_was_decided_is_told_and_told_once() -> None:
    items, line = Memory(), Line()
    assert box(items).tell(once, line) == 2
    assert box(items).tell(once, line) == 0
    assert line.taken == [notice(1), notice(2)]


@pytest.mark.parametrize("dies_after", [1, 2])
def test_a_run_that_died_while_telling_is_finished_with_the_same_words(dies_after: int) -> None:
    items, line = Memory(), Line(dies_after)
    with pytest.raises(Died):
        box(items).tell(once, line)
    assert box(items).tell(lambda state: None if state == 1 else Decided(9), line) == 2
    assert set(line.taken) == {notice(1), notice(2)}


def test_a_state_that_tells_nothing_is_kept_and_the_same_again_is_not_written() -> None:
    items, line = Memory(), Line()
    assert box(items).tell(lambda _: Decided(5), line) == 0
    version = items.read("box").version
    assert box(items).tell(lambda _: Decided(5), line) == 0
    assert (items.read("box").version, line.taken) == (version, [])


def test_of_two_runs_at_once_one_decides() -> None:
    items, line = Memory(), Line()
    items.before_swap = [lambda: box(items).tell(once, line)]
    box(items).tell(lambda before: Decided(2, (notice(9),)) if before is None else None, line)
    assert line.taken == [notice(1), notice(2)]


def test_two_threads_at_once_on_the_table_tell_the_same_facts(embedded: Embedded) -> None:
    account, queue = embedded.account(), Queue(Clock(0))
    boxes = [Outbox(Items(embedded.tables, account), "box", Decided[int]) for _ in range(4)]
    threads = [threading.Thread(target=one.tell, args=(once, queue)) for one in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one for _, one in queue.waiting} == {notice(1), notice(2)}


def test_an_item_that_others_always_change_first_is_left_for_later() -> None:
    items = Memory()

    def other(n: int) -> None:
        from shared.adapters.notices.items import Kept

        items.items["box"] = Kept(n, f'{{"state": {n}, "notices": []}}')

    items.before_swap = [lambda n=n: other(n + 1) for n in range(ROUNDS)]
    with pytest.raises(Temporary, match="too many at once"):
        box(items).tell(lambda _: Decided(-1, (notice(1),)), Line())
