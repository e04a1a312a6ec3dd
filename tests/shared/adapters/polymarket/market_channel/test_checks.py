"""Which books are asked for and when, and what a backlog does when nobody reads."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.market_channel.backlog import SLICE, Backlog, Frame
from shared.adapters.polymarket.market_channel.checks import BATCH, Checks, CheckSettings
from shared.adapters.polymarket.market_channel.shard import TOKENS_MAX, Shard
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from tests.shared.adapters.polymarket.market_channel.frames import (
    NO,
    NOW,
    NOW_MS,
    YES,
    Listening,
    book,
    change,
    changes,
    encode,
    rest,
    trade,
)


class Desk:
    """A shard whose frames go straight to a shelf, with the checks over it; ``answers`` is what REST says."""

    def __init__(self, *tokens: str) -> None:
        self.now = NOW
        self.batches: list[list[str]] = []
        self.answers: list[RestBook | Exception] = []
        self.anew: list[str] = []
        self.losses: list[str] = []
        self.listening = Listening(*(tokens or (YES,)), ask=self.ask)
        self.shelf = self.listening.shelf
        self.checks = Checks(self.shelf, self.fetch, self.anew.append, CheckSettings())
        self.backlog = Backlog(lambda frames: None)
        self.shard = Shard("ws://x", self.shelf, self.backlog, self.lose, lambda: self.now, 15.0)
        self.shard.tokens = dict.fromkeys(self.listening.tokens)

    def ask(self, token: str) -> None:
        self.checks.ask(token)

    def lose(self, _shard: Shard, reason: str) -> None:
        self.losses.append(reason)

    async def fetch(self, tokens: Sequence[str]) -> Sequence[RestBook]:
        self.batches.append(list(tokens))
        answer = self.answers.pop(0) if self.answers else rest()
        if isinstance(answer, Exception):
            raise answer
        return [answer]

    def open(self) -> None:
        self.shard.opened(7)

    def hear(self, *content: object, after_s: float = 0.0) -> None:
        self.now += round(after_s * SECOND)
        for one in content:
            frame = encode(one)
            assert self.shard.frame(frame, 7, self.now)
            self.listening.take(frame, at=self.now)

    def sweep(self, after_s: float = 0.0) -> list[list[str]]:
        """The batches asked for by one look over everything."""
        self.now += round(after_s * SECOND)
        before = len(self.batches)
        self.checks.sweep([self.shard], self.now)
        while self.checks:
            asyncio.run(self.checks.once(lambda: self.now, lambda _: self.shard))
        return self.batches[before:]


def shown(*tokens: str) -> Desk:
    desk = Desk(*tokens)
    desk.open()
    desk.hear(*(book(token) for token in desk.shard.tokens))
    return desk


def test_without_a_connection_nothing_is_asked() -> None:
    assert Desk().sweep(after_s=60) == []


def test_a_book_the_new_connection_does_not_show_is_asked_for() -> None:
    desk = Desk()
    desk.open()
    assert desk.sweep(after_s=4.9) == []
    assert desk.sweep(after_s=0.2) == [[YES]]
    assert desk.listening.bests() == (450_000, 500_000)


def test_a_token_wanted_later_has_its_own_time_to_be_shown() -> None:
    desk = shown()
    desk.now += 60 * SECOND
    desk.shard.tokens[NO] = None
    desk.shelf.keep(NO, desk.now)
    desk.hear(changes(change("0.46", "1"), at=NOW_MS + 60_000))
    assert desk.sweep() == []
    assert desk.sweep(after_s=2.9) == []
    desk.hear(changes(change("0.46", "2"), at=NOW_MS + 62_900))
    assert desk.sweep(after_s=2.2) == [[NO]]


def test_a_quiet_book_is_compared_after_half_a_minute() -> None:
    desk = shown(YES, NO)
    for second in range(1, 31):
        desk.hear(changes(change("0.46", str(second), token=NO), at=NOW_MS + second * 1000), after_s=1)
        assert desk.sweep() == []
    desk.hear(changes(change("0.46", "31", token=NO), at=NOW_MS + 31_000), after_s=1)
    assert desk.sweep() == [[YES]]
    assert desk.shelf.age(YES, desk.now) == 0


def test_a_doubt_is_looked_into_after_two_seconds() -> None:
    desk = shown()
    desk.hear(trade(), after_s=1.5)
    assert desk.sweep(after_s=1.9) == []
    assert desk.sweep(after_s=0.2) == [[YES]]
    assert desk.shelf.counts.rest_confirmed == 1


def test_a_doubt_that_the_next_change_clears_up_is_not_looked_into() -> None:
    desk = shown()
    desk.hear(trade(), after_s=1.5)
    desk.hear(changes(change("0.46", "1")), after_s=0.1)
    assert desk.sweep(after_s=2.5) == []


def test_a_hushed_connection_is_explained_when_rest_has_the_same_books() -> None:
    desk = shown()
    assert desk.sweep(after_s=2.9) == []
    assert desk.sweep(after_s=0.2) == [[YES]]
    assert desk.shard.frame(b"PONG", 7, desk.now)
    assert desk.sweep(after_s=8.8) == []
    assert desk.sweep(after_s=0.4) == [[YES]]
    assert desk.shard.frame(b"PONG", 7, desk.now)


def test_a_connection_that_withholds_news_has_pongs_worth_nothing() -> None:
    desk = shown()
    desk.answers = [rest(bids=[("0.3", "1")], at=NOW_MS + 2_000)]
    desk.sweep(after_s=3.1)
    assert desk.listening.bests() == (300_000, 500_000)
    assert not desk.shard.frame(b"PONG", 7, desk.now)
    desk.hear(changes(change("0.31", "1"), at=NOW_MS + 4_000), after_s=1)
    assert desk.shard.frame(b"PONG", 7, desk.now)


def test_a_pong_without_any_book_explains_nothing() -> None:
    desk = Desk()
    desk.open()
    assert not desk.shard.frame(b"PONG", 7, desk.now)
    desk.shard.tokens.clear()
    assert desk.shard.frame(b"PONG", 7, desk.now)


def test_an_old_confirmation_explains_nothing() -> None:
    desk = shown()
    assert not desk.shard.frame(b"PONG", 7, desk.now + 13 * SECOND)


@pytest.mark.parametrize("error", [Temporary("down"), BadInput("html")])
def test_a_failed_question_is_asked_again(error: Exception) -> None:
    desk = Desk()
    desk.open()
    desk.answers = [error]
    assert desk.sweep(after_s=6) == [[YES]]
    assert desk.checks.failed == 1
    assert desk.listening.bests() is None
    assert desk.sweep(after_s=0.5) == []
    assert desk.sweep(after_s=0.6) == [[YES]]
    assert desk.listening.bests() == (450_000, 500_000)


def test_after_useless_answers_the_token_is_subscribed_anew() -> None:
    desk = shown()
    desk.hear(changes(change("0.5", "1"), at=NOW_MS + 5_000), after_s=5)
    desk.answers = [rest(at=NOW_MS)] * 9
    asked = sum(len(desk.sweep(after_s=after)) for after in (0.1, 1, 2, 4, 8))
    assert asked == 5
    assert desk.anew == [YES, YES]


def test_many_books_are_asked_for_in_parts() -> None:
    desk = Desk(*(str(n) for n in range(BATCH + 3)))
    desk.open()
    assert [len(batch) for batch in desk.sweep(after_s=6)] == [BATCH, 3]


# ---------------------------------------------------------------------- one connection


def test_the_hello_names_every_token_and_asks_for_the_extras() -> None:
    desk = Desk(YES, NO)
    (hello,) = desk.shard.hello()
    assert YES in hello
    assert NO in hello
    assert '"type":"market"' in hello
    assert '"custom_feature_enabled":true' in hello
    assert (desk.shard.ping, desk.shard.ping_every_s, desk.shard.url(), TOKENS_MAX) == ("PING", 10.0, "ws://x", 500)


def test_empty_frames_are_no_data_and_frames_of_an_old_connection_nothing() -> None:
    desk = Desk()
    desk.open()
    assert not any(desk.shard.frame(data, 7, desk.now) for data in (b"", b"[]", b"{}"))
    assert not desk.shard.frame(encode(book()), 6, desk.now)
    assert len(desk.backlog) == 0


def test_only_the_end_of_the_present_connection_is_a_loss() -> None:
    desk = Desk()
    desk.open()
    desk.shard.closed(6, "old")
    desk.shard.closed(7, "cut")
    assert desk.losses == ["cut"]
    assert desk.shard.connection == 0


@pytest.mark.parametrize(("status", "word"), [(403, "place"), (451, "place"), (429, "too many"), (502, "502")])
def test_a_refused_upgrade_is_told_in_words(status: int, word: str) -> None:
    assert word in Desk().shard.refused(status)


# ---------------------------------------------------------------------- the backlog


def test_frames_are_taken_in_order_a_slice_at_a_time() -> None:
    backlog = Backlog(lambda frames: None)
    line = Listening()
    for n in range(SLICE + 5):
        backlog.put(line, b"%d" % n, n)
    first, second = backlog.take(), backlog.take()
    assert [frame[2] for frame in [*first, *second]] == [b"%d" % n for n in range(SLICE + 5)]
    assert (len(first), len(backlog)) == (SLICE, 0)
    assert (backlog.counts.frames, backlog.counts.most_waiting) == (SLICE + 5, SLICE + 5)


@pytest.mark.parametrize(("frames_max", "bytes_max"), [(10, 10_000), (10_000, 20)])
def test_a_backlog_beyond_its_bound_is_given_up_and_counted(frames_max: int, bytes_max: int) -> None:
    lost: list[list[Frame]] = []
    backlog = Backlog(lost.append, frames_max, bytes_max)
    line = Listening()
    for n in range(11):
        backlog.put(line, b"ab", n)
    assert [len(frames) for frames in lost] == [11]
    assert (len(backlog), backlog.counts.dropped) == (0, 11)
    backlog.put(line, b"ab", 12)
    assert len(backlog) == 1


def test_a_reader_waits_until_something_comes() -> None:
    async def body() -> None:
        backlog = Backlog(lambda frames: None)
        task = asyncio.create_task(backlog.wait())
        await asyncio.sleep(0)
        assert not task.done()
        backlog.put(Listening(), b"x", 1)
        await asyncio.wait_for(task, 1)
        await asyncio.wait_for(backlog.wait(), 1)

    asyncio.run(body())


def test_what_is_heard_is_dated_by_its_arrival() -> None:
    desk = shown()
    assert [heard.received_at for heard in desk.listening.heard] == [NOW]
