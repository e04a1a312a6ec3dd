"""One market of the catalogue in our units: tokens by protocol version, fee rate, times, result."""

import re
from decimal import Decimal

import msgspec

from shared.adapters.polymarket.fields import Fields, decimal, instant, show
from shared.domain.errors import BadInput
from shared.domain.money import ONE

SPLIT = "50/50"
"""``winner`` of a market that paid half to either side; no outcome is called so."""

CRYPTO_UPDOWN = "crypto_updown"
EVENT = "event"

_SHORT_UPDOWN = re.compile(r"[a-z0-9]+-updown-(5m|15m|4h)-\d+", re.ASCII)
_LONG_ASSETS = "bitcoin|ethereum|solana|xrp|dogecoin|bnb|hype|hyperliquid|zcash"
_HOURLY_UPDOWN = re.compile(rf"({_LONG_ASSETS})-up-or-down-[a-z]+-\d{{1,2}}(-\d{{4}})?-\d{{1,2}}(am|pm)-et", re.ASCII)
_DAILY_UPDOWN = re.compile(rf"({_LONG_ASSETS})-up-or-down-on-[a-z]+-\d{{1,2}}(-\d{{4}})?", re.ASCII)

_VERSION_CTF = "v1"
_VERSION_POSITIONS = "v2"
_POSITION_ZERO_BITS = ((1 << 64) - 1) << 40
"""Bits that are zero in every Protocol V2 position id and, but for one chance in 2**64, in no CTF token id."""
_LOST, _HALF, _WON = Decimal(0), Decimal("0.5"), Decimal(1)
_UMA_FINAL = ("resolved", "settled")
_UMA_DISPUTED = "disputed"


class GammaMarket(msgspec.Struct, frozen=True):
    """One market. Money is in micro-dollars, prices and sizes in millionths, times in nanoseconds UTC.

    ``token_ids[i]`` belongs to ``outcomes[i]``.

    ``fee_rate_micro`` is the taker rate r of ``r * p * (1 - p)`` per share: 0 when fees are off, None when the venue
    does not say (or names a curve that is not this one). ``winner`` is an outcome label, ``SPLIT``, or None while the
    market is not resolved. ``disputed``: somebody has contested its result and the oracle has not decided yet.
    """

    condition_id: str
    slug: str
    question: str
    outcomes: tuple[str, ...]
    token_ids: tuple[str, ...]
    kind: str
    closed: bool
    accepting_orders: bool
    neg_risk: bool
    winner: str | None
    tick_size_micro: int | None
    min_size_micro: int | None
    fee_rate_micro: int | None
    fee_type: str | None
    start_ns: int | None
    end_ns: int | None
    closed_ns: int | None
    volume_24h_micro: int | None
    liquidity_micro: int | None
    best_bid_micro: int | None
    best_ask_micro: int | None
    resolution_source: str
    description: str
    event_slug: str | None = None
    series_slug: str | None = None
    disputed: bool = False


def gamma_market(item: object) -> GammaMarket:
    """One market object of Gamma; ``BadInput`` with one sentence when it cannot be used."""
    row = Fields(item)
    slug = row.text("slug")
    outcomes = row.texts("outcomes")
    event = _first_event(row)
    closed = row.flag_or(False, "closed")
    return GammaMarket(
        condition_id=row.text("conditionId"),
        slug=slug,
        question=row.text_or("", "question"),
        outcomes=outcomes,
        token_ids=_token_ids(row, outcomes),
        kind=market_kind(slug),
        closed=closed,
        accepting_orders=row.flag_or(False, "acceptingOrders"),
        neg_risk=row.flag_or(False, "negRisk"),
        winner=_winner(row, outcomes) if closed else None,
        tick_size_micro=row.optional_micro("orderPriceMinTickSize"),
        min_size_micro=row.optional_micro("orderMinSize"),
        fee_rate_micro=_fee_rate(row),
        fee_type=row.text_or("", "feeType") or None,
        start_ns=_start(row, event),
        end_ns=row.optional_instant("endDate"),
        closed_ns=row.optional_instant("closedTime"),
        volume_24h_micro=row.optional_micro("volume24hr"),
        liquidity_micro=row.optional_micro("liquidityNum", "liquidity"),
        best_bid_micro=row.optional_micro("bestBid"),
        best_ask_micro=row.optional_micro("bestAsk"),
        resolution_source=row.text_or("", "resolutionSource"),
        description=row.text_or("", "description"),
        event_slug=event.text_or("", "slug") or None,
        series_slug=event.text_or("", "seriesSlug") or None,
        disputed=_disputed(row),
    )


def market_kind(slug: str) -> str:
    """``crypto_updown`` for the up/down families of polymarket.md 6 (stock and FX up/down are not), else ``event``."""
    families = (_SHORT_UPDOWN, _HOURLY_UPDOWN, _DAILY_UPDOWN)
    return CRYPTO_UPDOWN if any(family.fullmatch(slug) for family in families) else EVENT


def is_position_id(token_id: str) -> bool:
    """Whether a decimal id has the form of a Protocol V2 position id (polymarket.md 1.2)."""
    return int(token_id) & _POSITION_ZERO_BITS == 0


def _token_ids(row: Fields, outcomes: tuple[str, ...]) -> tuple[str, ...]:
    """Ids in the order of the outcomes, from the field that the market's protocol version names.

    A market without a version is an old one (the field came in 2026) and can only hold CTF tokens.
    """
    version = row.text_or("", "version")
    if version == _VERSION_POSITIONS:
        ids = row.texts("positionIds")
    elif version == _VERSION_CTF or (not version and row.raw("positionIds") in (None, [])):
        ids = row.texts("clobTokenIds")
    else:
        raise BadInput(f"version must be v1 or v2, not {show(row.raw('version'))}")
    if len(ids) != len(outcomes):
        raise BadInput(f"outcomes {show(outcomes)} and token ids {show(ids)} differ in number")
    for token in ids:
        if not (token.isascii() and token.isdigit()):
            raise BadInput(f"token id must be a decimal number, not {show(token)}")
        if is_position_id(token) != (version == _VERSION_POSITIONS):
            raise BadInput(f"token id {show(token)} does not have the form of version {version or 'v1'}")
    return ids


def _winner(row: Fields, outcomes: tuple[str, ...]) -> str | None:
    """The result of a closed market: final prices exactly 1 and 0 (or halves), and no oracle dispute under way."""
    status = row.text_or("", "umaResolutionStatus")
    if status and status not in _UMA_FINAL:
        return None
    prices = [decimal("outcomePrices", text) for text in row.texts("outcomePrices")]
    if len(prices) != len(outcomes):
        return None
    if sorted(prices) == [_LOST] * (len(prices) - 1) + [_WON]:
        return outcomes[prices.index(_WON)]
    return SPLIT if prices == [_HALF, _HALF] else None


def _disputed(row: Fields) -> bool:
    """Whether a dispute is among what the oracle went through (``umaResolutionStatuses``) and it is not over.

    After a first dispute the question is proposed anew: the latest status alone would hide that it is contested.
    """
    status = row.text_or("", "umaResolutionStatus")
    return status not in _UMA_FINAL and _UMA_DISPUTED in (status, *row.texts("umaResolutionStatuses"))


def _fee_rate(row: Fields) -> int | None:
    if row.optional_flag("feesEnabled") is False:
        return 0
    if row.raw("feeSchedule") is None:
        return None
    schedule = Fields(row.raw("feeSchedule"))
    rate = schedule.micro("rate")
    if not 0 <= rate <= ONE:
        raise BadInput(f"feeSchedule.rate must lie between 0 and 1, not {show(schedule.raw('rate'))}")
    return rate if schedule.micro_or(ONE, "exponent") == ONE else None


def _first_event(row: Fields) -> Fields:
    events = row.raw("events")
    return Fields(events[0] if isinstance(events, list) and events else {})


def _start(row: Fields, event: Fields) -> int | None:
    """When the window opens; ``startDate`` is the listing date, about a day earlier, and is never used."""
    for name, text in (("eventStartTime", row.raw("eventStartTime")), ("startTime", event.raw("startTime"))):
        if text is not None:
            return instant(name, text)
    return None
