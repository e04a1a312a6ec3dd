"""Waits between attempts, and when they become short again; no wait takes real time."""

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from shared.adapters.sockets import Socket
from shared.adapters.sockets.backoff import Backoff
from shared.domain.instants import SECOND
from tests.shared.adapters.sockets.fakes import Listener, Script, running, until, venue


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=60))
def test_a_wait_lies_between_nothing_and_the_doubled_span_up_to_half_a_minute(chances: list[float]) -> None:
    left = iter(chances)
    backoff = Backoff(0.2, 30.0, lambda: next(left))
    for n, chance in enumerate(chances):
        assert backoff.next_s() == min(30.0, 0.2 * 2**n) * chance
    assert backoff.failures == len(chances)


def test_a_night_of_failures_overflows_nothing() -> None:
    backoff = Backoff(0.2, 30.0, lambda: 1.0)
    assert [backoff.next_s() for _ in range(5_000)][-1] == 30.0
    backoff.reset()
    assert backoff.next_s() == 0.2


def _waits(seconds_per_look: int, rounds: int) -> list[float]:
    """What a socket waits between connections that bring three frames each and are cut, on a clock that leaps."""

    async def body() -> list[float]:
        async def talk(wire: ServerConnection) -> None:
            for _ in range(3):
                await wire.send("data")
            await wire.close()

        async def sleep(seconds: float) -> None:
            if seconds >= 0.2:  # shorter ones are the watchdog's
                waits.append(seconds)
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(seconds)

        waits: list[float] = []
        looks = itertools.count()
        async with venue(talk) as place:
            script = Script(place.url)
            script.silence_s = 1.0
            socket = Socket(
                script,
                Listener(),
                lambda: next(looks) * seconds_per_look * SECOND,
                itertools.count(1),
                sleep=sleep,
                jitter=lambda: 1.0,
            )
            async with running(socket.run()):
                await until(lambda: len(waits) >= rounds)
        return waits[:rounds]

    return asyncio.run(body())


def test_connections_that_end_soon_make_the_waits_longer() -> None:
    assert _waits(1, 4) == [0.2, 0.4, 0.8, 1.6]


def test_a_minute_of_data_makes_the_next_wait_short_again() -> None:
    assert _waits(30, 4) == [0.2, 0.2, 0.2, 0.2]
