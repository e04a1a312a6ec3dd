import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.audit.standing import Memory, Since, Wrong, recall, remember, stand, tell
from shared.domain.errors import Corrupt
from shared.domain.instants import HOUR, MINUTE
from shared.domain.notice import Notice
from tests.functions.cloud import Cloud

NOW = 1_774_180_800_000_000_000
A = Wrong("a", 1, "books_differ", "a differs")
B = Wrong("b", 2, "books_differ", "b differs")


class Heard:
    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)


def test_a_thing_is_told_when_it_has_stood_in_every_run_since_it_was_first_seen() -> None:
    memory, due = stand(Memory(), [A], NOW, 4 * MINUTE, HOUR)
    assert due == []
    memory, due = stand(memory, [A, B], NOW + 5 * MINUTE, 4 * MINUTE, HOUR)
    assert due == [A]
    memory, due = stand(memory, [A, B], NOW + 10 * MINUTE, 4 * MINUTE, HOUR)
    assert due == [B]
    memory, due = stand(memory, [A], NOW + 65 * MINUTE, 4 * MINUTE, HOUR)
    assert due == [A]  # again after an hour
    assert memory.since == {"a": Since(NOW, NOW + 65 * MINUTE)}


def test_what_goes_away_and_comes_back_begins_anew() -> None:
    memory, _ = stand(Memory(more="kept"), [A], NOW, 4 * MINUTE, HOUR)
    memory, _ = stand(memory, [], NOW + 5 * MINUTE, 4 * MINUTE, HOUR)
    memory, due = stand(memory, [A], NOW + 10 * MINUTE, 4 * MINUTE, HOUR)
    assert due == []
    assert memory.more == "kept"


def test_the_same_run_twice_is_no_second_run() -> None:
    memory, _ = stand(Memory(), [A], NOW, 4 * MINUTE, HOUR)
    assert stand(memory, [A], NOW + 1, 4 * MINUTE, HOUR)[1] == []


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20)), max_size=40))
def test_nothing_is_told_that_stood_for_less_and_what_stands_is_told_once_an_hour(
    runs: list[tuple[bool, int]],
) -> None:
    memory, now = Memory(), NOW
    since: int | None = None
    told: int | None = None
    for there, minutes in runs:
        now += minutes * MINUTE
        memory, due = stand(memory, [A] if there else [], now, 4 * MINUTE, HOUR)
        if not there:
            since = told = None
            assert due == []
            continue
        since = now if since is None else since
        expected = now - since >= 4 * MINUTE and (told is None or now - told >= HOUR)
        assert (due == [A]) is expected
        told = now if due else told


def test_two_runs_at_once_say_the_same_words_and_one_memory_is_kept(deployed: Cloud) -> None:
    tables, account = deployed.tables, deployed.account
    memory, before = recall(tables, account, "test")
    memory, _ = stand(memory, [A], NOW, 4 * MINUTE, HOUR)
    assert remember(tables, account, "test", memory, before)
    kept: list[bool] = []
    heard = Heard()

    def run(now: int) -> None:
        memory, before = recall(tables, account, "test")
        both.wait()
        memory, due = stand(memory, [A], now, 4 * MINUTE, HOUR)
        tell(account, "test", memory, due, heard)
        kept.append(remember(tables, account, "test", memory, before))

    both = threading.Barrier(2)
    runs = [threading.Thread(target=run, args=(NOW + 5 * MINUTE + extra,)) for extra in (0, 7)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert sorted(kept) == [False, True]
    first, again = heard.notices
    assert (
        first
        == again
        == Notice(account, 1, "books_differ", "a differs (since 2026-03-22T12:00:00Z)", NOW, source="test")
    )


def test_a_memory_that_makes_no_sense_is_corrupt(deployed: Cloud) -> None:
    deployed.tables.control(account=deployed.account, item="audit#test", body="[]").save()
    with pytest.raises(Corrupt, match="control item audit#test of account"):
        recall(deployed.tables, deployed.account, "test")


def test_a_run_that_dies_after_it_has_told_is_made_up_for_by_the_same_words(deployed: Cloud) -> None:
    tables, account, heard = deployed.tables, deployed.account, Heard()
    memory, before = recall(tables, account, "test")
    assert remember(tables, account, "test", stand(memory, [A], NOW, 4 * MINUTE, HOUR)[0], before)
    for minutes in (5, 6):  # the first of the two remembers nothing
        memory, before = recall(tables, account, "test")
        memory, due = stand(memory, [A], NOW + minutes * MINUTE, 4 * MINUTE, HOUR)
        tell(account, "test", memory, due, heard)
    assert remember(tables, account, "test", memory, before)
    first, again = heard.notices
    assert first == again
