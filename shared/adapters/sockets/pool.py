"""Several sockets of one feed, run together."""

import asyncio
from collections.abc import Callable

from shared.adapters.sockets.persistent import Socket
from shared.domain.errors import BadInput

SOCKETS_MAX = 10
"""Connections one feed may hold at a time; a venue takes many more from one address for an attack."""


class Pool:
    """``count`` sockets, each made by ``make(index)``; they share what ``make`` lets them share."""

    def __init__(self, make: Callable[[int], Socket], count: int) -> None:
        if not 1 <= count <= SOCKETS_MAX:
            raise BadInput(f"sockets of one feed must lie between 1 and {SOCKETS_MAX}, not {count}")
        self.sockets = tuple(make(index) for index in range(count))

    @property
    def connected(self) -> int:
        """How many of them have a connection now."""
        return sum(one.connected for one in self.sockets)

    @property
    def frames(self) -> int:
        """Frames of all of them."""
        return sum(one.frames for one in self.sockets)

    @property
    def last_data_at(self) -> int:
        """When any of them brought data last (nanoseconds UTC); 0 before any."""
        return max(one.last_data_at for one in self.sockets)

    async def run(self) -> None:
        """Run all of them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for one in self.sockets:
                group.create_task(one.run())

    async def send(self, text: str) -> None:
        """A frame on every connection that stands."""
        await asyncio.gather(*(one.send(text) for one in self.sockets))
