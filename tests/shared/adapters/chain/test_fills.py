import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.chain import fills
from shared.adapters.chain.fills import UNKNOWN_MARKET_NS, Fills
from shared.adapters.chain.logs import Filled, filled
from shared.adapters.sockets import Voice
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind, WhaleTrade
from shared.engine.detection import Deliveries
from tests.shared.adapters.chain import node
from tests.shared.adapters.sockets.fakes import Listener

AT = node.FIRST_AT_S * SECOND
HEARD = AT + 2 * SECOND
MARKET = "0x" + "c1" * 32
B = node.FIRST


class Desk:
    """Fills of one wallet, whose tokens' markets are known unless taken away."""

    def __init__(self) -> None:
        self.listener = Listener()
        self.markets = {node.TOKEN: MARKET}
        self.fills = Fills(
            "polygon",
            self.listener,
            Voice("polygon", self.listener, lambda: HEARD),
            self.markets.get,
            {node.WALLET: None},
        )

    def take(self, one: Filled, delivery: int = 1) -> int | None:
        return self.fills.take(one, HEARD, delivery)

    def told(self) -> list[WhaleTrade]:
        return [one.payload for one in self.listener.heard if isinstance(one.payload, WhaleTrade)]


def _fill(block: int, index: int, **changed: Any) -> Filled:
    return filled(json.dumps(node.log(block, index, **changed)).encode())


def _ready() -> Desk:
    desk = Desk()
    desk.fills.block(B, AT)
    desk.fills.block(B + 1, AT + 2 * SECOND)
    return desk


def test_a_fill_is_a_trade_dated_by_its_block() -> None:
    desk = _ready()
    assert desk.take(_fill(B, 3), delivery=9) is None
    (heard,) = desk.listener.heard
    assert (heard.source, heard.received_at, heard.venue_at) == ("polygon", HEARD, AT)
    assert heard.payload == WhaleTrade(
        node.WALLET, MARKET, node.TOKEN, _fill(B, 3).side, 450_000, 4_330_000, "0x" + node.word(7), 9
    )


def test_a_log_sent_again_counts_once_and_an_equal_row_beside_it_twice() -> None:
    desk = _ready()
    for index in (3, 3, 4, 3, 4):
        desk.take(_fill(B, index))
    assert len(desk.told()) == 2
    assert desk.fills.counts.repeated == 3


def test_a_new_connection_tells_all_of_it_again_as_a_new_delivery() -> None:
    desk = _ready()
    for delivery in (1, 2):
        desk.fills.fresh()
        for index in (3, 4):
            desk.take(_fill(B, index), delivery)
    assert [one.delivery for one in desk.told()] == [1, 1, 2, 2]


def test_a_transaction_moved_to_another_block_is_no_second_fill() -> None:
    desk = _ready()
    desk.take(_fill(B, 3))
    desk.take(_fill(B, 3, removed=True))
    desk.take(_fill(B + 1, 8))
    assert len(desk.told()) == 1
    assert [one.kind for one in desk.listener.notices()] == [NoticeKind.RESYNC]
    assert f"took back block {B} with a fill of {node.WALLET}" in desk.listener.notices()[0].reason
    assert desk.fills.counts.removed == 1


def test_only_what_the_other_block_holds_beyond_is_told() -> None:
    desk = _ready()
    desk.take(_fill(B, 3))
    desk.take(_fill(B + 1, 8))
    desk.take(_fill(B + 1, 9))
    assert len(desk.told()) == 2


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_whatever_the_order_the_engine_counts_as_many_fills_as_the_chain_holds(
    before: int, after: int, chance: random.Random
) -> None:
    """A reorganisation moves a transaction; logs of either block come in any order, doubled; then a reconnect."""
    desk = _ready()
    rows = [_fill(B, index) for index in range(before)] * 2 + [_fill(B + 1, 10 + index) for index in range(after)] * 2
    for delivery in (1, 2):
        desk.fills.fresh()
        chance.shuffle(rows)
        for one in rows:
            desk.take(one, delivery)
    deliveries = Deliveries(60 * SECOND)
    accepted = [one for one in desk.told() if deliveries.is_new(one, "polygon", AT)]
    assert len(accepted) == max(before, after)


def test_a_fill_waits_for_its_blocks_time_which_is_asked_for_once() -> None:
    desk = Desk()
    assert desk.take(_fill(B, 3)) == B
    assert desk.take(_fill(B, 4)) is None
    assert desk.told() == []
    desk.fills.block(B, AT)
    assert len(desk.told()) == 2


def test_a_time_that_cannot_be_had_drops_the_fills_and_says_so() -> None:
    desk = Desk()
    desk.take(_fill(B, 3))
    desk.fills.undated(B, "no answer")
    desk.fills.undated(B, "no answer")
    assert [one.reason for one in desk.listener.notices()] == [
        f"1 fills of block {B}: its time cannot be had: no answer"
    ]
    assert desk.fills.counts.dropped == 1


def test_a_cut_forgets_undated_fills_and_names_their_blocks() -> None:
    desk = Desk()
    desk.take(_fill(B, 3))
    assert desk.fills.cut() == [B]
    desk.fills.block(B, AT)
    assert desk.told() == []


def test_a_log_that_tells_its_time_waits_for_nothing() -> None:
    desk = Desk()
    assert desk.take(_fill(B, 3, blockTimestamp=hex(node.FIRST_AT_S))) is None
    assert len(desk.told()) == 1


def test_a_fill_waits_for_its_market_and_is_told_with_its_own_delivery_and_times() -> None:
    desk = _ready()
    desk.markets.clear()
    desk.take(_fill(B, 3), delivery=4)
    assert desk.told() == []
    desk.fills.expire(HEARD + UNKNOWN_MARKET_NS)
    desk.fills.known(node.TOKEN, MARKET)
    (heard,) = desk.listener.heard
    assert (heard.received_at, heard.venue_at) == (HEARD, AT)
    assert (desk.told()[0].market, desk.told()[0].delivery) == (MARKET, 4)


def test_a_market_unknown_for_a_minute_drops_the_fill_and_says_so() -> None:
    desk = _ready()
    desk.markets.clear()
    desk.take(_fill(B, 3))
    desk.fills.expire(HEARD + UNKNOWN_MARKET_NS + 1)
    desk.fills.known(node.TOKEN, MARKET)
    assert desk.told() == []
    (notice,) = desk.listener.notices()
    assert notice.kind is NoticeKind.DROPPED
    assert notice.reason == f"1 fills of token {node.TOKEN}: its market was not known within 60 s"


def test_wallets_nobody_watches_any_more_are_left_out() -> None:
    desk = _ready()
    desk.take(_fill(B, 3, wallet=node.OTHER))
    desk.take(_fill(B, 3, wallet=node.OTHER, removed=True))
    assert desk.listener.heard == []
    assert desk.fills.counts.others == 2


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fills, "REMEMBERED", 2)
    monkeypatch.setattr(fills, "TIMES_MAX", 2)
    monkeypatch.setattr(fills, "HELD_MAX", 1)
    desk = _ready()
    desk.fills.block(B + 2, AT)
    assert not desk.fills.knows(B)
    desk.markets.clear()
    for tx in (1, 2, 3):
        desk.take(_fill(B + 1, tx, tx=tx))
    assert [one.reason for one in desk.listener.notices()] == [
        f"1 fills of token {node.TOKEN}: 1 fills wait for their markets already"
    ] * 2
    desk.fills.known(node.TOKEN, MARKET)
    assert len(desk.told()) == 1
    desk.take(_fill(B + 1, 3, tx=3))
    assert desk.fills.counts.repeated == 1


def test_only_the_fills_that_waited_a_minute_are_given_up() -> None:
    desk = _ready()
    desk.markets.clear()
    desk.take(_fill(B, 3))
    desk.fills.take(_fill(B, 4), HEARD + SECOND, 1)
    desk.fills.expire(HEARD + UNKNOWN_MARKET_NS + 1)
    desk.fills.known(node.TOKEN, MARKET)
    assert len(desk.told()) == 1
    assert desk.fills.counts.dropped == 1
