"""Frames between the sockets, which must never wait, and the reader, which may lag: bounded, and counted when cut."""

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from shared.adapters.polymarket.market_channel.reader import Line

FRAMES_MAX = 50_000
BYTES_MAX = 64 * 1024 * 1024
MERGE_FROM = 512
"""Frames waiting from which on changes are merged per token: the reader is a few milliseconds behind."""
SLICE = 64
"""Frames read at a stretch; then everything else of the loop has its turn."""

Frame = tuple[Line, int, bytes, int]
"""(line, its connection when the frame came, the frame, when it came)."""


class BacklogCounts(Struct):
    """Frames taken, frames dropped because too many waited, and the most that ever waited."""

    frames: int = 0
    dropped: int = 0
    most_waiting: int = 0


class Backlog:
    """``dropped`` is called with the frames of a backlog that grew beyond its bound, all of which are lost."""

    def __init__(
        self, dropped: Callable[[list[Frame]], None], frames_max: int = FRAMES_MAX, bytes_max: int = BYTES_MAX
    ) -> None:
        self.counts = BacklogCounts()
        self._dropped = dropped
        self._frames_max = frames_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._waiting: deque[Frame] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, line: Line, data: bytes, received_at: int) -> None:
        """Keep a frame; when there are too many, none of them is worth reading any more."""
        if len(self._waiting) >= self._frames_max or self._bytes + len(data) > self._bytes_max:
            lost = [*self._waiting, (line, line.connection, data, received_at)]
            self._waiting.clear()
            self._bytes = 0
            self.counts.dropped += len(lost)
            self._dropped(lost)
            return
        self._waiting.append((line, line.connection, data, received_at))
        self._bytes += len(data)
        self._arrived.set()

    def take(self) -> list[Frame]:
        """The oldest frames, at most a slice of them."""
        waiting = self._waiting
        self.counts.most_waiting = max(self.counts.most_waiting, len(waiting))
        frames = [waiting.popleft() for _ in range(min(SLICE, len(waiting)))]
        self._bytes -= sum(len(frame[2]) for frame in frames)
        self.counts.frames += len(frames)
        return frames

    async def wait(self) -> None:
        """Until something waits."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
