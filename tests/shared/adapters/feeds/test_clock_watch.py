"""Clocks are called different only when it is proved, and at once when it is; they are trusted again by themselves."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.feeds.clock_watch import OFFSET_NS, ClockWatch
from shared.domain.errors import Temporary
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import FeedHealth
from shared.ports import Heard

START = 1_790_000_000 * SECOND
OFFSETS = st.integers(-10 * SECOND, 10 * SECOND)
TRIPS = st.integers(0, 8 * SECOND)


class Clocks:
    """Ours, and the venue's, which differs by ``offset``; an answer takes ``there`` and ``back``."""

    def __init__(self, offset: int = 0, there: int = 50 * MILLISECOND, back: int = 50 * MILLISECOND) -> None:
        self.at = START
        self.offset, self.there, self.back = offset, there, back
        self.away = False

    def now(self) -> int:
        return self.at

    async def time(self) -> int:
        if self.away:
            raise Temporary("425 service not ready")
        self.at += self.there
        told = (self.at + self.offset) // SECOND * SECOND
        self.at += self.back
        return told


class Run:
    """A watch whose every pause turns the clock and asks the story what comes next."""

    def __init__(self, clocks: Clocks, steps: Sequence[int | str]) -> None:
        self.clocks, self.steps = clocks, list(steps)
        self.heard: list[Heard] = []
        self.watch = ClockWatch(clocks, clocks.now, sleep=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.clocks.at += round(seconds * SECOND)
        if not self.steps:
            raise asyncio.CancelledError
        step = self.steps.pop(0)
        if isinstance(step, int):
            self.clocks.offset = step
        self.clocks.away = step == "away"

    def health(self) -> list[bool]:
        async def body() -> None:
            await asyncio.wait([asyncio.ensure_future(self.watch.run(self.heard.append))])

        asyncio.run(body())
        told = [heard.payload for heard in self.heard]
        return [one.healthy for one in told if isinstance(one, FeedHealth) and one.feed == "clock"]

    def reason(self) -> str:
        told = self.heard[-1].payload
        assert isinstance(told, FeedHealth)
        return told.reason


def test_nothing_may_be_traded_before_the_clocks_were_compared() -> None:
    run = Run(Clocks(), [])
    assert run.health() == [False, True]
    away = Clocks()
    away.away = True
    assert Run(away, ["away", "away"]).health() == [False]


def test_a_clock_five_seconds_off_is_noticed_by_the_next_answer_and_trusted_again_once_it_is_right() -> None:
    run = Run(Clocks(), [0, 5 * SECOND, 5 * SECOND, 0, 0])
    assert run.health() == [False, True, False, True]
    behind = Run(Clocks(), [5 * SECOND])
    assert behind.health() == [False, True, False]
    assert behind.reason().endswith("s or more behind the venue's")
    ahead = Run(Clocks(), [-5 * SECOND])
    ahead.health()
    assert ahead.reason().endswith("s or more ahead of the venue's")


def test_a_slow_answer_is_no_wrong_clock() -> None:
    assert Run(Clocks(there=6 * SECOND, back=6 * SECOND), [0, 0, 0]).health() == [False, True]


def test_while_the_venue_does_not_answer_the_last_finding_stands() -> None:
    run = Run(Clocks(), [5 * SECOND, "away", "away"])
    assert run.health() == [False, True, False]
    assert run.watch.failed == 2


@given(offset=OFFSETS, trips=st.lists(st.tuples(TRIPS, TRIPS, TRIPS), min_size=1, max_size=20))
def test_the_true_offset_always_lies_within_the_bounds(offset: int, trips: list[tuple[int, int, int]]) -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks, clocks.now)
    at = START
    for pause, there, back in trips:
        asked = at + pause
        told = (asked + there + offset) // SECOND * SECOND
        at = asked + there + back
        low, high = watch.take(told, asked, at)
        assert low <= offset < high


@given(offset=st.integers(OFFSET_NS + SECOND // 2, 10 * SECOND) | st.integers(-10 * SECOND, -OFFSET_NS - SECOND // 2))
def test_an_offset_of_a_second_and_a_half_is_proved_within_eight_answers(offset: int) -> None:
    run = Run(Clocks(offset, MILLISECOND, MILLISECOND), [offset] * 8)
    assert run.health()[-1] is False
