"""Lanes make calls in order, away from the loop, and bring their results back to it."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from fargate.lanes import InPlace, ThreadLane
from shared.domain.errors import Corrupt, Temporary


def in_a_lane(story: Callable[[ThreadLane, list[BaseException]], Awaitable[None]]) -> list[BaseException]:
    broken: list[BaseException] = []

    async def body() -> None:
        lane = ThreadLane("test", asyncio.get_running_loop(), broken.append)
        try:
            await story(lane, broken)
            await lane.drain()
        finally:
            lane.close()

    asyncio.run(body())
    return broken


def test_calls_are_made_in_the_order_they_were_posted_and_never_on_the_loop() -> None:
    made: list[int] = []
    threads: set[str] = set()
    results: list[int] = []

    def call(n: int) -> int:
        time.sleep(0.003 - n * 0.0001)
        threads.add(threading.current_thread().name)
        made.append(n)
        return n

    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        for n in range(10):
            lane.post(partial(call, n), results.append)
        assert lane.waiting == 10

    assert in_a_lane(story) == []
    assert made == results == list(range(10))
    assert threads == {"test_0"}


def test_the_loop_goes_on_while_a_call_takes_its_time() -> None:
    turns = 0

    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        nonlocal turns
        done = asyncio.Event()
        lane.post(lambda: time.sleep(0.1), lambda _: done.set())
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0.001)

    in_a_lane(story)
    assert turns > 10


def test_only_the_newest_call_of_a_name_is_made_while_earlier_ones_still_wait() -> None:
    shown: list[int] = []

    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        gate = threading.Event()
        lane.post(gate.wait)
        for n in range(5):
            lane.post(partial(shown.append, n), newest="live")
        lane.post(lambda: shown.append(99))
        gate.set()
        await lane.drain()
        lane.post(lambda: shown.append(5), newest="live")

    in_a_lane(story)
    assert shown == [4, 99, 5]


def away() -> None:
    raise Temporary("the store is away")


def test_a_temporary_failure_is_told_to_who_asked_for_it() -> None:
    told: list[str] = []

    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        lane.post(away, failed=lambda error: told.append(str(error)))

    assert in_a_lane(story) == []
    assert told == ["the store is away"]


def corrupt() -> None:
    raise Corrupt("two postings under one id")


def heeded(_: Temporary) -> None:
    """Somebody hears of it."""


@pytest.mark.parametrize(("call", "failed"), [(away, None), (corrupt, heeded)])
def test_every_other_failure_ends_the_run(call: Callable[[], None], failed: Callable[[Temporary], None] | None) -> None:
    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        lane.post(call, failed=failed)

    assert len(in_a_lane(story)) == 1


def test_in_place_means_at_once() -> None:
    results: list[object] = []
    lane = InPlace()
    lane.post(lambda: 1, results.append)
    lane.post(away, results.append, lambda error: results.append(str(error)))
    assert results == [1, "the store is away"]
    with pytest.raises(Temporary):
        lane.post(away)


def test_after_a_call_that_failed_for_good_no_later_one_is_made() -> None:
    """A fact written after one that was lost would stand on nothing."""
    made: list[str] = []

    def fail() -> None:
        raise Temporary("away for good")

    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        lane.post(fail, failed=lambda error: made.append(str(error)))
        lane.post(lambda: "second", made.append)
        lane.post(fail)
        lane.post(lambda: made.append("after the end"))

    (error,) = in_a_lane(story)
    assert str(error) == "away for good"
    assert made == ["away for good", "second"]


def test_a_lane_says_how_long_its_oldest_call_has_been_waiting() -> None:
    hold = threading.Event()
    waited: list[float] = []

    async def story(lane: ThreadLane, _: list[BaseException]) -> None:
        waited.append(lane.oldest_s)
        lane.post(lambda: hold.wait(10))
        lane.post(lambda: None)
        await asyncio.sleep(0.05)
        waited.append(lane.oldest_s)
        hold.set()
        await lane.drain()
        waited.append(lane.oldest_s)

    assert in_a_lane(story) == []
    before, between, after = waited
    assert (before, after) == (0.0, 0.0)
    assert 0.05 <= between < 5
