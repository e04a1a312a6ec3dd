"""Rows of the public data API as the venue writes them (v2 snake_case, legacy v1 camelCase), in our units.

A malformed row is refused with one sentence and the rest of its page is kept; only a body that is not a page
at all raises.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

import msgspec

from shared.adapters.polymarket.fields import Fields, decode_json, show
from shared.domain.errors import BadInput
from shared.domain.money import MICRO_MAX, ONE, format_micro, value

Row = TypeVar("Row")

TRADE = "TRADE"
SIDES = ("BUY", "SELL")
UNKNOWN_OUTCOME_INDEX = 999
"""The venue's "no outcome" sentinel; it appears even on TRADE rows (polymarket.md 4.4)."""


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """One page: usable rows in the venue's order, one sentence per refused row, and the cursor of the next page."""

    rows: tuple[Row, ...]
    refused: tuple[str, ...] = ()
    next_cursor: str | None = None


class ActivityRow(msgspec.Struct, frozen=True, gc=False):
    """One line of a wallet's public activity. Sizes are millionths of a share, money micro-dollars.

    A TRADE row has every field; other types (REDEEM, MERGE, MAKER_REBATE, ones not known today) keep "" and 0
    where the venue says nothing. ``price_micro`` is a ratio and need not lie on the tick grid.
    """

    timestamp_s: int
    wallet: str
    condition_id: str
    token_id: str
    outcome: str
    slug: str
    title: str
    type: str
    side: str
    size_micro: int
    price_micro: int
    usdc_micro: int
    tx_hash: str
    outcome_index: int | None = None
    event_slug: str | None = None
    is_combo: bool = False


class LeaderRow(msgspec.Struct, frozen=True, gc=False):
    """One place of the public leaderboard; profit in micro-dollars, volume in millionths of a share."""

    rank: int
    wallet: str
    name: str
    pnl_micro: int
    volume_micro: int
    verified: bool


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One holding of a wallet as the venue values it (money in micro-dollars, size in millionths of a share)."""

    wallet: str
    condition_id: str
    token_id: str
    outcome: str
    slug: str
    title: str
    status: str
    size_micro: int
    avg_price_micro: int
    current_price_micro: int
    current_value_micro: int
    realized_pnl_micro: int
    unrealized_pnl_micro: int
    redeemable: bool
    mergeable: bool
    neg_risk: bool


class HolderRow(msgspec.Struct, frozen=True, gc=False):
    """One holder of one token; ``size_micro`` in millionths of a share."""

    token_id: str
    wallet: str
    size_micro: int
    outcome_index: int | None
    avg_price_micro: int | None
    total_pnl_micro: int | None


def parse_activity_page(body: bytes) -> Page[ActivityRow]:
    """A page of /v2/activity, /v2/trades or their v1 forms; ``BadInput`` when the body is not a page."""
    return parse_page(body, activity_row)


def parse_page(
    body: bytes,
    decode: Callable[[object], Row],
    *,
    key: str = "data",
    expand: Callable[[object], Iterable[object]] | None = None,
) -> Page[Row]:
    """A page whose rows stand under ``key`` (or a bare list); ``expand`` splits a grouped row before decoding."""
    items, next_cursor = split_envelope(decode_json(body), key)
    rows: list[Row] = []
    refused: list[str] = []
    for number, item in enumerate(items):
        try:
            for part in (item,) if expand is None else expand(item):
                try:
                    rows.append(decode(part))
                except BadInput as error:
                    refused.append(f"row {number}: {error}")
        except BadInput as error:
            refused.append(f"row {number}: {error}")
    return Page(tuple(rows), tuple(refused), next_cursor)


def split_envelope(decoded: object, key: str) -> tuple[list[object], str | None]:
    """The raw rows and the next cursor of a v2 envelope, a Gamma keyset page or a bare v1 list."""
    if isinstance(decoded, list):
        return decoded, None
    if not isinstance(decoded, Mapping):
        raise BadInput(f"a page must be an object or a list, not {show(decoded)}")
    items = decoded.get(key)
    if key not in decoded or not isinstance(items, list | None):
        raise BadInput(f"{key} of the page must be a list, not {show(items)}")
    pagination = decoded.get("pagination", decoded)
    if not isinstance(pagination, Mapping):
        raise BadInput(f"pagination of the page must be an object, not {show(pagination)}")
    cursor = pagination.get("next_cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise BadInput(f"next_cursor must be a text or null, not {show(cursor)}")
    return items or [], None if pagination.get("has_more") is False else cursor or None


def activity_row(item: object) -> ActivityRow:
    """One activity or trade row; ``BadInput`` with one sentence when it cannot be used."""
    row = Fields(item)
    kind = row.text_or(TRADE, "type")
    return _trade(row) if kind == TRADE else _other(row, kind)


def _trade(row: Fields) -> ActivityRow:
    side = row.text("side").upper()
    if side not in SIDES:
        raise BadInput(f"side must be BUY or SELL, not {show(side)}")
    price = row.micro("price")
    if not 0 < price < ONE:
        raise BadInput(f"price must lie strictly between 0 and 1, not {show(row.raw('price'))}")
    size = row.micro("size")
    if not 0 < size <= MICRO_MAX:
        raise BadInput(f"size must be a positive number of shares, not {show(row.raw('size'))}")
    usdc = row.micro_or(value(size, price), "usdc_size", "usdcSize", "usdc")
    if usdc < 0:
        raise BadInput(f"usdc_size must not be negative, not {format_micro(usdc)}")
    token = row.text("token_id", "asset")
    if not (token.isascii() and token.isdigit()):
        raise BadInput(f"token_id must be a decimal number, not {show(token)}")
    return ActivityRow(
        timestamp_s=row.seconds("timestamp"),
        wallet=row.wallet("proxy_wallet", "proxyWallet", "wallet"),
        condition_id=row.text("condition_id", "conditionId"),
        token_id=token,
        outcome=row.text_or("", "outcome"),
        slug=row.text_or("", "slug"),
        title=row.text_or("", "title"),
        type=TRADE,
        side=side,
        size_micro=size,
        price_micro=price,
        usdc_micro=usdc,
        tx_hash=row.text("transaction_hash", "transactionHash").lower(),
        outcome_index=_outcome_index(row),
        event_slug=row.text_or("", "event_slug", "eventSlug") or None,
        is_combo=row.flag_or(False, "is_combo", "isCombo"),
    )


def _other(row: Fields, kind: str) -> ActivityRow:
    return ActivityRow(
        timestamp_s=row.seconds("timestamp"),
        wallet=row.wallet("proxy_wallet", "proxyWallet", "wallet"),
        condition_id=row.text_or("", "condition_id", "conditionId"),
        token_id=row.text_or("", "token_id", "asset"),
        outcome=row.text_or("", "outcome"),
        slug=row.text_or("", "slug"),
        title=row.text_or("", "title"),
        type=kind,
        side=row.text_or("", "side").upper(),
        size_micro=row.micro_or(0, "size"),
        price_micro=row.micro_or(0, "price"),
        usdc_micro=row.micro_or(0, "usdc_size", "usdcSize", "usdc"),
        tx_hash=row.text_or("", "transaction_hash", "transactionHash").lower(),
        outcome_index=_outcome_index(row),
        event_slug=row.text_or("", "event_slug", "eventSlug") or None,
        is_combo=row.flag_or(False, "is_combo", "isCombo"),
    )


def _outcome_index(row: Fields) -> int | None:
    index = row.optional_integer("outcome_index", "outcomeIndex")
    return None if index == UNKNOWN_OUTCOME_INDEX else index


def leader_row(item: object) -> LeaderRow:
    """One leaderboard row; ``BadInput`` with one sentence when it cannot be used."""
    row = Fields(item)
    return LeaderRow(
        rank=row.integer("rank"),
        wallet=row.wallet("user_id", "proxy_wallet", "proxyWallet"),
        name=row.text_or("", "user_name", "userName"),
        pnl_micro=row.micro("pnl"),
        volume_micro=row.micro_or(0, "volume", "vol"),
        verified=row.flag_or(False, "verified", "verifiedBadge"),
    )


def position_row(item: object) -> PositionRow:
    """One position row; ``BadInput`` with one sentence when it cannot be used."""
    row = Fields(item)
    return PositionRow(
        wallet=row.wallet("proxy_wallet", "proxyWallet"),
        condition_id=row.text("condition_id", "conditionId"),
        token_id=row.text("token_id", "asset"),
        outcome=row.text_or("", "outcome"),
        slug=row.text_or("", "slug"),
        title=row.text_or("", "title"),
        status=row.text_or("", "status"),
        size_micro=row.micro("current_size", "size"),
        avg_price_micro=row.micro_or(0, "avg_price", "avgPrice"),
        current_price_micro=row.micro_or(0, "current_price", "curPrice"),
        current_value_micro=row.micro_or(0, "current_value", "currentValue"),
        realized_pnl_micro=row.micro_or(0, "realized_pnl", "realizedPnl"),
        unrealized_pnl_micro=row.micro_or(0, "unrealized_pnl", "cashPnl"),
        redeemable=row.flag_or(False, "redeemable"),
        mergeable=row.flag_or(False, "mergeable"),
        neg_risk=row.flag_or(False, "negative_risk", "negativeRisk"),
    )


def holder_row(item: object) -> HolderRow:
    """One holder, already joined with its token by ``holders_of``; ``BadInput`` when it cannot be used."""
    row = Fields(item)
    return HolderRow(
        token_id=row.text("token_id", "token"),
        wallet=row.wallet("proxy_wallet", "proxyWallet"),
        size_micro=row.micro("amount"),
        outcome_index=_outcome_index(row),
        avg_price_micro=row.optional_micro("avg_price", "avgPrice"),
        total_pnl_micro=row.optional_micro("total_pnl", "totalPnl"),
    )


def holders_of(item: object) -> Iterable[object]:
    """The holders of one ``{token_id, holders: [...]}`` group, each carrying its token id."""
    group = Fields(item)
    token = group.text("token_id", "token")
    holders = group.raw("holders")
    if not isinstance(holders, list):
        raise BadInput(f"holders must be a list, not {show(holders)}")
    return [{**holder, "token_id": token} if isinstance(holder, Mapping) else holder for holder in holders]
