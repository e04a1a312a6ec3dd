"""Blocks that passed without us, read by ``eth_getLogs`` in pieces as large as the node allows."""

from collections.abc import Awaitable, Callable

from shared.adapters.chain.logs import raw_logs, wallet_filter
from shared.adapters.chain.rpc import Rpc
from shared.adapters.polymarket.http import batches
from shared.adapters.sockets import Voice
from shared.domain.errors import BadInput, Temporary
from shared.domain.messages import NoticeKind

SPAN_MAX = 10_000
"""Blocks a public node takes per question (polymarket.md 5.5)."""
BLOCKS_MAX = 50_000
"""About a day; nobody copies what is older."""
ATTEMPTS_AT_ONE = 3
_PAUSE_FIRST_S = 0.25
_PAUSE_MAX_S = 4.0


class Backlog:
    """Ranges still to be read, oldest first; they outlive connections. ``span``: blocks asked for at once."""

    def __init__(self, voice: Voice, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.span = SPAN_MAX
        self._voice = voice
        self._sleep = sleep
        self._ranges: list[tuple[int, int]] = []

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last block of every range still to be read."""
        return tuple(self._ranges)

    def add(self, first: int, last: int) -> None:
        """These blocks must be read; overlapping ranges become one, and all of it stays within a day."""
        if last < first:
            return
        merged: list[tuple[int, int]] = []
        for start, end in sorted([*self._ranges, (first, last)]):
            if merged and start <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        self._ranges = merged
        excess = sum(end - start + 1 for start, end in merged) - BLOCKS_MAX
        while excess > 0:
            start, end = self._ranges[0]
            cut = min(excess, end - start + 1)
            excess -= cut
            self._voice.notice(NoticeKind.GAP, f"blocks {start} to {start + cut - 1} are not read: too long ago")
            self._ranges[:1] = [(start + cut, end)] if start + cut <= end else []

    async def read(
        self, rpc: Rpc, wallets: Callable[[], list[str]], wallets_max: int, take: Callable[[bytes, int], None]
    ) -> None:
        """Read everything; ``take`` gets each log and when it reached us. ``Temporary`` when the line is cut."""
        failures = 0
        while self._ranges:
            start, end = self._ranges[0]
            last = min(end, start + self.span - 1)
            try:
                for chunk in batches(wallets(), wallets_max):
                    where = {"fromBlock": hex(start), "toBlock": hex(last), **wallet_filter(chunk)}
                    answer = await rpc.call("eth_getLogs", [where])
                    for log in raw_logs(answer.result):
                        take(bytes(log), answer.received_at)
            except (BadInput, Temporary) as error:
                failures += 1
                if rpc.is_lost:
                    raise
                await self._smaller(start, last, failures, str(error))
                continue
            failures = 0
            self.span = min(SPAN_MAX, self.span * 2)
            self._read_until(last)

    async def _smaller(self, start: int, last: int, failures: int, reason: str) -> None:
        """Ask for half as much after a pause; a block that cannot be read at all is given up, and said."""
        if self.span == 1 and failures >= ATTEMPTS_AT_ONE:
            self._voice.notice(NoticeKind.GAP, f"block {start} cannot be read: {reason}")
            self._read_until(last)
            return
        self.span = max(1, min(self.span, last - start + 1) // 2)
        await self._sleep(min(_PAUSE_MAX_S, _PAUSE_FIRST_S * 2.0 ** min(failures - 1, 10)))

    def _read_until(self, last: int) -> None:
        end = self._ranges[0][1]
        self._ranges[:1] = [(last + 1, end)] if last < end else []
