"""The public data API, version 2: what wallets did, hold and earned; pages are followed by cursor, never by offset.

Every request carries a changing dummy parameter, because the venue's cache answers by address alone and is up
to five minutes stale otherwise (polymarket.md 4.4).
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Literal, TypeVar

from shared.adapters.polymarket.fields import decode_json, show
from shared.adapters.polymarket.http import DATA_API, PublicHttp
from shared.adapters.polymarket.wire import (
    TRADE,
    ActivityRow,
    HolderRow,
    LeaderRow,
    Page,
    PositionRow,
    activity_row,
    holder_row,
    holders_of,
    leader_row,
    parse_page,
    position_row,
)
from shared.domain.errors import BadInput, Temporary

Row = TypeVar("Row")
Period = Literal["day", "week", "month", "all"]
SortBy = Literal["PNL", "VOLUME"]

SERVICE = "data"
LIMIT_MAX = 1000
"""Rows per page that the venue grants (polymarket.md 4.4)."""
PAGES_MAX = 200
_REPEAT_ROWS_MIN = 10

Raw = list[tuple[str, str]]


class DataApi:
    """Client of the data API; ``nonce`` is any nanosecond clock, it only has to change."""

    def __init__(self, http: PublicHttp, *, nonce: Callable[[], int], base_url: str = DATA_API) -> None:
        self._http = http
        self._nonce = nonce
        self._last_nonce = 0
        self._base_url = base_url.rstrip("/")

    def activity(
        self,
        user: str,
        types: Sequence[str] = (),
        start: int | None = None,
        end: int | None = None,
        *,
        limit: int = 500,
        pages_max: int = PAGES_MAX,
    ) -> AsyncGenerator[Page[ActivityRow], None]:
        """Pages of a wallet's activity, newest first; ``start`` and ``end`` are inclusive epoch seconds.

        No types means all of them, known or not. Without ``start`` the venue chooses its own window (1 = everything).
        """
        params = _params(
            user=user.lower(),
            type=",".join(types),
            sort_direction="DESC",
            start=start,
            end=end,
            limit=_limit(limit),
        )
        return self._pages("/v2/activity", params, activity_row, pages_max=pages_max)

    def trades(
        self,
        user: str | None = None,
        condition: str | None = None,
        *,
        taker_only: bool = False,
        side: str | None = None,
        start: int | None = None,
        end: int | None = None,
        limit: int = 500,
        pages_max: int = PAGES_MAX,
    ) -> AsyncGenerator[Page[ActivityRow], None]:
        """Pages of executed trades of a wallet, of a market or of everyone, newest first.

        The venue honours ``start`` and ``end`` only together with a wallet, and by default leaves makers out.
        """
        if user is None and (start is not None or end is not None):
            raise BadInput(f"start {start} and end {end} need a user")
        params = _params(
            user=user and user.lower(),
            condition_id=condition,
            side=side,
            taker_only=taker_only,
            start=start,
            end=end,
            limit=_limit(limit),
        )
        return self._pages("/v2/trades", params, activity_row, pages_max=pages_max)

    async def fetch_recent(
        self, user: str, since_s: int, *, types: Sequence[str] = (TRADE,), limit: int = 500
    ) -> Page[ActivityRow]:
        """A wallet's activity at or after ``since_s`` (epoch seconds), oldest first, in as many requests as needed."""
        rows: list[ActivityRow] = []
        refused: list[str] = []
        async with aclosing(self.activity(user, types, max(1, since_s), limit=limit)) as pages:
            async for page in pages:
                rows.extend(row for row in page.rows if row.timestamp_s >= since_s)
                refused.extend(page.refused)
                if any(row.timestamp_s < since_s for row in page.rows):
                    break
        return Page(tuple(reversed(rows)), tuple(refused))

    async def leaderboard(self, period: Period = "month", sort_by: SortBy = "PNL", limit: int = 50) -> Page[LeaderRow]:
        """The first ``limit`` places of the public leaderboard."""
        rows: list[LeaderRow] = []
        refused: list[str] = []
        params = _params(time_period=period, sort_by=sort_by, limit=_limit(limit))
        async with aclosing(self._pages("/v2/leaderboard", params, leader_row)) as pages:
            async for page in pages:
                rows.extend(page.rows)
                refused.extend(page.refused)
                if len(rows) >= limit:
                    break
        return Page(tuple(rows[:limit]), tuple(refused))

    def positions(self, user: str, *, limit: int = 500) -> AsyncGenerator[Page[PositionRow], None]:
        """Pages of a wallet's positions."""
        params = _params(user=user.lower(), limit=_limit(limit))
        return self._pages("/v2/positions", params, position_row)

    def holders(self, condition: str, *, limit: int = 500) -> AsyncGenerator[Page[HolderRow], None]:
        """Pages of the holders of a market's tokens."""
        params = _params(condition_id=condition, limit=_limit(limit))
        return self._pages("/v2/holders", params, holder_row, expand=holders_of)

    async def status(self) -> Mapping[str, object]:
        """The venue's own statement about its freshness, undecoded (its fields are not documented)."""
        decoded = decode_json(await self._get("/v2/status", []))
        if not isinstance(decoded, Mapping):
            raise BadInput(f"/v2/status must answer an object, not {show(decoded)}")
        inner = decoded.get("data", decoded)
        return inner if isinstance(inner, Mapping) else decoded

    async def _get(self, path: str, params: Raw) -> bytes:
        self._last_nonce = max(self._last_nonce + 1, self._nonce())
        return await self._http.get(SERVICE, self._base_url, path, [*params, ("_", str(self._last_nonce))])

    async def _pages(
        self,
        path: str,
        params: Raw,
        decode: Callable[[object], Row],
        *,
        expand: Callable[[object], Iterable[object]] | None = None,
        pages_max: int = PAGES_MAX,
    ) -> AsyncGenerator[Page[Row], None]:
        """Every page until the venue says there is no more; the filters are sent again with each cursor."""
        cursor: str | None = None
        seen: set[str] = set()
        before: tuple[Row, ...] = ()
        for _ in range(pages_max):
            sent = params if cursor is None else [*params, ("cursor", cursor)]
            page = parse_page(await self._get(path, sent), decode, expand=expand)
            if _is_repeat(page.rows, before):
                raise Temporary(f"{path}: cursor {show(cursor)} answered the page before it again")
            yield page
            cursor, before = page.next_cursor, page.rows
            if cursor is None:
                return
            if cursor in seen:
                raise Temporary(f"{path}: cursor {show(cursor)} came back a second time")
            seen.add(cursor)
        raise Temporary(f"{path}: more than {pages_max} pages, the rest is left out")


def _is_repeat(rows: tuple[Row, ...], before: tuple[Row, ...]) -> bool:
    """Whether the venue answered the page before again; a few rows, or equal fills only, may lawfully look so."""
    return len(rows) >= _REPEAT_ROWS_MIN and rows == before and rows[0] != rows[-1]


def _limit(limit: int) -> int:
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(f"limit must lie between 1 and {LIMIT_MAX}, not {limit}")
    return limit


def _params(**values: str | int | bool | None) -> Raw:
    """Query parameters in a fixed order without the absent ones; booleans as the venue writes them."""
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in values.items()
        if value is not None and value != ""
    ]
