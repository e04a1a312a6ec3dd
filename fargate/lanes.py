"""Lanes: calls that may take long (the store, the venue, S3) are made away from the event loop, one after another.

Each lane is one thread, so that its calls happen in the order they were posted and what they call needs no locks. The
loop itself never waits for any of them; results come back to it as calls of ``then``.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from shared.domain.errors import Temporary

T = TypeVar("T")


def ignore(_: object) -> None:
    """Nobody waits for the result."""


class Lane(Protocol):
    """Where calls are made, in order."""

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",
    ) -> None:
        """Make a call, then hand its result to ``then``.

        ``failed`` hears of a ``Temporary`` error; every other error, and this one without ``failed``, ends the run: no
        call is made after it, since what was posted later may rest on it (a fact written after one that was lost).
        A call that still waits is replaced by a later one of the same ``newest`` name: only the latest view is shown.
        """


class InPlace:
    """No lane at all: the call is made at once (replays, recorded worlds)."""

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",  # noqa: ARG002  # nothing ever waits here
    ) -> None:
        """Make the call and hand its result on."""
        try:
            result = call()
        except Temporary as error:
            if failed is None:
                raise
            failed(error)
        else:
            then(result)


class ThreadLane:
    """One worker thread of a running event loop. ``broken`` hears of the error that ends the run."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop, broken: Callable[[BaseException], None]) -> None:
        self.waiting = 0
        self._loop = loop
        self._broken = broken
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._newest: dict[str, Callable[[], Any]] = {}
        self._dead = False
        self._posted: deque[float] = deque()
        self._idle = asyncio.Event()
        self._idle.set()

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",
    ) -> None:
        """See ``Lane.post``; only from the loop's own thread."""
        if newest:
            if newest in self._newest:
                self._newest[newest] = call
                return
            self._newest[newest] = call
        self.waiting += 1
        self._posted.append(time.monotonic())
        self._idle.clear()

        def made() -> T:
            if self._dead:
                raise CancelledError
            try:
                return self._newest.pop(newest)() if newest else call()
            except BaseException as error:
                self._dead = failed is None or not isinstance(error, Temporary)
                raise

        def finish(future: Future[T]) -> None:
            self._loop.call_soon_threadsafe(self._finish, future, then, failed)

        self._pool.submit(made).add_done_callback(finish)

    def _finish(self, future: Future[T], then: Callable[[T], None], failed: Callable[[Temporary], None] | None) -> None:
        self.waiting -= 1
        self._posted.popleft()
        if self.waiting == 0:
            self._idle.set()
        error = future.exception()
        if isinstance(error, CancelledError):
            return
        if error is None:
            then(future.result())
        elif failed is not None and isinstance(error, Temporary):
            failed(error)
        else:
            self._broken(error)

    @property
    def oldest_s(self) -> float:
        """How long the oldest call has been waiting for its result, in seconds; 0 while nothing waits."""
        return time.monotonic() - self._posted[0] if self._posted else 0.0

    async def drain(self) -> None:
        """Wait until every call posted so far has been made and its result handed on."""
        await self._idle.wait()

    def close(self) -> None:
        """Take no more calls; those begun are finished."""
        self._pool.shutdown(wait=True)
