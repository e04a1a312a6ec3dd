"""Candles of the past over Binance's REST interface, for back-filling what no stream brought (polymarket.md 7).

Pages are asked for one after the other, which by itself stays far below the limit of 3,000 such requests a minute.
"""

from collections.abc import Callable

from msgspec import Struct

from shared.adapters.binance.wire import candles
from shared.adapters.polymarket.http import HttpRefused, PublicHttp
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import SpotCandle

URL = "https://api.binance.com"
DATA_URL = "https://data-api.binance.vision"
PATH = "/api/v3/klines"
ROWS_MAX = 1000
INTERVALS = {1: "1s", 60: "1m", 300: "5m", 900: "15m", 3600: "1h", 14_400: "4h", 86_400: "1d"}
_GEOGRAPHIC = (403, 451)


class History(Struct, frozen=True):
    """Candles oldest first, and a sentence for every row that was unusable."""

    candles: tuple[SpotCandle, ...]
    refused: tuple[str, ...] = ()


class Klines:
    """``clock`` tells nanoseconds UTC. ``host`` is where the next request goes."""

    def __init__(self, http: PublicHttp, clock: Callable[[], int], *, url: str = URL, data_url: str = DATA_URL) -> None:
        self._http = http
        self._clock = clock
        self._data_url = data_url
        self.host = url

    async def between(self, symbol: str, interval_s: int, start: int, end: int) -> History:
        """Candles that open in [start, end), in nanoseconds UTC.

        ``BadInput`` for an interval the exchange does not have or a body that is no list of candles, ``HttpRefused``
        when both hosts refuse, ``Temporary`` when nobody answers.
        """
        name = INTERVALS.get(interval_s)
        if name is None:
            raise BadInput(f"interval_s must be one of {', '.join(map(str, INTERVALS))}, not {interval_s}")
        good: list[SpotCandle] = []
        bad: list[str] = []
        start_ms, end_ms = -(-start // MILLISECOND), -(-end // MILLISECOND)
        while start_ms < end_ms:
            body = await self._page(f"{symbol}USDT", name, start_ms, end_ms - 1)
            page, refused = candles(symbol, interval_s, body, self._clock() // MILLISECOND)
            good += [one for one in page if start_ms * MILLISECOND <= one.opened_at < end_ms * MILLISECOND]
            bad += refused
            if len(page) + len(refused) < ROWS_MAX or not page:
                break
            start_ms = max(start_ms, page[-1].opened_at // MILLISECOND) + interval_s * SECOND // MILLISECOND
        return History(tuple(good), tuple(bad))

    async def _page(self, pair: str, interval: str, start_ms: int, end_ms: int) -> bytes:
        params = [
            ("symbol", pair),
            ("interval", interval),
            ("startTime", str(start_ms)),
            ("endTime", str(end_ms)),
            ("limit", str(ROWS_MAX)),
        ]
        try:
            return await self._http.get("binance", self.host, PATH, params)
        except HttpRefused as error:
            if error.status not in _GEOGRAPHIC or self.host == self._data_url:
                raise
        self.host = self._data_url  # for good: our country does not change by the minute
        return await self._http.get("binance", self.host, PATH, params)
