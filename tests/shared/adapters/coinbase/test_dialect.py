import itertools
import json

import msgspec
import pytest

from shared.adapters.coinbase.dialect import CoinbaseDialect
from shared.adapters.spot.desk import SpotCounts
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind, SpotBook, SpotTrade
from shared.domain.order import Side
from shared.ports import Heard
from tests.shared.adapters.coinbase import frames
from tests.shared.adapters.sockets.fakes import Listener
from tests.shared.adapters.spot.mutations import mutated

AT = 1_790_000_000 * SECOND


def _dialect(symbols: tuple[str, ...] = ("BTC", "ETH")) -> tuple[CoinbaseDialect, Listener]:
    listener = Listener()
    return CoinbaseDialect("wss://spot", symbols, listener, itertools.count(AT, 11 * SECOND).__next__), listener


def _facts(listener: Listener) -> list[Heard]:
    return [one for one in listener.heard if isinstance(one.payload, SpotTrade | SpotBook)]


def test_every_coin_is_asked_for_by_itself_with_all_channels() -> None:
    dialect, _ = _dialect()
    assert dialect.url() == "wss://spot"
    assert [msgspec.json.decode(one) for one in dialect.hello()] == [
        {"type": "subscribe", "product_ids": [f"{coin}-USD"], "channels": ["matches", "ticker", "heartbeat"]}
        for coin in ("BTC", "ETH")
    ]


def test_a_match_names_the_makers_side_so_the_aggressor_is_the_other() -> None:
    dialect, listener = _dialect()
    assert dialect.frame(frames.MATCH, 1, AT)
    assert listener.heard == [
        Heard("coinbase", AT, 1_415_348_367_028_459_000, SpotTrade("BTC", Side.BUY, 400_230_000, 5_235_120, 10))
    ]


def test_a_ticker_is_a_book_of_one_level_rounded_down_and_says_so_once() -> None:
    dialect, listener = _dialect()
    for _ in range(2):
        assert dialect.frame(frames.TICKER, 1, AT)
    fact = SpotBook("ETH", ((1_285_040_000, 466_886),), ((1_285_270_000, 1_566_370),))
    assert [one.payload for one in _facts(listener)] == [fact, fact]
    assert _facts(listener)[0].venue_at == 1_666_222_102_061_769_000
    assert [one.kind for one in listener.notices()] == [NoticeKind.DROPPED]


def test_a_trade_smaller_than_a_millionth_is_left_out_and_its_number_counts() -> None:
    dialect, listener = _dialect()
    for number, size in enumerate(("0.01", "0.0000004", "0.01")):
        assert dialect.frame(frames.match(number, AT, size=size), 1, AT)
    assert [one.payload.trade_id for one in listener.heard if isinstance(one.payload, SpotTrade)] == [0, 2]
    assert dialect.desk.counts.dust == 1
    assert NoticeKind.GAP not in listener.kinds()


def test_a_jump_of_trade_numbers_is_a_gap() -> None:
    dialect, listener = _dialect()
    dialect.frame(frames.match(5, AT), 1, AT)
    dialect.frame(frames.match(9, AT), 1, AT)
    assert [one.reason for one in listener.notices()] == ["3 trades of BTC are missing, from number 6"]


def test_the_last_match_is_told_once_and_judges_no_clock() -> None:
    dialect, listener = _dialect()
    for n in range(20):
        dialect.frame(frames.match(5, AT - 3600 * SECOND, kind="last_match"), 1, AT + n * SECOND)
    assert len(_facts(listener)) == 1
    assert listener.notices() == []


def test_a_heartbeat_is_data_while_it_knows_no_trade_that_we_do_not() -> None:
    dialect, listener = _dialect()
    assert dialect.frame(frames.heartbeat(9, AT), 1, AT)
    dialect.frame(frames.match(5, AT), 1, AT)
    assert dialect.frame(frames.heartbeat(5, AT), 1, AT)
    assert [dialect.frame(frames.heartbeat(8, AT), 1, AT) for _ in range(4)] == [False] * 4
    assert [one.reason for one in listener.notices()] == ["3 trades of BTC are known to the heartbeat and never came"]
    assert dialect.desk.counts.missing == 3


def test_a_clock_that_is_off_is_told_by_heartbeats_alone() -> None:
    dialect, listener = _dialect()
    for n in range(12):
        dialect.frame(frames.heartbeat(9, AT + n * SECOND), 1, AT + (n + 5) * SECOND)
    assert listener.kinds() == [NoticeKind.CLOCK]
    assert dialect.desk.sanity.clock.offset_ns == 5 * SECOND


def test_answers_to_subscriptions_are_no_data_and_no_fault() -> None:
    dialect, listener = _dialect()
    assert not dialect.frame(frames.SUBSCRIPTIONS, 1, AT)
    assert listener.heard == []
    assert dialect.desk.counts == SpotCounts(ignored=1)


def test_a_coin_left_a_moment_ago_is_ignored() -> None:
    dialect, listener = _dialect()
    asked = [msgspec.json.decode(one) for one in dialect.follow(("ETH", "SOL"))]
    assert [(one["type"], one["product_ids"]) for one in asked] == [
        ("subscribe", ["SOL-USD"]),
        ("unsubscribe", ["BTC-USD"]),
    ]
    assert not dialect.frame(frames.MATCH, 1, AT)
    assert listener.heard == []


def _changed(frame: bytes, **changed: object) -> bytes:
    return json.dumps({**json.loads(frame), **changed}).encode()


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (frames.ERROR, "Coinbase refuses a request: 'Failed to subscribe' 'ABC-USD is not a valid product'"),
        (b"{}", "frame is unusable (Object missing required field `type`)"),
        (b'{"type":"l2update","product_id":"BTC-USD"}', "type must be one we asked for, not 'l2update'"),
        (b'{"type":"match","product_id":"BTC-EUR"}', "product_id must be one we asked for, not 'BTC-EUR'"),
        (_changed(frames.MATCH, side="SELL"), "side must be buy or sell, not 'SELL'"),
        (_changed(frames.MATCH, price="0"), "price must be at least a millionth, not '0'"),
        (_changed(frames.MATCH, size=""), "size must be a plain decimal number, not ''"),
        (_changed(frames.MATCH, trade_id=None), "trade_id must be a whole number from 0, not None"),
        (_changed(frames.MATCH, trade_id=-1), "trade_id must be a whole number from 0, not -1"),
        (_changed(frames.MATCH, time="yesterday"), "time must be an ISO-8601 time, not 'yesterday'"),
        (_changed(frames.MATCH, time="1970-01-01T00:00:00Z"), "time is not a usable time"),
        (_changed(frames.MATCH, time="2914-11-07T08:19:27Z"), "time is not a usable time"),
        (_changed(frames.MATCH, time="2022-10-19T23:28:22.061728:22.061769Z"), "time must be an ISO-8601 time, not"),
        (_changed(frames.MATCH, time="2014-11-07708:19:27Z"), "time must be an ISO-8601 time, not"),
        (_changed(frames.HEARTBEAT, last_trade_id=None), "last_trade_id must be a whole number from 0, not None"),
        (_changed(frames.TICKER, best_ask="1285.04"), "the book is crossed: best_bid '1285.04', best_ask '1285.04'"),
        (_changed(frames.TICKER, best_bid_size="-1"), "best_bid_size must be a plain decimal number, not '-1'"),
    ],
)
def test_a_message_that_cannot_be_used_is_counted_and_said(frame: bytes, said: str) -> None:
    dialect, listener = _dialect()
    assert not dialect.frame(frame, 1, AT)
    (notice,) = listener.notices()
    assert notice.kind is NoticeKind.REFUSED
    assert said in notice.reason
    assert dialect.desk.counts == SpotCounts(refused=1)


@pytest.mark.parametrize("frame", [frames.MATCH, frames.TICKER])
def test_a_mutated_message_is_refused_or_read_as_an_independent_reader_reads_it(frame: bytes) -> None:
    accepted = 0
    for spoiled in mutated(frame, 1_000, seed=len(frame)):
        dialect, listener = _dialect()
        dialect.frame(spoiled, 1, AT)
        facts = _facts(listener)
        assert not (facts and dialect.desk.counts.refused)
        for one in facts:
            accepted += 1
            expected = frames.slowly(spoiled)
            assert one.venue_at == expected.pop("at")
            found = msgspec.to_builtins(one.payload)
            assert {name: found[name] for name in expected} == expected
    assert accepted
