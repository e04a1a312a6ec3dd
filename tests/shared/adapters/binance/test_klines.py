import asyncio

import httpx
import pytest

from shared.adapters.binance.klines import ROWS_MAX, History, Klines
from shared.adapters.polymarket.http import HttpRefused, PublicHttp
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND
from tests.exchange.clock import FakeTime

START_MS = 1_790_000_040_000
MINUTE_MS = 60_000


class Exchange(httpx.AsyncBaseTransport):
    """Serves a candle a minute, and refuses the hosts it is told to."""

    def __init__(self, refusing: tuple[str, ...] = (), status: int = 451) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._refusing = refusing
        self._status = status

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        self.asked.append((request.url.host, params))
        if request.url.host in self._refusing:
            return httpx.Response(self._status, json={"code": 0, "msg": "restricted location"})
        first, last, limit = int(params["startTime"]), int(params["endTime"]), int(params["limit"])
        opens = range(-(-first // MINUTE_MS) * MINUTE_MS, last + 1, MINUTE_MS)[:limit]
        return httpx.Response(200, json=[_row(at) for at in opens])

    def hosts(self) -> list[str]:
        return [host for host, _ in self.asked]


def _row(at: int) -> list[object]:
    return [at, "2.0", "4.0", "1.0", "3.0", "10.0", at + MINUTE_MS - 1, "25", 7, "5.0", "12", "0"]


def _history(
    exchange: Exchange, minutes: int, *, interval_s: int = 60, now_ms: int = 2 * START_MS, times: int = 1
) -> History:
    async def job() -> History:
        time = FakeTime()
        async with PublicHttp(clock=time.clock, sleep=time.sleep, jitter=lambda: 0.5, transport=exchange) as http:
            klines = Klines(http, lambda: now_ms * MILLISECOND)
            start, end = START_MS * MILLISECOND, (START_MS + minutes * MINUTE_MS) * MILLISECOND
            found = [await klines.between("BTC", interval_s, start, end) for _ in range(times)]
            return found[-1]

    return asyncio.run(job())


def test_a_long_span_is_read_page_by_page_without_a_hole() -> None:
    exchange = Exchange()
    history = _history(exchange, 2 * ROWS_MAX + 5)
    expected = [(START_MS + n * MINUTE_MS) * MILLISECOND for n in range(2 * ROWS_MAX + 5)]
    assert [one.opened_at for one in history.candles] == expected
    assert len(exchange.asked) == 3
    assert exchange.asked[0][1]["symbol"] == "BTCUSDT"
    assert exchange.asked[0][1]["interval"] == "1m"


def test_the_candle_of_the_present_minute_is_open() -> None:
    history = _history(Exchange(), 3, now_ms=START_MS + 2 * MINUTE_MS + 30_000)
    assert [one.closed for one in history.candles] == [True, True, False]


def test_a_refused_country_turns_to_the_data_host_and_stays_there() -> None:
    exchange = Exchange(refusing=("api.binance.com",))
    assert len(_history(exchange, 3, times=2).candles) == 3
    assert exchange.hosts() == ["api.binance.com", "data-api.binance.vision", "data-api.binance.vision"]


def test_two_refusals_are_said() -> None:
    exchange = Exchange(refusing=("api.binance.com", "data-api.binance.vision"))
    with pytest.raises(HttpRefused, match="answered 451"):
        _history(exchange, 3)
    assert len(exchange.asked) == 2


def test_another_refusal_turns_nowhere() -> None:
    exchange = Exchange(refusing=("api.binance.com",), status=400)
    with pytest.raises(HttpRefused, match="answered 400"):
        _history(exchange, 3)
    assert exchange.hosts() == ["api.binance.com"]


def test_an_interval_the_exchange_does_not_have_is_refused() -> None:
    with pytest.raises(BadInput, match="interval_s must be one of 1, 60, 300, 900, 3600, 14400, 86400, not 7"):
        _history(Exchange(), 3, interval_s=7)


def test_an_empty_span_asks_nothing() -> None:
    exchange = Exchange()
    assert _history(exchange, 0) == History(())
    assert exchange.asked == []
