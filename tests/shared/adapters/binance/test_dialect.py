import msgspec
import pytest

from shared.adapters.binance.dialect import STREAMS, BinanceDialect, Wishes
from shared.adapters.spot.desk import SpotCounts
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import NoticeKind, SpotBook, SpotCandle, SpotTrade
from tests.shared.adapters.binance import frames
from tests.shared.adapters.sockets.fakes import Listener
from tests.shared.adapters.spot.mutations import mutated

AT = 1_790_000_000 * SECOND


def _dialect(
    data_url: str = "wss://data", symbols: tuple[str, ...] = ("BTC",)
) -> tuple[BinanceDialect, Listener, Wishes]:
    listener, wishes = Listener(), Wishes()
    return BinanceDialect("wss://usual", data_url, symbols, listener, lambda: AT, wishes), listener, wishes


def test_the_address_names_every_stream_of_every_symbol() -> None:
    dialect, _, _ = _dialect(symbols=("BTC", "ETH"))
    host, _, streams = dialect.url().partition("/stream?streams=")
    assert host == "wss://usual"
    assert streams.split("/") == [f"{coin}usdt@{stream}" for coin in ("btc", "eth") for stream in STREAMS]
    assert not dialect.hello()


def test_every_documented_frame_becomes_its_fact() -> None:
    dialect, listener, _ = _dialect()
    assert [dialect.frame(frame, 3, AT + n) for n, frame in enumerate(frames.SOUND)] == [True] * 4
    said = listener.heard
    assert [type(one.payload) for one in said] == [SpotTrade, SpotBook, SpotBook, SpotCandle]
    assert {one.source for one in said} == {"binance"}
    assert [one.received_at for one in said] == [AT, AT + 1, AT + 2, AT + 3]
    happened = 1672515782136 * MILLISECOND
    # Neither book stream tells a time: the moment of arrival stands for it.
    assert [one.venue_at for one in said] == [happened, AT + 1, AT + 2, happened]


def test_two_connections_side_by_side_tell_everything_once() -> None:
    dialect, listener, _ = _dialect()
    closed = frames.KLINE_SOUND.replace(b'"x":false', b'"x":true')
    for connection in (1, 2):
        for frame in (frames.AGG_TRADE, frames.BOOK_TICKER, frames.DEPTH, closed):
            assert dialect.frame(frame, connection, AT)
    assert len(listener.heard) == 4
    assert dialect.desk.counts.repeated == 1


def test_a_jump_of_trade_numbers_is_a_gap_with_its_size() -> None:
    dialect, listener, _ = _dialect()
    dialect.frame(frames.agg_trade(100), 1, AT)
    dialect.frame(frames.agg_trade(104), 1, AT)
    (notice,) = listener.notices()
    assert (notice.kind, notice.reason) == (NoticeKind.GAP, "3 trades of BTC are missing, from number 101")
    assert dialect.desk.counts.missing == 3


def test_a_price_jump_is_flagged_and_the_trade_is_told() -> None:
    dialect, listener, _ = _dialect()
    dialect.frame(frames.agg_trade(1, "100"), 1, AT)
    dialect.frame(frames.agg_trade(2, "106"), 1, AT)
    assert [one.reason for one in listener.notices()] == ["price jump: BTC from 100 to 106 within 1 s"]
    assert dialect.desk.counts.trades == 2


def test_digits_beyond_the_millionth_are_said_once_per_symbol() -> None:
    dialect, listener, _ = _dialect()
    for number in range(3):
        dialect.frame(frames.agg_trade(number, "100.00000001"), 1, AT)
    (notice,) = listener.notices()
    assert notice.kind is NoticeKind.DROPPED
    assert dialect.desk.counts.cut == 3


def test_a_country_refused_turns_to_the_data_host_once_and_then_gives_up() -> None:
    dialect, listener, wishes = _dialect()
    assert "refuses this country (451)" in dialect.refused(451)
    assert dialect.url().startswith("wss://data/stream?")
    assert [one.kind for one in listener.notices()] == [NoticeKind.FALLBACK]
    assert not wishes.changed.is_set()
    assert "on every host we know" in dialect.refused(403)
    assert wishes.shut_out
    assert wishes.changed.is_set()
    dialect.start_over()
    assert dialect.url().startswith("wss://usual/stream?")
    dialect.refused(451)
    assert len(listener.notices()) == 1


def test_other_refusals_change_nothing() -> None:
    dialect, _, wishes = _dialect()
    assert dialect.refused(502) == "the upgrade was answered 502"
    assert dialect.url().startswith("wss://usual/")
    assert not wishes.shut_out


@pytest.mark.parametrize("frame", [frames.SHUTDOWN, frames.BARE_SHUTDOWN, frames.NESTED_SHUTDOWN])
def test_a_server_about_to_leave_is_a_wish_for_another(frame: bytes) -> None:
    dialect, listener, wishes = _dialect()
    assert not dialect.frame(frame, 4, AT)
    assert not dialect.frame(frame, 4, AT)
    assert wishes.leaving == {4: None}
    assert wishes.changed.is_set()
    assert len(listener.notices()) == 1
    dialect.closed(4, "gone")
    assert wishes.leaving == {}


def test_an_acknowledgement_is_no_data_and_no_fault() -> None:
    dialect, listener, _ = _dialect()
    assert not dialect.frame(frames.ACKNOWLEDGED, 1, AT)
    assert listener.heard == []
    assert dialect.desk.counts == SpotCounts(ignored=1)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":1}', "Binance refuses a request"),
        (b'{"code":2,"msg":"Invalid request","id":1}', "Binance refuses a request: 'Invalid request' (code 2)"),
        (b'{"stream":"btcusdt@miniTicker","data":{}}', "stream must be one we asked for, not 'btcusdt@miniTicker'"),
        (b"<html>", "frame is unusable"),
        (b"\xff\xfe", "frame is unusable"),
        (b"", "frame is unusable"),
        (b"[" * 100_000, "frame is unusable"),
    ],
)
def test_a_frame_that_cannot_be_used_is_counted_and_said(frame: bytes, said: str) -> None:
    dialect, listener, _ = _dialect()
    assert not dialect.frame(frame, 1, AT)
    (notice,) = listener.notices()
    assert notice.kind is NoticeKind.REFUSED
    assert said in notice.reason
    assert dialect.desk.counts == SpotCounts(refused=1)
    assert dialect.frame(frames.AGG_TRADE, 1, AT)


def test_symbols_wished_for_while_the_connection_was_made_are_asked_for_at_once() -> None:
    dialect, _, _ = _dialect()
    dialect.url()
    dialect.follow(("BTC", "SOL"))
    (hello,) = dialect.hello()
    assert msgspec.json.decode(hello)["method"] == "SUBSCRIBE"
    assert "solusdt@aggTrade" in msgspec.json.decode(hello)["params"]


def test_following_other_symbols_names_what_to_subscribe_and_what_to_leave() -> None:
    dialect, listener, _ = _dialect(symbols=("BTC", "ETH"))
    wanted, unwanted = dialect.follow(("ETH", "SOL"))
    assert wanted == [f"solusdt@{stream}" for stream in STREAMS]
    assert unwanted == [f"btcusdt@{stream}" for stream in STREAMS]
    assert not dialect.frame(frames.AGG_TRADE, 1, AT)  # still on its way
    assert listener.heard == []
    assert dialect.desk.counts == SpotCounts(ignored=1)


def test_states_that_are_not_newer_are_counted_and_left_out() -> None:
    dialect, listener, _ = _dialect()
    for connection in (1, 2):
        assert dialect.frame(frames.BOOK_TICKER, connection, AT)
        assert dialect.frame(frames.KLINE_SOUND.replace(b'"x":false', b'"x":true'), connection, AT)
    assert len(listener.heard) == 2
    assert dialect.desk.counts == SpotCounts(facts=2, older=2)


@pytest.mark.parametrize("frame", frames.SOUND)
def test_a_mutated_frame_is_refused_or_read_as_an_independent_reader_reads_it(frame: bytes) -> None:
    accepted = 0
    for spoiled in mutated(frame, 500, seed=len(frame)):
        dialect, listener, _ = _dialect()
        was_data = dialect.frame(spoiled, 1, AT)
        facts = [one for one in listener.heard if isinstance(one.payload, SpotTrade | SpotBook | SpotCandle)]
        assert dialect.desk.counts.refused + len(facts) + (not was_data) >= 1
        assert not (facts and dialect.desk.counts.refused)
        for one in facts:
            accepted += 1
            expected = frames.slowly(spoiled)
            at = expected.pop("at", one.venue_at)
            found = msgspec.to_builtins(one.payload)
            assert {name: found[name] for name in expected} == expected
            assert one.venue_at == at
    assert accepted
