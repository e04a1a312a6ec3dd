import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from shared.adapters.chain import session
from shared.adapters.chain.feed import ChainFeed
from shared.adapters.sockets import SocketSettings
from shared.domain.instants import SECOND
from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind, WhaleTrade
from shared.ports import Feed, Heard
from tests.shared.adapters.chain import node
from tests.shared.adapters.chain.node import FIRST, OTHER, TOKEN, WALLET, Node, log
from tests.shared.adapters.sockets.fakes import QUICK, Listener, running, until, venue

MARKET = "0x" + "c1" * 32
KEY = "s3cr3ts3cr3t"


class Play:
    """A feed on a node, with what it said."""

    def __init__(self, wallets: Sequence[str] = (WALLET,), markets: dict[str, str] | None = None) -> None:
        self.node = Node()
        self.listener = Listener()
        self.markets = {TOKEN: MARKET} if markets is None else markets
        self.wallets = wallets
        self.feed: ChainFeed

    async def run(self, test: Callable[[], Awaitable[None]], sockets: SocketSettings = QUICK) -> None:
        async with venue(self.node.talk) as host:
            self.feed = ChainFeed(
                f"{host.url}/v2/{KEY}",
                self.markets.get,
                time.time_ns,
                itertools.count(1),
                sleep=_nap,
                sockets=sockets,
                answer_timeout_s=0.3,
            )
            self.feed.watch(self.wallets)
            async with running(self.feed.run(self.listener)):
                await test()

    def go(self, test: Callable[[], Awaitable[None]]) -> None:
        asyncio.run(self.run(test))

    def heard(self) -> list[Heard]:
        return [one for one in self.listener.heard if isinstance(one.payload, WhaleTrade)]

    def trades(self) -> list[WhaleTrade]:
        return [one.payload for one in self.listener.heard if isinstance(one.payload, WhaleTrade)]

    def reasons(self, kind: NoticeKind) -> list[str]:
        return [one.reason for one in self.listener.notices() if one.kind is kind]

    async def ready(self, times: int = 1) -> None:
        """Until the feed has subscribed to heads, which it does last."""
        await until(lambda: self.node.calls.count(("eth_subscribe", ["newHeads"])) == times)

    async def cut(self) -> None:
        wire = self.node.wires[0]
        wire.transport.abort()
        await until(lambda: wire not in self.node.wires)


async def _nap(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.03))


def test_a_fill_of_a_watched_wallet_is_told_with_its_blocks_time() -> None:
    play = Play()

    async def test() -> None:
        feed: Feed = play.feed
        assert feed.name == "polygon"
        await play.ready()
        assert play.node.filters() == [[WALLET]]
        await play.node.mine(log(FIRST + 1, 3))
        await until(lambda: len(play.trades()) == 1)
        assert play.feed.last_block == FIRST + 1
        assert play.feed.counts.told == 1

    play.go(test)
    (heard,) = play.heard()
    assert heard.venue_at == node.at_s(FIRST + 1) * SECOND
    assert play.trades()[0].delivery == 1
    assert "eth_getBlockByNumber" not in play.node.methods()
    assert play.listener.health()[0]


def test_the_time_of_a_block_is_asked_for_when_its_header_does_not_come() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3), log(FIRST + 1, 4), say_head=False)
        await until(lambda: len(play.trades()) == 2)

    play.go(test)
    assert play.node.methods().count("eth_getBlockByNumber") == 1
    assert play.heard()[0].venue_at == node.at_s(FIRST + 1) * SECOND


def test_what_happened_while_the_line_was_cut_is_read_afterwards_and_counts_once() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3, tx=1))
        await until(lambda: len(play.trades()) == 1)
        await play.cut()
        for n in range(2, 5):
            await play.node.mine(log(FIRST + n, 3, tx=n))
        await until(lambda: len(play.trades()) == 5)
        await play.ready(2)
        await play.node.mine(log(FIRST + 5, 3, tx=5))
        await until(lambda: len(play.trades()) == 6)

    play.go(test)
    # The fill before the cut is told again, as the overlap makes it, under a delivery of its own.
    by_delivery = [(one.delivery, int(one.tx, 16)) for one in play.trades()]
    # What is mined while the backlog is read may be told before it: the order is not promised, each one is.
    assert by_delivery[0] == (1, 1)
    assert sorted(by_delivery[1:]) == [(by_delivery[1][0], n) for n in (1, 2, 3, 4, 5)]
    assert by_delivery[1][0] > 1
    assert len(play.reasons(NoticeKind.GAP)) == 1
    assert play.reasons(NoticeKind.RESYNC) == [f"blocks {FIRST - 4} to {FIRST + 4} were read after a gap: 4 fills"]


def test_blocks_a_node_skipped_on_a_standing_line_are_read_too() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        await play.node.mine()
        await until(lambda: play.feed.last_block == FIRST + 1)
        await play.node.mine(log(FIRST + 2, 3), say_head=False, say_logs=False)
        await play.node.mine()
        await until(lambda: len(play.trades()) == 1)

    play.go(test)
    assert play.reasons(NoticeKind.GAP) == [f"blocks {FIRST + 2} to {FIRST + 3} passed without us: reading them"]


def test_a_reorganisation_is_told_and_its_transaction_counts_once() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        one = log(FIRST + 1, 3)
        await play.node.mine(one)
        await play.node.tell({**one, "removed": True})
        await play.node.mine(log(FIRST + 2, 9, branch=1))
        await play.node.mine(log(FIRST + 3, 0, tx=8))
        await until(lambda: len(play.trades()) == 2)

    play.go(test)
    assert [int(one.tx, 16) for one in play.trades()] == [7, 8]
    assert play.reasons(NoticeKind.RESYNC)[0].startswith(f"a reorganisation took back block {FIRST + 1}")


def test_the_watch_list_changes_without_a_new_connection() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        play.feed.watch([OTHER.upper().replace("0X", "0x")])
        await until(lambda: play.node.filters() == [[OTHER]])
        await play.node.mine(log(FIRST + 1, 0), log(FIRST + 1, 1, wallet=OTHER))
        await until(lambda: len(play.trades()) == 1)
        assert play.trades()[0].wallet == OTHER
        before = len(play.node.calls)
        play.feed.watch([OTHER])
        await asyncio.sleep(0.02)
        assert len(play.node.calls) == before
        play.feed.watch([])
        await until(lambda: play.node.filters() == [])

    play.go(test)
    assert len(play.reasons(NoticeKind.CONNECTED)) == 1


def test_a_long_watch_list_is_asked_for_in_several_subscriptions() -> None:
    wallets = [f"0x{n:040x}" for n in range(1, 701)]
    play = Play(wallets)

    async def test() -> None:
        await play.ready()
        assert [len(one) for one in play.node.filters()] == [300, 300, 100]

    play.go(test)


def test_a_node_that_refuses_long_filters_gets_shorter_ones() -> None:
    play = Play([f"0x{n:040x}" for n in range(1, 101)])

    def refuse(method: str, params: list[Any]) -> str | None:
        too_long = method == "eth_subscribe" and params[0] == "logs" and len(params[1]["topics"][2]) > 40
        return "too many topics" if too_long else None

    play.node.refuse = refuse

    async def test() -> None:
        await play.ready()
        assert [len(one) for one in play.node.filters()] == [37, 37, 26]

    play.go(test)
    assert play.reasons(NoticeKind.FALLBACK)[-1].endswith("trying 37 wallets per subscription")


def test_without_logs_there_are_no_heads_so_the_feed_is_not_healthy() -> None:
    play = Play()
    play.node.refuse = lambda method, params: "no logs here" if params[:1] == ["logs"] else None

    async def test() -> None:
        await until(lambda: len(play.reasons(NoticeKind.REFUSED)) >= 2)
        await play.node.mine()

    play.go(test)
    assert ["newHeads"] not in [params for _, params in play.node.calls]
    assert True not in play.listener.health()
    assert "the node refuses: 'no logs here' (code -32000)" in play.reasons(NoticeKind.REFUSED)[0]


def test_a_node_that_does_not_answer_is_asked_again_and_the_rest_goes_on() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3))
        await until(lambda: len(play.trades()) == 1)
        play.node.mute = ("eth_blockNumber",)
        await play.cut()
        await until(lambda: any("eth_blockNumber: no answer within" in one for one in play.reasons(NoticeKind.REFUSED)))
        play.node.mute = ()
        await until(lambda: len(play.trades()) == 2)

    play.go(test)
    assert play.trades()[0].tx == play.trades()[1].tx


def test_a_block_time_that_never_comes_drops_the_fill_and_says_so() -> None:
    play = Play()
    play.node.refuse = lambda method, params: "unknown block" if method == "eth_getBlockByNumber" else None

    async def test() -> None:
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3), say_head=False)
        await until(lambda: bool(play.reasons(NoticeKind.DROPPED)))

    play.go(test)
    assert play.node.methods().count("eth_getBlockByNumber") == session.TIME_ATTEMPTS
    assert "its time cannot be had: the node refuses: 'unknown block'" in play.reasons(NoticeKind.DROPPED)[0]


def test_a_fill_undated_at_the_cut_is_read_again() -> None:
    play = Play()
    play.node.mute = ("eth_getBlockByNumber",)

    async def test() -> None:
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3), say_head=False)
        await until(lambda: "eth_getBlockByNumber" in play.node.methods())
        await play.cut()
        play.node.mute = ()
        await until(lambda: len(play.trades()) == 1)

    play.go(test)


def test_a_market_found_later_is_said_by_the_caller() -> None:
    play = Play(markets={})

    async def test() -> None:
        play.feed.known(TOKEN, MARKET)
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3))
        await until(lambda: play.feed.last_block == FIRST + 1)
        assert play.trades() == []
        play.feed.known(TOKEN, MARKET)
        assert play.trades()[0].market == MARKET

    play.go(test)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ("<html>", "frame is unusable"),
        ('{"method":"eth_subscription","params":{"result":{"topics":[]}}}', "log is unusable"),
        ('{"method":"eth_subscription","params":{"result":{"number":"0x1"}}}', "block is unusable"),
        (
            '{"method":"eth_subscription","params":{"result":{"number":"0xffffffffff","timestamp":"0x6ab13f80"}}}',
            "must not leap",
        ),
    ],
)
def test_a_frame_that_cannot_be_used_is_said_and_costs_nothing_else(frame: str, said: str) -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        await play.node.mine()
        await until(lambda: play.feed.last_block == FIRST + 1)
        await play.node.wires[0].send(frame)
        await play.node.mine(log(FIRST + 2, 3))
        await until(lambda: len(play.trades()) == 1)

    play.go(test)
    (reason,) = play.reasons(NoticeKind.REFUSED)
    assert said in reason


def test_the_key_in_the_address_never_leaves_the_feed() -> None:
    play = Play()
    play.node.refuse = lambda method, params: f"key {KEY} has no logs" if params[:1] == ["logs"] else None

    async def test() -> None:
        await until(lambda: bool(play.reasons(NoticeKind.REFUSED)))
        await play.cut()
        await until(lambda: len(play.reasons(NoticeKind.REFUSED)) >= 2)

    play.go(test)
    said = [one.payload.reason for one in play.listener.heard if isinstance(one.payload, FeedNotice | FeedHealth)]
    assert said
    assert not [one for one in said if KEY in one]


def test_a_refused_upgrade_hints_at_the_key() -> None:
    async def job() -> None:
        listener, one = Listener(), Node()
        async with venue(one.talk) as host:
            host.statuses = [401, 429, 502]
            feed = ChainFeed(host.url, lambda token: None, time.time_ns, itertools.count(1), sleep=_nap, sockets=QUICK)
            async with running(feed.run(listener)):
                await until(lambda: NoticeKind.CONNECTED in listener.kinds())
        reasons = [one.reason.partition(";")[0] for one in listener.notices() if one.kind is NoticeKind.REFUSED]
        assert reasons == [
            "the node answered the upgrade with 401: is the key right?",
            "the node answered the upgrade with 429: too many requests",
            "the node answered the upgrade with 502",
        ]

    asyncio.run(job())


def test_a_head_that_comes_before_the_feed_has_caught_up_hides_no_gap() -> None:
    play = Play()

    async def test() -> None:
        await play.ready()
        await play.node.mine(log(FIRST + 1, 3, tx=1))
        await until(lambda: len(play.trades()) == 1)
        await play.cut()
        await play.node.mine(log(FIRST + 2, 3, tx=2))
        play.node.mute = ("eth_blockNumber",)
        await play.ready(2)
        await play.node.mine(log(FIRST + 3, 3, tx=3))
        await until(lambda: play.feed.last_block == FIRST + 3)
        play.node.mute = ()
        await until(lambda: len(play.trades()) == 4)

    play.go(test)
    assert sorted(int(one.tx, 16) for one in play.trades()) == [1, 1, 2, 3]
    first, *_ = play.reasons(NoticeKind.GAP)  # up to which block depends on when the node answers
    assert first.startswith(f"blocks {FIRST - 4} to ")
