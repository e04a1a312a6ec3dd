"""Gamma, the venue's catalogue: markets by slug, by id and page by page."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from urllib.parse import quote

from shared.adapters.polymarket.fields import decode_json, show
from shared.adapters.polymarket.gamma_market import GammaMarket, gamma_market
from shared.adapters.polymarket.http import GAMMA_API, HttpRefused, Params, PublicHttp, batches
from shared.adapters.polymarket.wire import Page, parse_page
from shared.domain.errors import BadInput, Temporary

SERVICE = "gamma"
IDS_MAX = 50
"""Ids per request; the key is repeated, a comma-joined list is not understood (polymarket.md 4.3)."""
LIMIT_MAX = 100
PAGES_MAX = 1000
NOT_FOUND = 404

Filters = Mapping[str, str | int | bool | Sequence[str]]


class Gamma:
    """Client of the catalogue. The venue caches its answers for five minutes; ``fresh=True`` asks past the cache.

    ``nonce`` is any nanosecond clock: it only has to change.
    """

    def __init__(self, http: PublicHttp, *, nonce: Callable[[], int], base_url: str = GAMMA_API) -> None:
        self._http = http
        self._nonce = nonce
        self._last_nonce = 0
        self._base_url = base_url.rstrip("/")

    async def market_by_slug(self, slug: str, *, fresh: bool = False) -> GammaMarket | None:
        """The market with this slug, open or closed; None when there is none; ``BadInput`` when it is unusable."""
        try:
            body = await self._get(f"/markets/slug/{quote(slug, safe='')}", [], fresh=fresh, route="/markets")
        except HttpRefused as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return gamma_market(decode_json(body))

    async def markets(
        self,
        *,
        condition_ids: Sequence[str] = (),
        clob_token_ids: Sequence[str] = (),
        closed: bool | None = None,
        fresh: bool = False,
    ) -> Page[GammaMarket]:
        """The markets with any of these ids, each once; unknown ids are simply absent.

        The catalogue leaves closed markets out unless asked, so ``closed=None`` asks for open and for closed ones.
        """
        found: dict[str, GammaMarket] = {}
        refused: list[str] = []
        states = (False, True) if closed is None else (closed,)
        for key, ids in (("condition_ids", condition_ids), ("clob_token_ids", clob_token_ids)):
            for batch in batches(ids, IDS_MAX):
                for state in states:
                    async for page in self.markets_keyset({key: batch, "closed": state}, fresh=fresh):
                        found.update((market.condition_id, market) for market in page.rows)
                        refused.extend(page.refused)
        return Page(tuple(found.values()), tuple(refused))

    async def markets_keyset(
        self,
        filters: Filters | None = None,
        *,
        limit: int = LIMIT_MAX,
        after_cursor: str | None = None,
        pages_max: int = PAGES_MAX,
        fresh: bool = False,
    ) -> AsyncGenerator[Page[GammaMarket], None]:
        """Pages of the catalogue under the venue's own filters (``closed``, ``tag_slug``, ``slug``, ``order`` ...)."""
        if not 1 <= limit <= LIMIT_MAX:
            raise BadInput(f"limit must lie between 1 and {LIMIT_MAX}, not {limit}")
        params = [*_spread(filters or {}), ("limit", str(limit))]
        cursor, seen = after_cursor, set[str]()
        first = ""
        for _ in range(pages_max):
            sent = params if cursor is None else [*params, ("after_cursor", cursor)]
            page = parse_page(await self._get("/markets/keyset", sent, fresh=fresh), gamma_market, key="markets")
            head = page.rows[0].condition_id if page.rows else ""
            if head and head == first:
                raise Temporary(f"/markets/keyset: cursor {show(cursor)} answered the first page again")
            first = first or head
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                raise Temporary(f"/markets/keyset: cursor {show(cursor)} came back a second time")
            seen.add(cursor)
        raise Temporary(f"/markets/keyset: more than {pages_max} pages, the rest is left out")

    async def _get(self, path: str, params: Params, *, fresh: bool, route: str = "") -> bytes:
        if fresh:
            self._last_nonce = max(self._last_nonce + 1, self._nonce())
            params = [*params, ("_", str(self._last_nonce))]
        return await self._http.get(SERVICE, self._base_url, path, params, route=route)


def _spread(filters: Filters) -> list[tuple[str, str]]:
    """Filters as repeated keys; booleans as the venue writes them."""
    spread: list[tuple[str, str]] = []
    for name, value in filters.items():
        if isinstance(value, bool):
            spread.append((name, str(value).lower()))
        elif isinstance(value, str | int):
            spread.append((name, str(value)))
        else:
            spread.extend((name, item) for item in value)
    return spread
