import contextlib
import threading

from shared.adapters.notices.items import Items, Kept, change
from shared.domain.errors import Temporary
from shared.domain.instants import DAY
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Memory


def test_an_item_is_replaced_only_as_it_was_read(embedded: Embedded) -> None:
    items = Items(embedded.tables, embedded.account())
    assert items.read("x") == Kept()
    assert items.swap("x", Kept(), "a", None)
    assert not items.swap("x", Kept(), "b", None)
    assert items.swap("x", Kept(1, "a"), "b", None)
    assert not items.swap("x", Kept(1, "a"), "c", None)
    assert items.read("x") == Kept(2, "b")


def test_a_change_whose_answer_was_lost_counts_as_made(embedded: Embedded) -> None:
    items = Items(embedded.tables, embedded.account())
    assert items.swap("x", Kept(), "mine", None)
    assert items.swap("x", Kept(), "mine", None)


def test_what_nobody_needs_later_expires(embedded: Embedded) -> None:
    account = embedded.account()
    Items(embedded.tables, account).swap("x", Kept(), "a", 20_000 * DAY + 5)
    item = embedded.tables.control.get(account, "x")
    assert item.expires is not None
    assert item.expires.isoformat() == "2024-10-04T00:00:00+00:00"


def test_eight_writers_at_once_lose_nothing(embedded: Embedded) -> None:
    items = Items(embedded.tables, embedded.account())

    def write(name: str) -> None:
        """A body that holds the writer's name five times more often in the end."""
        done = 0
        while done < 5:
            with contextlib.suppress(Temporary):
                change(items, "n", lambda body: body + name, None)
                done += 1

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(items.read("n").body) == sorted("abcdefgh" * 5)


def test_an_item_that_may_stay_as_it_is_is_not_written() -> None:
    memory = Memory()
    assert change(memory, "x", lambda _: None, None) == ""
    assert memory.items == {}
