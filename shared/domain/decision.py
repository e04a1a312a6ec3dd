"""Decisions: why a whale trade was, or was not, copied, and why we left a position, with the numbers that led there."""

from enum import StrEnum

from msgspec import Struct

from shared.domain.order import Side


class Reason(StrEnum):
    """Why a whale trade was, or was not, copied: exactly one per whale trade. The last group says why a rule of ours
    closed a position without any whale trade.
    """

    __hash__ = str.__hash__  # Enum's own hash is Python code; reasons are counted on the hot path

    COPIED = "copied"
    TOPPED_UP = "topped_up"
    JOINED_BURST = "joined_burst"
    LEG_OPEN = "leg_open"
    STALE = "stale"
    TRADING_DISABLED = "trading_disabled"
    HALTED_DAILY_LOSS = "halted_daily_loss"
    HALTED_WEEKLY_LOSS = "halted_weekly_loss"
    HALTED_LOSSES = "halted_losses"
    HALTED_API_ERRORS = "halted_api_errors"
    HALTED_SETTLEMENTS = "halted_settlements"
    HALTED_SPOT_MOVE = "halted_spot_move"
    HALTED_VAR = "halted_var"
    HALTED_STRESS = "halted_stress"
    HALTED_DRAWDOWN = "halted_drawdown"
    HALTED_FEED = "halted_feed"
    PAUSED_LOSSES = "paused_losses"
    PAUSED_STORE = "paused_store"
    WHALE_DAILY_LOSS = "whale_daily_loss"
    NOT_RANKED = "not_ranked"
    OBSERVED = "observed"
    NO_SLEEVE = "no_sleeve"
    OPPOSITE_SIDE = "opposite_side"
    OVERLAP = "overlap"
    CONFLICT = "conflict"
    VOTE_LOST = "vote_lost"
    IN_DOUBT = "in_doubt"
    UNSETTLED = "unsettled"
    MARKET_UNKNOWN = "market_unknown"
    MARKET_CLOSED = "market_closed"
    MARKET_RESOLVED = "market_resolved"
    MARKET_DISPUTED = "market_disputed"
    ANOMALOUS_TAPE = "anomalous_tape"
    NEAR_RESOLUTION = "near_resolution"
    END_UNKNOWN = "end_unknown"
    LOW_VOLUME = "low_volume"
    VOLUME_UNKNOWN = "volume_unknown"
    WIDE_SPREAD = "wide_spread"
    SPREAD_UNKNOWN = "spread_unknown"
    THIN_BOOK = "thin_book"
    DEPTH_UNKNOWN = "depth_unknown"
    PRICE_MOVED = "price_moved"
    PRICE_OFF_AVERAGE = "price_off_average"
    SLIPPAGE = "slippage"
    EDGE_UNKNOWN = "edge_unknown"
    NO_EDGE = "no_edge"
    LOW_CONFIDENCE = "low_confidence"
    BELOW_MINIMUM = "below_minimum"
    CAP_POSITION = "cap_position"
    CAP_MARKET = "cap_market"
    CAP_WHALE = "cap_whale"
    CAP_PORTFOLIO = "cap_portfolio"
    CAP_CASH = "cap_cash"
    CAP_EXPOSURE = "cap_exposure"
    CAP_TOPIC = "cap_topic"
    CAP_DIVERSIFICATION = "cap_diversification"
    CAP_OPEN_POSITIONS = "cap_open_positions"
    ORDER_RATE = "order_rate"
    EXIT_COVERED = "exit_covered"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    MAX_LOSS = "max_loss"
    TIME_EXIT = "time_exit"
    EMERGENCY_EXIT = "emergency_exit"


class Decision(Struct, frozen=True, gc=False):
    """One whale trade (or one exit by rule, then without ``tx``) and what came of it, with the numbers that led there.

    Micro units, nanoseconds. ``numbers`` names further ones, each in millionths, in the order in which they were met:
    what was measured and the limit it was held against (``("overlap", 310000), ("overlap_max", 300000)``).
    """

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
    numbers: tuple[tuple[str, int], ...] = ()
