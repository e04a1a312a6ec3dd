"""When wallets are ranked, who is on the list, and the process that ranks."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate.schedule import Schedule, first_of, held_sources, rank_in_process, said_of, watch_list
from shared.adapters.discovery.rankings import Published
from shared.domain.errors import Corrupt, Temporary
from shared.domain.instants import HOUR
from shared.domain.ledger import Position, Record, RecordKind
from shared.domain.messages import Payload, VoicesPublished
from shared.domain.money import Shares
from shared.domain.tables import Voices
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.detection import Whale
from tests.fargate.fakes import HandClock


def ranking(*wallets: str, as_of: int = HOUR) -> Ranking:
    return Ranking(as_of, "scored", tuple(RankedWallet(w, n, 30, 3_000_000) for n, w in enumerate(wallets, start=1)))


class Story:
    """A schedule with everything around it in reach."""

    def __init__(self, found: Published | None = None) -> None:
        self.clock = HandClock(10 * HOUR)
        self.found = found
        self.silent = False
        self.said: list[str] = []
        self.followed: list[Ranking] = []
        self.rounds = 0
        self.schedule = Schedule(self._read, self._rank, self.said.append, 6 * HOUR, self.clock, look_every_s=0.01)

    def _read(self) -> Published | None:
        if self.silent:
            raise Temporary("reading the ranking: no answer")
        return self.found

    async def _rank(self) -> str:
        self.rounds += 1
        self.found = Published(f"run {self.rounds}", ranking("0xa", as_of=self.clock.now()))
        return f"round {self.rounds} done"

    async def until(self, seen: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10.0
        while not seen():
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(0.005)

    def lived(self, told: Callable[[], Awaitable[None]]) -> None:
        async def body() -> None:
            async def telling() -> None:
                await told()

            await first_of(self.schedule.run(self.followed.append), telling())

        asyncio.run(body())


def test_without_a_ranking_one_is_made_at_once_and_followed() -> None:
    story = Story()
    assert story.schedule.latest() is None

    async def told() -> None:
        await story.until(lambda: story.followed)

    story.lived(told)
    assert [one.wallets[0].wallet for one in story.followed] == ["0xa"]
    assert story.rounds == 1
    assert "round 1 done" in story.said


def test_a_ranking_in_force_is_followed_until_it_is_old_enough() -> None:
    story = Story(Published("before", ranking("0xb", as_of=9 * HOUR)))
    found = story.schedule.latest()
    assert found is not None
    assert found.wallets[0].wallet == "0xb"

    async def told() -> None:
        await asyncio.sleep(0.05)

    story.lived(told)
    assert (story.rounds, story.followed) == (0, [])
    story.clock.turn(5 * 3600)
    again = Story(Published("before", ranking("0xb", as_of=3 * HOUR)))
    assert again.schedule.latest() is not None

    async def due() -> None:
        await again.until(lambda: again.followed)

    again.lived(due)
    assert again.rounds == 1


def test_what_somebody_else_publishes_is_followed_once() -> None:
    story = Story(Published("before", ranking("0xb", as_of=9 * HOUR)))
    story.schedule.latest()

    async def told() -> None:
        story.found = Published("theirs", ranking("0xc"))
        await story.until(lambda: story.followed)
        await asyncio.sleep(0.05)

    story.lived(told)
    assert [one.wallets[0].wallet for one in story.followed] == ["0xc"]


def test_the_voices_in_force_are_those_of_the_ranking_and_are_told_after_it() -> None:
    before, after = Voices(9 * HOUR, groups={"a": "a", "b": "a"}), Voices(10 * HOUR)
    story = Story(Published("before", ranking("0xb", as_of=9 * HOUR), before))
    handed: list[tuple[Payload, int]] = []

    def handle_now(payload: Payload, at: int) -> None:
        handed.append((payload, at))

    assert not story.schedule.tell_voices(handle_now, 5)
    story.schedule.latest()
    assert story.schedule.tell_voices(handle_now, 6)

    async def told() -> None:
        story.found = Published("theirs", ranking("0xc"), after)
        await story.until(lambda: story.followed)

    story.lived(told)
    assert story.schedule.tell_voices(handle_now, 7)
    story.found = Published("silent", ranking("0xd"))
    story.schedule.latest()
    assert not story.schedule.tell_voices(handle_now, 8)
    assert handed == [(VoicesPublished(before), 6), (VoicesPublished(after), 7)]


def test_where_somebody_else_ranks_we_only_look() -> None:
    found: list[Published | None] = [None]
    followed: list[Ranking] = []
    heard = asyncio.Event()
    schedule = Schedule(lambda: found[0], None, print, HOUR, look_every_s=0.01)

    async def telling() -> None:
        found[0] = Published("theirs", ranking("0xc"))
        await asyncio.wait_for(heard.wait(), 10.0)

    def follow(one: Ranking) -> None:
        followed.append(one)
        heard.set()

    asyncio.run(first_of(schedule.run(follow), telling()))
    assert len(followed) == 1


def test_a_ranking_that_cannot_be_read_is_told_and_looked_for_again() -> None:
    story = Story(Published("before", ranking("0xb", as_of=9 * HOUR)))
    story.schedule.latest()

    async def told() -> None:
        story.silent = True
        await story.until(lambda: story.said)
        story.found = Published("after", ranking("0xd"))
        story.silent = False
        await story.until(lambda: story.followed)

    story.lived(told)
    assert story.said[0] == (
        "the published ranking cannot be read: reading the ranking: no answer; the list in force stays"
    )


def test_the_first_failure_ends_what_runs_beside_it() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waits")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise Corrupt("no")

    with pytest.raises(Corrupt, match="no"):
        asyncio.run(first_of(waits(), fails()))
    assert ended == ["waits"]


NAMES = st.lists(st.sampled_from([f"0x{letter}" for letter in "abcdef"]), max_size=4, unique=True)


@given(st.none() | NAMES, NAMES, NAMES, NAMES)
def test_everybody_wanted_is_on_the_list_once_and_only_the_ranked_and_pinned_are_copied(
    ranked: list[str] | None, pinned: list[str], leaders: list[str], held: list[str]
) -> None:
    base = None if ranked is None else ranking(*ranked)
    watch = watch_list(base, pinned, leaders, held, {}, 7)
    wallets = {one.wallet: one for one in watch.wallets}
    assert len(wallets) == len(watch.wallets)
    assert [one.rank for one in watch.wallets] == list(range(1, len(wallets) + 1))
    copied = {name for name, one in wallets.items() if not one.watched_only}
    assert copied == {*(ranked or []), *pinned}
    assert {*held, *(() if ranked else leaders)} <= set(wallets)
    assert watch.as_of == 7
    assert said_of(watch, base)


def test_a_pinned_wallet_keeps_the_record_it_earned_under_our_eyes() -> None:
    seen = Whale(RankedWallet("0xp", 1, 12, 340_000))
    (one,) = watch_list(None, ["0xp"], [], [], {"0xp": seen}, 0).wallets
    assert (one.n_markets, one.edge_total, one.pinned) == (12, 340_000, True)


@pytest.mark.parametrize(
    ("ranked", "pinned", "sentence"),
    [
        (("0xa", "0xb"), ("0xp",), "following 2 wallets of the ranking of 1970-01-01T01:00:00Z, 1 pinned by hand"),
        ((), (), "the ranking of 1970-01-01T01:00:00Z follows nobody: watching 1 wallets without copying them"),
        (None, (), "nobody is ranked yet: watching 1 wallets without copying them"),
    ],
)
def test_who_is_followed_is_said_in_one_sentence(ranked: Any, pinned: tuple[str, ...], sentence: str) -> None:
    base = None if ranked is None else ranking(*ranked)
    assert said_of(watch_list(base, pinned, ["0xl"], [], {}, 0), base) == sentence


def test_the_sources_of_what_we_hold_are_known_from_the_journal() -> None:
    def record(token: str, source: str, size: int) -> Record:
        position = Position("a", token, f"whale_copy/{source}", "m", "whale_copy", source, Shares(size))
        return Record(RecordKind.FILLED, "a", 1, position=position)

    records = [
        record("t1", "0xa", 5),
        record("t2", "0xb", 5),
        record("t1", "0xa", 0),
        Record(RecordKind.DEPOSITED, "a", 1),
    ]
    assert held_sources(records) == ["0xb"]


def ranked_by(script: str, said: list[str]) -> str:
    return asyncio.run(rank_in_process([sys.executable, "-c", script], {}, said.append))


def test_the_ranking_process_tells_its_progress_and_its_last_words() -> None:
    said: list[str] = []
    script = "import sys; print('25 of 50 wallets', file=sys.stderr); print('ranked 50 wallets')"
    assert ranked_by(script, said) == "ranked 50 wallets"
    assert said == ["  25 of 50 wallets"]


def test_a_ranking_process_that_fails_is_a_failure_with_its_last_sentence() -> None:
    with pytest.raises(Temporary, match=r"^the venue named no candidate wallet$"):
        ranked_by("import sys; sys.exit('fargate rank: the venue named no candidate wallet')", [])
    with pytest.raises(Temporary, match="ended with 4"):
        ranked_by("import sys; sys.exit(4)", [])


def test_a_ranking_process_ends_with_us() -> None:
    async def body() -> float:
        started = asyncio.Event()
        script = "import sys, time; print('here', file=sys.stderr, flush=True); time.sleep(60)"
        running = asyncio.ensure_future(rank_in_process([sys.executable, "-c", script], {}, lambda _: started.set()))
        await asyncio.wait_for(started.wait(), 10.0)
        running.cancel()
        before = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await running
        return time.monotonic() - before

    assert asyncio.run(body()) < 5.0
