"""Decisions: why a whale trade was, or was not, copied, with the numbers that led there."""

from enum import StrEnum

from msgspec import Struct

from shared.domain.order import Side


class Reason(StrEnum):
    """Why a whale trade was, or was not, copied: exactly one per whale trade."""

    __hash__ = str.__hash__  # Enum's own hash is Python code; reasons are counted on the hot path

    COPIED = "copied"
    TOPPED_UP = "topped_up"
    JOINED_BURST = "joined_burst"
    LEG_OPEN = "leg_open"
    STALE = "stale"
    TRADING_DISABLED = "trading_disabled"
    HALTED_DAILY_LOSS = "halted_daily_loss"
    HALTED_DRAWDOWN = "halted_drawdown"
    HALTED_FEED = "halted_feed"
    PAUSED_LOSSES = "paused_losses"
    WHALE_DAILY_LOSS = "whale_daily_loss"
    NOT_RANKED = "not_ranked"
    NO_SLEEVE = "no_sleeve"
    OPPOSITE_SIDE = "opposite_side"
    IN_DOUBT = "in_doubt"
    MARKET_UNKNOWN = "market_unknown"
    MARKET_CLOSED = "market_closed"
    MARKET_RESOLVED = "market_resolved"
    NEAR_RESOLUTION = "near_resolution"
    END_UNKNOWN = "end_unknown"
    LOW_VOLUME = "low_volume"
    VOLUME_UNKNOWN = "volume_unknown"
    WIDE_SPREAD = "wide_spread"
    SPREAD_UNKNOWN = "spread_unknown"
    THIN_BOOK = "thin_book"
    DEPTH_UNKNOWN = "depth_unknown"
    PRICE_MOVED = "price_moved"
    EDGE_UNKNOWN = "edge_unknown"
    NO_EDGE = "no_edge"
    LOW_CONFIDENCE = "low_confidence"
    BELOW_MINIMUM = "below_minimum"
    CAP_POSITION = "cap_position"
    CAP_MARKET = "cap_market"
    CAP_WHALE = "cap_whale"
    CAP_PORTFOLIO = "cap_portfolio"
    CAP_CASH = "cap_cash"
    CAP_OPEN_POSITIONS = "cap_open_positions"
    ORDER_RATE = "order_rate"
    EXIT_COVERED = "exit_covered"


class Decision(Struct, frozen=True, gc=False):
    """One whale trade and what came of it, with the numbers that led there (micro units, nanoseconds)."""

    at: int
    venue_at: int
    account: str
    strategy: str
    signal_id: str
    wallet: str
    market: str
    token: str
    side: Side
    price: int
    size: int
    tx: str
    reason: Reason
    confidence: int = 0
    p_win: int = 0
    limit: int = 0
    stake: int = 0
    order_key: str = ""
    not_applicable: tuple[str, ...] = ()
