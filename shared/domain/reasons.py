"""Reasons and the numbers behind them, as people read them: pure text.

Whoever shows a decision (the command line, the pages) reads it here, so that the same reason is never worded twice.
"""

from enum import Enum

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.instants import MICROSECOND, rough_span
from shared.domain.money import CENT, format_fixed, format_micro, format_usd

_R = Reason
REASONS: dict[Reason, tuple[str, str]] = {
    _R.COPIED: ("Copied", "An order of ours was planned."),
    _R.TOPPED_UP: ("Topped up", "The whale went on trading, so a further order was added to the same copy."),
    _R.JOINED_BURST: ("Part of a burst", "A further fill of a burst that was decided already; one copy per burst."),
    _R.LEG_OPEN: ("Order still open", "The copy of this burst has an order that is not final yet."),
    _R.STALE: ("Too late", "We heard of it too long after it happened."),
    _R.TRADING_DISABLED: ("Kill switch on", "Trading was stopped by a person or by a check."),
    _R.HALTED_DAILY_LOSS: ("Daily loss reached", "The loss limit of the day is reached; no entries until 00:00 UTC."),
    _R.HALTED_WEEKLY_LOSS: ("Weekly loss reached", "The loss limit of the week is reached; no entries until Monday."),
    _R.HALTED_LOSSES: ("Halted after losses", "Too many losses in a row; no entries until a person has looked."),
    _R.HALTED_API_ERRORS: ("Too many errors", "Requests about orders failed too often within the hour."),
    _R.HALTED_SETTLEMENTS: ("Settlements failing", "Executions failed to settle too often within the hour."),
    _R.HALTED_SPOT_MOVE: ("Bitcoin moved", "Bitcoin moved too far within a short time."),
    _R.HALTED_VAR: ("Value at risk", "The portfolio could lose too much within a day (VaR or CVaR)."),
    _R.HALTED_STRESS: ("Stress scenario", "The worst stress scenario would cost too much."),
    _R.HALTED_DRAWDOWN: ("Drawdown limit", "Equity fell too far below its highest value."),
    _R.HALTED_FEED: ("Feed down", "A feed that entries depend on is down."),
    _R.PAUSED_LOSSES: ("Paused after losses", "Too many losses in a row; entries pause for a while."),
    _R.PAUSED_STORE: ("Store too slow", "The store answers too slowly; entries wait for it."),
    _R.WHALE_DAILY_LOSS: ("Whale's daily loss", "Copying this whale lost its limit for today."),
    _R.NOT_RANKED: ("Not followed", "The wallet is not on the watch list."),
    _R.OBSERVED: ("Observed only", "It would have been copied, but the strategy only observes."),
    _R.NO_SLEEVE: ("Nothing to sell", "The whale sold something we do not hold from copying it."),
    _R.OPPOSITE_SIDE: ("Opposite side held", "We hold another outcome of the same market."),
    _R.OVERLAP: ("Whales overlap", "The whales in this market trade the same markets too often to be copied twice."),
    _R.CONFLICT: ("Whales disagree", "Another followed whale stands on the other side, one against one."),
    _R.VOTE_LOST: ("Outvoted", "The followed whales on the other side weigh as much or more."),
    _R.IN_DOUBT: (
        "Order in doubt",
        "An order in this market has an unknown outcome; nothing is added until it is known.",
    ),
    _R.UNSETTLED: ("Not settled yet", "An execution of ours in this market may still fail to settle."),
    _R.MARKET_UNKNOWN: ("Market unknown", "There is no data on the market."),
    _R.MARKET_CLOSED: ("Market closed", "The market takes no orders."),
    _R.MARKET_RESOLVED: ("Market resolved", "The market is already decided."),
    _R.MARKET_DISPUTED: ("Market disputed", "How the market was decided is contested."),
    _R.ANOMALOUS_TAPE: ("Prices jump about", "The prices of the last minute range too widely to be trusted."),
    _R.NEAR_RESOLUTION: ("Near resolution", "The market ends too soon to enter."),
    _R.END_UNKNOWN: ("End unknown", "It is not known when the market ends."),
    _R.LOW_VOLUME: ("Low volume", "The market trades less in 24 h than the minimum."),
    _R.VOLUME_UNKNOWN: ("Volume unknown", "The 24 h volume of the market is not known."),
    _R.WIDE_SPREAD: ("Wide spread", "Best bid and best ask are too far apart."),
    _R.SPREAD_UNKNOWN: ("Spread unknown", "Best bid or best ask is not known."),
    _R.THIN_BOOK: ("Thin book", "Too little is offered within the slippage limit."),
    _R.DEPTH_UNKNOWN: ("Depth unknown", "What is offered in the book is not known."),
    _R.PRICE_MOVED: ("Price moved away", "The price is already worse than the copy may pay."),
    _R.PRICE_OFF_AVERAGE: ("Price off average", "The whale's price is too far from the average of the last minute."),
    _R.SLIPPAGE: ("Too much slippage", "The book would have filled the copy too dearly."),
    _R.EDGE_UNKNOWN: ("Edge unknown", "The whale has no resolved market to judge it by."),
    _R.NO_EDGE: ("No edge left", "After price and fee the expected profit is not positive."),
    _R.LOW_CONFIDENCE: ("Low confidence", "The signal is weaker than the minimum."),
    _R.BELOW_MINIMUM: ("Below minimum size", "The copy would be smaller than the smallest order allowed."),
    _R.CAP_POSITION: ("Position limit", "The limit of one position is used up."),
    _R.CAP_MARKET: ("Market limit", "The limit of this market is used up."),
    _R.CAP_WHALE: ("Whale limit", "The limit of this whale is used up."),
    _R.CAP_PORTFOLIO: ("Portfolio limit", "The limit of all positions together is used up."),
    _R.CAP_CASH: ("Not enough cash", "The cash that is free does not suffice."),
    _R.CAP_EXPOSURE: ("Exposure limit", "The share of equity that may be at stake is used up."),
    _R.CAP_TOPIC: ("Topic limit", "Too many positions of this topic move together already."),
    _R.CAP_DIVERSIFICATION: ("Too little spread", "Our positions are too few independent bets to add another."),
    _R.CAP_OPEN_POSITIONS: ("Too many positions", "The number of open positions is at its limit."),
    _R.ORDER_RATE: ("Order rate limit", "Too many entries within one minute."),
    _R.EXIT_COVERED: ("Exit under way", "What the whale sold is already being sold by our own orders."),
    _R.STOP_LOSS: ("Stop-loss", "The price fell so far below what we paid that the position was sold."),
    _R.TAKE_PROFIT: ("Take-profit", "The price rose so far above what we paid that the position was sold."),
    _R.TRAILING_STOP: ("Trailing stop", "The price fell back from its highest value since we bought, and we sold."),
    _R.MAX_LOSS: ("Largest loss", "The position lost what one trade may lose, and was sold."),
    _R.TIME_EXIT: ("Time exit", "The market is about to end, so the position was sold."),
    _R.EMERGENCY_EXIT: ("Emergency exit", "A person asked to sell everything."),
}
"""Each reason as a short label and one sentence."""

COPIES = (_R.COPIED, _R.TOPPED_UP)
"""The reasons under which an order was planned."""
RULES = (
    _R.STOP_LOSS,
    _R.TAKE_PROFIT,
    _R.TRAILING_STOP,
    _R.MAX_LOSS,
    _R.TIME_EXIT,
    _R.EMERGENCY_EXIT,
)
"""The reasons for which a rule of ours sells."""


def label(reason: Reason) -> str:
    """The short label of a reason."""
    return REASONS[reason][0]


def sentence(reason: Reason) -> str:
    """A reason in one sentence."""
    return REASONS[reason][1]


def label_of(value: str) -> str:
    """The short label of a stored reason; a reason this version does not know keeps its stored name, made readable."""
    try:
        return label(Reason(value))
    except ValueError:
        return value.replace("_", " ").capitalize()


# ---------------------------------------------------------------------- numbers


class Kind(Enum):
    """What a number counts. All are kept in millionths, but ``SPAN``, which is in nanoseconds."""

    MONEY = "usd"
    PRICE = "price"
    """Dollars per share."""
    SHARE = "share"
    """Of something else; shown in percent."""
    FACTOR = "factor"
    COUNT = "count"
    SECONDS = "seconds"
    SPAN = "span"


_K = Kind
_NUMBERS: dict[str, tuple[str, Kind]] = {
    # What the strategy wished for, and what the market showed.
    "wish": ("wished to spend", _K.MONEY),
    "confidence": ("confidence", _K.SHARE),
    "positions": ("open positions", _K.COUNT),
    "swing": ("range of the last minute's prices", _K.PRICE),
    "average": ("average price", _K.PRICE),
    "off_average": ("whale's price off the average by", _K.PRICE),
    "slippage": ("slippage", _K.PRICE),
    "before_end_ns": ("time to the end", _K.SPAN),
    "volume_24h": ("24 h volume", _K.MONEY),
    "spread": ("spread", _K.PRICE),
    "best_ask": ("best ask", _K.PRICE),
    "depth": ("offered within the limit", _K.MONEY),
    # The other whales.
    "voices_for": ("whales for it", _K.COUNT),
    "voices_against": ("whales against it", _K.COUNT),
    "overlap": ("overlap", _K.SHARE),
    "votes_for": ("votes for it", _K.SHARE),
    "price": ("price", _K.PRICE),
    "p_average": ("chance to win by all whales together", _K.SHARE),
    # Size.
    "drawdown_factor": ("size after the drawdown", _K.FACTOR),
    "recovery_factor": ("size while recovering", _K.FACTOR),
    "streak_factor": ("size after wins or losses in a row", _K.FACTOR),
    "confidence_factor": ("size by confidence", _K.FACTOR),
    "agree_factor": ("size where whales agree", _K.FACTOR),
    "spread_factor": ("size where the spread is wide", _K.FACTOR),
    "volatility_factor": ("size by volatility", _K.FACTOR),
    "repeats_factor": ("size where results repeat", _K.FACTOR),
    "diversification_factor": ("size by diversification", _K.FACTOR),
    "p_win": ("chance to win", _K.SHARE),
    "stake_wanted": ("stake after all factors", _K.MONEY),
    "room": ("room left", _K.MONEY),
    "size": ("shares", _K.COUNT),
    "in_topic": ("positions of the topic", _K.COUNT),
    "diversification": ("diversification score", _K.SHARE),
    # Breakers.
    "drawdown": ("drawdown", _K.SHARE),
    "whale_lost_today": ("lost with this whale today", _K.MONEY),
    "losses_in_a_row": ("losses in a row", _K.COUNT),
    "day_lost": ("lost today", _K.MONEY),
    "week_lost": ("lost this week", _K.MONEY),
    "feeds_down": ("feeds down", _K.COUNT),
    "api_errors": ("errors within the hour", _K.COUNT),
    "failed_settlements": ("failed settlements within the hour", _K.COUNT),
    "spot_moved": ("Bitcoin moved by", _K.SHARE),
    "entries": ("entries within the minute", _K.COUNT),
    "var": ("VaR (95%, at resolution)", _K.MONEY),
    "cvar": ("CVaR (95%, at resolution)", _K.MONEY),
    "stress": ("worst stress scenario", _K.MONEY),
    # Exits.
    "sellable": ("could be sold at", _K.PRICE),
    "loss": ("loss", _K.MONEY),
    "highest": ("highest price since the purchase", _K.PRICE),
    "seconds_to_end": ("time to the end", _K.SECONDS),
}
"""What each measured number is called, and what it counts."""

_AT_MOST, _AT_LEAST = "at most", "at least"
_LIMITS: dict[str, tuple[tuple[str, str], ...]] = {
    "wish": (("trade_min_usd", _AT_LEAST),),
    "confidence": (("confidence_min", _AT_LEAST),),
    "positions": (("positions_max", _AT_MOST),),
    "before_end_ns": (("entry_before_end_ns", _AT_LEAST),),
    "volume_24h": (("volume_24h_min", _AT_LEAST),),
    "best_ask": (("limit", _AT_MOST),),
    "depth": (("trade_min_usd", _AT_LEAST),),
    "voices_for": (("agree_min", "agreement from"),),
    "overlap": (("overlap_max", _AT_MOST), ("overlap_free", "independent below")),
    "votes_for": (("votes_min", _AT_LEAST),),
    "price": (("uncertain_low", "uncertain from"), ("uncertain_high", "to")),
    "p_win": (("all_in", "price with fee:"),),
    "stake_wanted": (("trade_min_usd", _AT_LEAST),),
    "room": (("trade_min_usd", _AT_LEAST),),
    "size": (("min_size", _AT_LEAST),),
    "in_topic": (("topic_positions_max", "fewer than"),),
    "drawdown": (("drawdown_halt", "less than"),),
    "whale_lost_today": (("source_daily_loss_usd", "less than"),),
    "losses_in_a_row": (("losses_to_pause", "fewer than"),),
    "day_lost": (("day_loss_limit", "less than"),),
    "week_lost": (("week_loss_limit", "less than"),),
    "api_errors": (("api_errors_per_hour", _AT_MOST),),
    "failed_settlements": (("failed_settlements_per_hour", _AT_MOST),),
    "spot_moved": (("spot_move", "less than"),),
    "entries": (("entries_per_minute", "fewer than"),),
    "var": (("var_95_usd", _AT_MOST),),
    "cvar": (("cvar_95_usd", _AT_MOST),),
    "stress": (("stress_limit", _AT_MOST),),
    "sellable": (("stop_at", "stop at"), ("target", "target")),
    "average": (("stop_loss", "stop-loss below it by"), ("take_profit", "target above it by")),
    "loss": (("loss_per_trade_usd", "less than"),),
    "highest": (("trailing_stop", "trailing stop below it by"),),
    "seconds_to_end": (("exit_before_end", "out before"),),
}
"""By measured number: the limits it was held against, and how."""
_LIMIT_KINDS: dict[str, Kind] = {
    "all_in": _K.PRICE,
    "stop_loss": _K.SHARE,
    "take_profit": _K.SHARE,
    "trailing_stop": _K.SHARE,
}
"""Limits that count something else than what is held against them."""
_SUFFIXES = (("_max", _AT_MOST), ("_min", _AT_LEAST), ("_limit", _AT_MOST))
_KINDS = (("_ns", _K.SPAN), ("_usd", _K.MONEY), ("_factor", _K.FACTOR))


class Bound(Struct, frozen=True, gc=False):
    """A limit: its name, how it binds (``at most``), and its value in the unit of what is held against it."""

    name: str
    word: str
    value: int


class Reading(Struct, frozen=True, gc=False):
    """A number of a decision: its name, what it counts, its value, the limits it was held against, and all in words."""

    name: str
    kind: Kind
    value: int
    limits: tuple[Bound, ...]
    text: str


def read_numbers(numbers: tuple[tuple[str, int], ...]) -> list[Reading]:
    """The numbers of a decision in their order, each with the limits that stand beside it; names that this version does
    not know are made readable, and none is lost.
    """
    values = dict(numbers)
    bounds: dict[str, tuple[Bound, ...]] = {}
    taken: dict[str, None] = {}
    for name in values:
        if name not in taken:
            bounds[name] = _bounds(name, values)
            taken.update((bound.name, None) for bound in bounds[name])
    return [_reading(name, value, bounds[name]) for name, value in numbers if name in bounds]


def numbers_in_words(numbers: tuple[tuple[str, int], ...]) -> list[str]:
    """Each number readable with its unit and its limits: ``overlap 31.0% (at most 30.0%)``."""
    return [reading.text for reading in read_numbers(numbers)]


def _bounds(name: str, values: dict[str, int]) -> tuple[Bound, ...]:
    known = _LIMITS.get(name) or tuple((f"{name}{suffix}", word) for suffix, word in _SUFFIXES)
    return tuple(Bound(limit, word, values[limit]) for limit, word in known if limit in values)


def _reading(name: str, value: int, bounds: tuple[Bound, ...]) -> Reading:
    words, kind = _NUMBERS.get(name) or (name.removesuffix("_ns").replace("_", " "), _kind_of(name))
    text = f"{words} {shown(kind, value)}"
    if bounds:
        held = ", ".join(f"{one.word} {shown(_LIMIT_KINDS.get(one.name, kind), one.value)}" for one in bounds)
        text = f"{text} ({held})"
    return Reading(name, kind, value, bounds, text)


def _kind_of(name: str) -> Kind:
    """What an unknown number counts, as far as its name says so."""
    return next((kind for suffix, kind in _KINDS if name.endswith(suffix)), _K.COUNT)


def shown(kind: Kind, value: int) -> str:
    """A value with its unit: ``$1,234.50``, ``$0.515``, ``31.0%``, ``x0.5``, ``3``, ``2 h 5 min``."""
    match kind:
        case Kind.MONEY:
            text = format_fixed(value, 2)
            return f"-${text[1:]}" if text.startswith("-") else f"${text}"
        case Kind.PRICE:
            return format_usd(value)
        case Kind.SHARE:
            return f"{format_fixed(value, 1, CENT)}%"
        case Kind.FACTOR:
            return f"x{format_micro(value)}"
        case Kind.SECONDS:
            return rough_span(value * MICROSECOND)  # not money: millionths of a second to nanoseconds
        case Kind.SPAN:
            return rough_span(value)
    return format_micro(value)
