import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.chain.backlog import BLOCKS_MAX, SPAN_MAX, Backlog
from shared.adapters.chain.rpc import Rpc, frame_of
from shared.adapters.sockets import Voice
from shared.domain.errors import Temporary
from shared.domain.messages import NoticeKind
from tests.shared.adapters.chain import node
from tests.shared.adapters.sockets.fakes import Listener


class Chain:
    """A node that takes at most ``most`` blocks per question and cannot read ``broken`` ones."""

    def __init__(self, most: int = 10**9, broken: tuple[int, ...] = ()) -> None:
        self.most = most
        self.broken = broken
        self.asked: list[tuple[int, int, int]] = []
        self.rpc = Rpc(self.send)
        self.rpc.opened()
        self.cut_after = 10**9
        self.slept: list[float] = []

    async def send(self, text: str) -> None:
        asked = json.loads(text)
        (where,) = asked["params"]
        first, last = int(where["fromBlock"], 16), int(where["toBlock"], 16)
        self.asked.append((first, last, len(where["topics"][2])))
        if len(self.asked) > self.cut_after:
            self.rpc.lost("cut")
            return
        body: dict[str, Any] = {"result": [node.log(block, 0) for block in (first, last)]}
        if last - first >= self.most or any(first <= one <= last for one in self.broken):
            body = {"error": {"code": -32000, "message": "invalid block range params"}}
        self.rpc.answered(frame_of(json.dumps({"id": asked["id"], **body}).encode()), 77)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def read(
        self, *ranges: tuple[int, int], wallets: int = 1, wallets_max: int = 300
    ) -> tuple[Backlog, Listener, list[bytes]]:
        listener = Listener()
        backlog = Backlog(Voice("polygon", listener, lambda: 1), self.sleep)
        for first, last in ranges:
            backlog.add(first, last)
        taken: list[bytes] = []
        names = [f"0x{n:040x}" for n in range(1, wallets + 1)]
        asyncio.run(backlog.read(self.rpc, lambda: names, wallets_max, lambda log, at: taken.append(log)))
        return backlog, listener, taken

    def covered(self) -> list[int]:
        return [block for first, last, _ in self.asked for block in range(first, last + 1)]


def test_a_long_gap_is_read_in_pieces_of_ten_thousand_blocks() -> None:
    chain = Chain()
    backlog, listener, taken = chain.read((1, 2 * SPAN_MAX + 5))
    assert [(first, last) for first, last, _ in chain.asked] == [(1, 10_000), (10_001, 20_000), (20_001, 20_005)]
    assert len(taken) == 6
    assert backlog.ranges == ()
    assert listener.heard == []


def test_a_node_that_takes_fewer_blocks_is_asked_for_fewer() -> None:
    chain = Chain(most=1_500)
    backlog, _, _ = chain.read((1, 10_000))
    assert backlog.ranges == ()
    good = [last - first + 1 for first, last, _ in chain.asked if last - first < 1_500]
    assert sum(good) == 10_000
    assert chain.slept
    assert max(chain.slept) <= 4.0


def test_a_block_that_cannot_be_read_is_given_up_said_and_costs_no_other() -> None:
    chain = Chain(broken=(50,))
    _, listener, _ = chain.read((1, 100))
    good = [block for first, last, _ in chain.asked if not first <= 50 <= last for block in range(first, last + 1)]
    assert sorted(good) == [block for block in range(1, 101) if block != 50]
    (notice,) = listener.notices()
    assert notice.kind is NoticeKind.GAP
    assert notice.reason.startswith("block 50 cannot be read: the node refuses: 'invalid block range params'")


def test_many_wallets_are_asked_for_in_turns() -> None:
    chain = Chain()
    chain.read((1, 10), wallets=650)
    assert [count for _, _, count in chain.asked] == [300, 300, 50]


def test_nobody_to_watch_is_nothing_to_ask() -> None:
    chain = Chain()
    backlog, _, _ = chain.read((1, 10), wallets=0)
    assert chain.asked == []
    assert backlog.ranges == ()


def test_a_cut_line_ends_the_reading_and_what_is_unread_stays() -> None:
    chain = Chain()
    chain.cut_after = 1
    listener = Listener()
    backlog = Backlog(Voice("polygon", listener, lambda: 1), chain.sleep)
    backlog.add(1, 25_000)
    with pytest.raises(Temporary, match="the connection was lost: cut"):
        asyncio.run(backlog.read(chain.rpc, lambda: [node.WALLET], 300, lambda log, at: None))
    assert backlog.ranges == ((10_001, 25_000),)
    with pytest.raises(Temporary, match="eth_getLogs: there is no connection"):
        asyncio.run(backlog.read(chain.rpc, lambda: [node.WALLET], 300, lambda log, at: None))


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 60)), max_size=8))
def test_ranges_are_kept_apart_in_order_and_lose_no_block(ranges: list[tuple[int, int]]) -> None:
    backlog = Backlog(Voice("polygon", Listener(), lambda: 1), Chain().sleep)
    for first, length in ranges:
        backlog.add(first, first + length - 1)
    blocks = [block for first, last in backlog.ranges for block in range(first, last + 1)]
    assert blocks == sorted({block for first, length in ranges for block in range(first, first + length)})
    assert all(left[1] + 1 < right[0] for left, right in zip(backlog.ranges, backlog.ranges[1:], strict=False))


def test_more_than_a_day_is_not_read_and_that_is_said() -> None:
    listener = Listener()
    backlog = Backlog(Voice("polygon", listener, lambda: 1), Chain().sleep)
    backlog.add(1, 10)
    backlog.add(101, 100 + BLOCKS_MAX + 5)
    assert backlog.ranges == ((106, 100 + BLOCKS_MAX + 5),)
    assert [one.reason for one in listener.notices()] == [
        "blocks 1 to 10 are not read: too long ago",
        "blocks 101 to 105 are not read: too long ago",
    ]
