"""What the local venue knows: activity rows that appear over time, markets, books; and its routes over them."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Wire = dict[str, Any]
Answer = tuple[int, object]
Query = list[tuple[str, str]]

_TRADE_HIDDEN = ("type", "usdc_size")
_PAGING = ("limit", "cursor", "after_cursor", "_")
_CAMEL = {"conditionId": "condition_id", "condition": "condition_id", "takerOnly": "taker_only"}
DATA_LIMIT_MAX = 1000
GAMMA_LIMIT_MAX = 100
GAMMA_IDS_MAX = 100
BOOKS_MAX = 500


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One activity row in v2 wire form, when the API begins to show it, and its place in the venue's log."""

    row: Wire
    visible_at_s: float
    sequence: int
    maker: bool

    @property
    def key(self) -> tuple[int, int]:
        """Order of the feed: time, then arrival."""
        return self.row["timestamp"], self.sequence


@dataclass
class Content:
    """The venue's data. ``clock`` answers epoch seconds and decides which rows are visible."""

    clock: Callable[[], float]
    rows: list[StoredRow] = field(default_factory=list)
    markets: list[Wire] = field(default_factory=list)
    books: dict[str, Wire] = field(default_factory=dict)
    book_of: Callable[[str], Wire | None] | None = None
    """Asked for the book of a token that ``books`` does not hold."""
    skew_s: float = 0.0
    """How far the venue's own clock, as told by GET /time, is ahead."""
    leaderboard: list[Wire] = field(default_factory=list)
    positions: dict[str, list[Wire]] = field(default_factory=dict)
    holders: dict[str, list[Wire]] = field(default_factory=dict)
    ignore_cursors: bool = False
    """Answer page one whatever cursor is sent, as Gamma does for a misnamed parameter."""
    ignore_window: bool = False
    """Answer rows outside start and end too."""
    cursor_salt: str = ""
    """Changes every cursor without changing what it means."""

    def add_rows(self, rows: Sequence[Mapping[str, Any]], *, visible_at_s: float = 0.0, maker: bool = False) -> None:
        """Append activity rows (v2 wire form), shown from ``visible_at_s`` on."""
        for row in rows:
            self.rows.append(StoredRow(dict(row), visible_at_s, len(self.rows), maker))

    def answer(self, service: str, path: str, query: Query, body: bytes) -> Answer:
        """Status and JSON of one request."""
        if service == "data":
            return self._data(path, query)
        if service == "gamma":
            return self._gamma(path, query)
        return self._clob(path, query, body)

    def _data(self, path: str, query: Query) -> Answer:
        asked = {_CAMEL.get(name, name): value for name, value in query}
        if path == "/v2/status":
            return 200, {"data": {"trades": {"last_timestamp": int(self.clock())}}}
        sources: dict[str, Callable[[dict[str, str]], list[tuple[Any, Wire]] | str]] = {
            "/v2/activity": self._activity,
            "/v2/trades": self._trades,
            "/v2/leaderboard": lambda asked: _numbered(self.leaderboard),
            "/v2/positions": lambda asked: _numbered(self.positions.get(asked.get("user", ""), [])),
            "/v2/holders": lambda asked: _numbered(self.holders.get(asked.get("condition_id", ""), [])),
        }
        source = sources.get(path)
        if source is None:
            return 404, {"error": "not found"}
        found = source(asked)
        if isinstance(found, str):
            return 400, {"error": found}
        limit = asked.get("limit", "100")
        if not limit.isdigit() or not 1 <= int(limit) <= DATA_LIMIT_MAX:
            return 400, {"error": f"limit {limit} is out of range"}
        return self._page(asked, found, int(limit))

    def _page(self, asked: dict[str, str], found: list[tuple[Any, Wire]], limit: int) -> Answer:
        """Rows after the cursor; the cursor names the last row and the filters it belongs to."""
        filters = _fingerprint(asked) + self.cursor_salt
        cursor = asked.get("cursor")
        if cursor is not None and not self.ignore_cursors:
            after, of = _decode_cursor(cursor)
            if of != filters:
                return 400, {"error": "cursor does not belong to these filters"}
            found = [(key, row) for key, row in found if key < after]
        page = found[:limit]
        more = len(found) > limit
        token = _encode_cursor(page[-1][0], filters) if more else None
        return 200, {"data": [row for _, row in page], "pagination": {"next_cursor": token, "has_more": more}}

    def _visible(self, asked: dict[str, str], *, use_window: bool) -> list[StoredRow]:
        now = self.clock()
        rows = self.rows
        for name, wanted in (("user", "proxy_wallet"), ("condition_id", "condition_id"), ("side", "side")):
            if name in asked:
                values = (asked[name], asked[name].lower())
                rows = [stored for stored in rows if stored.row.get(wanted) in values]
        rows = [stored for stored in rows if stored.visible_at_s <= now]
        if use_window and not self.ignore_window:
            start, end = int(asked.get("start", 0)), int(asked.get("end", 10**12))
            rows = [stored for stored in rows if start <= stored.row["timestamp"] <= end]
        return rows

    def _activity(self, asked: dict[str, str]) -> list[tuple[Any, Wire]] | str:
        if not asked.get("user"):
            return "user is required"
        types = [kind for kind in asked.get("type", "").split(",") if kind]
        rows = self._visible(asked, use_window=True)
        chosen = [stored for stored in rows if not types or stored.row.get("type") in types]
        return [(stored.key, stored.row) for stored in sorted(chosen, key=lambda stored: stored.key, reverse=True)]

    def _trades(self, asked: dict[str, str]) -> list[tuple[Any, Wire]] | str:
        rows = self._visible(asked, use_window="user" in asked)
        if asked.get("taker_only", "true") == "true":
            rows = [stored for stored in rows if not stored.maker]
        trades = [stored for stored in rows if stored.row.get("type") == "TRADE"]
        trades.sort(key=lambda stored: stored.key, reverse=True)
        hidden = _TRADE_HIDDEN
        return [(stored.key, {k: v for k, v in stored.row.items() if k not in hidden}) for stored in trades]

    def _gamma(self, path: str, query: Query) -> Answer:
        if path.startswith("/markets/slug/"):
            slug = path.removeprefix("/markets/slug/")
            found = [market for market in self.markets if market["slug"] == slug]
            return (200, found[0]) if found else (404, {"type": "not found error", "error": "slug not found"})
        if path not in ("/markets/keyset", "/markets"):
            return 404, {"error": "not found"}
        asked = dict(query)
        chosen = self._chosen_markets(query)
        if isinstance(chosen, str):
            return 422, {"type": "validation error", "error": chosen}
        limit = min(int(asked.get("limit", "20")), GAMMA_LIMIT_MAX)
        if path == "/markets":
            return 200, chosen[:limit]
        start = 0
        if "after_cursor" in asked and not self.ignore_cursors:
            start = int(_decode_cursor(asked["after_cursor"])[0])
        page: Wire = {"markets": chosen[start : start + limit]}
        if start + limit < len(chosen):
            page["next_cursor"] = _encode_cursor(start + limit, "")
        return 200, page

    def _chosen_markets(self, query: Query) -> list[Wire] | str:
        """Filters of the catalogue: repeated keys; closed markets only when asked for."""
        closed = dict(query).get("closed", "false") == "true"
        chosen = [market for market in self.markets if bool(market.get("closed")) == closed]
        for name in ("condition_ids", "clob_token_ids", "slug"):
            wanted = {value for key, value in query if key == name}
            if len(wanted) > GAMMA_IDS_MAX:
                return f"{name} accepts at most {GAMMA_IDS_MAX} values"
            if wanted:
                chosen = [market for market in chosen if wanted & _names(market, name)]
        return chosen

    def _clob(self, path: str, query: Query, body: bytes) -> Answer:
        if path == "/ok":
            return 200, "OK"
        if path == "/time":
            return 200, int(self.clock() + self.skew_s)
        if path == "/book":
            book = self._book(dict(query).get("token_id", ""))
            missing = {"error": "No orderbook exists for the requested token id"}
            return (404, missing) if book is None else (200, book)
        if path == "/books":
            tokens = [item["token_id"] for item in json.loads(body or b"[]")]
            if len(tokens) > BOOKS_MAX:
                return 400, {"error": "Too many tokens in payload"}
            return 200, [book for token in tokens if (book := self._book(token)) is not None]
        return 404, {"error": "not found"}

    def _book(self, token: str) -> Wire | None:
        if token in self.books or self.book_of is None:
            return self.books.get(token)
        return self.book_of(token)


def _names(market: Wire, filter_name: str) -> set[str]:
    if filter_name == "condition_ids":
        return {market["conditionId"]}
    return {market["slug"]} if filter_name == "slug" else set(json.loads(market.get("clobTokenIds") or "[]"))


def _numbered(rows: Sequence[Wire]) -> list[tuple[Any, Wire]]:
    return [((-place, 0), row) for place, row in enumerate(rows)]


def _fingerprint(asked: Mapping[str, str]) -> str:
    filters = sorted((name, value) for name, value in asked.items() if name not in _PAGING)
    return hashlib.sha256(json.dumps(filters).encode()).hexdigest()[:12]


def _encode_cursor(after: object, filters: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, filters]).encode()).decode()


def _decode_cursor(cursor: str) -> tuple[Any, str]:
    after, filters = json.loads(base64.urlsafe_b64decode(cursor))
    return tuple(after) if isinstance(after, list) else after, filters
