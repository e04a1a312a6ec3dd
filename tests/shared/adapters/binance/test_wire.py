import json

import msgspec
import pytest

from shared.adapters.binance import wire
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND
from shared.domain.messages import SpotBook, SpotCandle, SpotTrade
from shared.domain.order import Side
from tests.shared.adapters.binance import frames


def _data(frame: bytes, **changed: object) -> msgspec.Raw:
    data = json.loads(frame)["data"]
    return msgspec.Raw(json.dumps({**data, **changed}).encode())


def test_an_aggregate_trade_is_an_exact_trade_of_the_aggressor() -> None:
    assert wire.trade("BTC", "BTCUSDT", _data(frames.AGG_TRADE)) == wire.Trade(
        SpotTrade("BTC", Side.SELL, 1_000, 100_000_000, 12345), 1672515782136 * MILLISECOND, cut=False
    )
    assert wire.trade("BTC", "BTCUSDT", _data(frames.AGG_TRADE, m=False)).fact.side is Side.BUY


def test_a_book_ticker_is_a_book_of_one_level() -> None:
    assert wire.ticker("BTC", "BTCUSDT", _data(frames.BOOK_TICKER)) == wire.Book(
        SpotBook("BTC", ((25_351_900, 31_210_000),), ((25_365_200, 40_660_000),)), 400900217, cut=False
    )


def test_a_depth_frame_keeps_every_level_in_order() -> None:
    assert wire.depth("BTC", _data(frames.DEPTH)) == wire.Book(
        SpotBook("BTC", ((2_400, 10_000_000), (2_300, 5_500_000)), ((2_600, 100_000_000), (2_700, 7_000_000))),
        160,
        cut=False,
    )


def test_a_level_without_a_size_of_a_millionth_is_none() -> None:
    book = wire.depth("BTC", _data(frames.DEPTH, bids=[["0.0024", "0.0000009"], ["0.0023", "1"]]))
    assert book.fact.bids == ((2_300, 1_000_000),)
    assert book.cut


def test_levels_that_differ_beyond_the_millionth_are_one() -> None:
    book = wire.depth("BTC", _data(frames.DEPTH, bids=[["0.1600009", "1"], ["0.1600001", "2"]], asks=[["0.17", "1"]]))
    assert book.fact.bids == ((160_000, 3_000_000),)


def test_a_candle_is_exact_and_open_until_closed() -> None:
    assert wire.candle("BTC", "BTCUSDT", _data(frames.KLINE_SOUND)) == wire.Candle(
        SpotCandle(
            "BTC", 1, 1672515780000 * MILLISECOND, 1_600, 2_500, 1_500, 2_000, 1_000_000_000, 500_000_000, 100, False
        ),
        1672515782136 * MILLISECOND,
        cut=False,
    )


def test_the_candle_of_the_documentation_contradicts_itself_and_is_refused() -> None:
    with pytest.raises(BadInput, match="contradict each other: 1000, 2500, 1500, 2000"):
        wire.candle("BTC", "BTCUSDT", _data(frames.KLINE))


def test_digits_beyond_the_millionth_are_cut_and_said() -> None:
    trade = wire.trade("BTC", "BTCUSDT", _data(frames.AGG_TRADE, p="0.0000019", q="1.00000199"))
    assert (trade.fact.price, trade.fact.size, trade.cut) == (1, 1_000_001, True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"s": "ETHUSDT"}, "s must be BTCUSDT, as its stream says, not 'ETHUSDT'"),
        ({"p": "0"}, "p must be at least a millionth, not '0'"),
        ({"p": "-1"}, "p must be a plain decimal number, not '-1'"),
        ({"p": 1.5}, "aggTrade is unusable"),
        ({"q": "0.0000001"}, "q must be at least a millionth"),
        ({"a": -1}, "a \\(the trade's number\\) must not be negative, not -1"),
        ({"T": 1672515782136000}, "T is not a time in milliseconds: 1672515782136000"),
        ({"T": 0}, "T is not a time in milliseconds: 0"),
        ({"m": 1}, "aggTrade is unusable"),
    ],
)
def test_an_unusable_trade_is_refused_by_field_and_value(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        wire.trade("BTC", "BTCUSDT", _data(frames.AGG_TRADE, **changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bids": [["0.0026", "1"]]}, "the book is crossed: bid '0.0026', ask '0.0026'"),
        ({"bids": [["0.0023", "1"], ["0.0024", "1"]]}, "bids must fall from level to level"),
        ({"asks": [["0.0026", "1"], ["0.0026", "1"]]}, "asks must rise from level to level"),
        ({"asks": [["1", "1"]] * 21}, "asks must have at most 20 levels, not 21"),
        ({"bids": [["x", "1"]]}, "price of bids must be a plain decimal number, not 'x'"),
        ({"bids": [["0.0024"]]}, "depth is unusable"),
        ({"lastUpdateId": -5}, "the book's update number must not be negative, not -5"),
    ],
)
def test_an_unusable_book_is_refused_by_field_and_value(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        wire.depth("BTC", _data(frames.DEPTH, **changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"i": "1m"}, "i \\(the candle's interval\\) must be 1s, not '1m'"),
        ({"s": "ETHUSDT"}, "s must be BTCUSDT"),
        ({"V": "1000.5"}, "V \\(bought\\) must not be above v \\(volume\\): '1000.5', '1000'"),
        ({"n": -1}, "n \\(trades of a candle\\) must not be negative, not -1"),
        ({"t": 1672519380000}, "t \\(the candle's opening\\) must lie shortly before E"),
    ],
)
def test_an_unusable_candle_is_refused_by_field_and_value(changed: dict[str, object], said: str) -> None:
    k = {**json.loads(frames.KLINE_SOUND)["data"]["k"], **changed}
    with pytest.raises(BadInput, match=said):
        wire.candle("BTC", "BTCUSDT", _data(frames.KLINE_SOUND, k=k))


def test_rows_of_the_past_are_candles_and_a_bad_one_costs_only_itself() -> None:
    good = [1672515780000, "2", "4", "1", "3", "10", 1672515839999, "25", 7, "5", "12", "0"]
    wrong = [*good[:2], "0.5", *good[3:]]
    body = json.dumps([good, wrong, ["x"]]).encode()
    found, refused = wire.candles("BTC", 60, body, now_ms=1672515840000)
    assert found == [
        SpotCandle(
            "BTC",
            60,
            1672515780000 * MILLISECOND,
            2_000_000,
            4_000_000,
            1_000_000,
            3_000_000,
            10_000_000,
            5_000_000,
            7,
            True,
        )
    ]
    assert [one.partition(":")[0] for one in refused] == ["row 1", "row 2"]
    still_open, _ = wire.candles("BTC", 60, json.dumps([good]).encode(), now_ms=1672515839999)
    assert not still_open[0].closed


def test_a_body_that_is_no_list_of_rows_is_refused() -> None:
    with pytest.raises(BadInput, match="klines is unusable"):
        wire.candles("BTC", 60, b'{"code":-1121,"msg":"Invalid symbol."}', now_ms=0)


@pytest.mark.parametrize("frame", [frames.SHUTDOWN, frames.BARE_SHUTDOWN, frames.NESTED_SHUTDOWN])
def test_a_shutdown_is_known_in_every_wrapping(frame: bytes) -> None:
    assert wire.is_shutdown(wire.envelope(frame))


@pytest.mark.parametrize("frame", [*frames.SOUND, frames.ACKNOWLEDGED])
def test_nothing_else_is_a_shutdown(frame: bytes) -> None:
    assert not wire.is_shutdown(wire.envelope(frame))
