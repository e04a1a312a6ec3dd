"""How numbers, times and reasons read on the page: pure text, nothing else."""

from decimal import ROUND_HALF_EVEN, Decimal

from shared.domain.decision import Decision, Reason
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND, iso
from shared.domain.money import format_micro
from shared.domain.order import OrderState, Side

NOTHING = "–"
"""Shown where there is no number."""

_R = Reason
REASONS: dict[Reason, tuple[str, str]] = {
    _R.COPIED: ("Copied", "An order of ours was planned."),
    _R.TOPPED_UP: ("Topped up", "The whale went on buying, so a further order was added to the same copy."),
    _R.JOINED_BURST: ("Part of a burst", "A further fill of a burst that was decided already; one copy per burst."),
    _R.LEG_OPEN: ("Order still open", "The copy of this burst has an order that is not final yet."),
    _R.STALE: ("Too late", "We heard of it too long after it happened."),
    _R.TRADING_DISABLED: ("Kill switch on", "Trading was stopped by a person or by a check."),
    _R.HALTED_DAILY_LOSS: ("Daily loss reached", "The loss limit of the day is reached; no entries until 00:00 UTC."),
    _R.HALTED_DRAWDOWN: ("Drawdown limit", "Equity fell too far below its highest value."),
    _R.HALTED_FEED: ("Feed down", "A feed that entries depend on is down."),
    _R.PAUSED_LOSSES: ("Paused after losses", "Too many losses in a row; entries pause for an hour."),
    _R.WHALE_DAILY_LOSS: ("Whale's daily loss", "Copying this whale lost its limit for today."),
    _R.NOT_RANKED: ("Not followed", "The wallet is not on the watch list."),
    _R.NO_SLEEVE: ("Nothing to sell", "The whale sold something we do not hold from copying it."),
    _R.OPPOSITE_SIDE: ("Opposite side held", "We hold another outcome of the same market."),
    _R.IN_DOUBT: (
        "Order in doubt",
        "An order in this market has an unknown outcome; nothing is added until it is known.",
    ),
    _R.MARKET_UNKNOWN: ("Market unknown", "There is no data on the market."),
    _R.MARKET_CLOSED: ("Market closed", "The market takes no orders."),
    _R.MARKET_RESOLVED: ("Market resolved", "The market is already decided."),
    _R.NEAR_RESOLUTION: ("Near resolution", "The market ends too soon to enter."),
    _R.END_UNKNOWN: ("End unknown", "It is not known when the market ends."),
    _R.LOW_VOLUME: ("Low volume", "The market trades less in 24 h than the minimum."),
    _R.VOLUME_UNKNOWN: ("Volume unknown", "The 24 h volume of the market is not known."),
    _R.WIDE_SPREAD: ("Wide spread", "Best bid and best ask are too far apart."),
    _R.SPREAD_UNKNOWN: ("Spread unknown", "Best bid or best ask is not known."),
    _R.THIN_BOOK: ("Thin book", "Too little is offered within the slippage limit."),
    _R.DEPTH_UNKNOWN: ("Depth unknown", "What is offered in the book is not known."),
    _R.PRICE_MOVED: ("Price moved away", "The price is already worse than the copy may pay."),
    _R.EDGE_UNKNOWN: ("Edge unknown", "The whale has no resolved market to judge it by."),
    _R.NO_EDGE: ("No edge left", "After price and fee the expected profit is not positive."),
    _R.LOW_CONFIDENCE: ("Low confidence", "The signal is weaker than the minimum."),
    _R.BELOW_MINIMUM: ("Below minimum size", "The copy would be smaller than the smallest order allowed."),
    _R.CAP_POSITION: ("Position limit", "The limit of one position is used up."),
    _R.CAP_MARKET: ("Market limit", "The limit of this market is used up."),
    _R.CAP_WHALE: ("Whale limit", "The limit of this whale is used up."),
    _R.CAP_PORTFOLIO: ("Portfolio limit", "The limit of all positions together is used up."),
    _R.CAP_CASH: ("Not enough cash", "The cash that is free does not suffice."),
    _R.CAP_OPEN_POSITIONS: ("Too many positions", "The number of open positions is at its limit."),
    _R.ORDER_RATE: ("Order rate limit", "Too many entries within one minute."),
    _R.EXIT_COVERED: ("Exit under way", "What the whale sold is already covered by our sell orders."),
}
"""Each reason as a short label and one sentence."""

COPIES = (_R.COPIED, _R.TOPPED_UP)
"""The reasons under which an order was planned."""

ORDER_STATES: dict[OrderState, str] = {
    OrderState.PLANNED: "○ Planned",
    OrderState.LIVE: "● Live",
    OrderState.PARTIAL: "◐ Partly filled",
    OrderState.FILLED: "✔ Filled",
    OrderState.REJECTED: "✖ Rejected",
    OrderState.CANCELED: "– Cancelled",
    OrderState.EXPIRED: "– Expired",
    OrderState.IN_DOUBT: "? In doubt",
}
"""Each order state with a sign, so that colour is never needed."""

SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_CENT = Decimal("0.01")


def label(reason: Reason) -> str:
    """The short label of a reason."""
    return REASONS[reason][0]


def label_of(value: str) -> str:
    """The short label of a stored reason; a reason this version does not know keeps its stored name, made readable."""
    try:
        return label(Reason(value))
    except ValueError:
        return value.replace("_", " ").capitalize()


def copied(value: str) -> bool:
    """Whether a stored reason means that an order was planned."""
    return value in {reason.value for reason in COPIES}


def dollars(micro: int) -> str:
    """Micro-dollars as ``$1,234.56``, rounded half-even to cents; minus zero is shown as zero."""
    cents = Decimal(format_micro(micro)).quantize(_CENT, rounding=ROUND_HALF_EVEN)
    return f"{'-' if cents < 0 else ''}${abs(cents):,.2f}"


def gain(micro: int) -> str:
    """Micro-dollars with their sign, ``+$12.30``, ``-$5.00`` or ``$0.00``."""
    text = dollars(micro)
    return text if text.startswith("-") or text == "$0.00" else f"+{text}"


def ratio(part: int, whole: int) -> str:
    """A part of a whole as ``12.3%``; a dash when there is no whole."""
    return NOTHING if whole == 0 else f"{Decimal(part) / whole:.1%}"  # not money: a proportion


def signed_ratio(part: int, whole: int) -> str:
    """A part of a whole with its sign, ``+1.25%``; a dash when there is no whole."""
    return NOTHING if whole == 0 else f"{Decimal(part) / whole:+.2%}"  # not money: a proportion


def count(number: int) -> str:
    """A count with thousands separators."""
    return f"{number:,}"


def age(ns: int) -> str:
    """A duration in one or two units: ``0 s``, ``45 s``, ``3 min``, ``2 h 5 min``, ``3 d 4 h``."""
    if ns < MINUTE:
        return f"{max(ns, 0) // SECOND} s"
    if ns < HOUR:
        return f"{ns // MINUTE} min"
    if ns < DAY:
        return f"{ns // HOUR} h {ns % HOUR // MINUTE} min"
    return f"{ns // DAY} d {ns % DAY // HOUR} h"


def stamp(at: int) -> str:
    """An instant as ``2026-03-22 21:00:00``, UTC; a dash for none."""
    return NOTHING if at == 0 else iso(at)[:19].replace("T", " ")


def short(wallet: str) -> str:
    """A wallet as ``0x1234…abcd``; short names stay whole."""
    return wallet if len(wallet) <= 12 else f"{wallet[:6]}…{wallet[-4:]}"


def plain(text: str) -> str:
    """Text that Markdown shows as it is (commands in backticks apart): two dollar signs would start a formula."""
    for sign in ("\\", "$", "*", "_", "[", "]", "<", ">", "#", "~", ":"):
        text = text.replace(sign, f"\\{sign}")
    return text


def source(name: str) -> str:
    """Where the events come from, as a reader would say it."""
    known = {
        "": "Source not told yet",
        "live": "Live public data",
        "synthetic": "Synthetic day",
        "backfill": "Catching up on public history",
    }
    if name.startswith("recording"):
        return name[:1].upper() + name[1:]
    return known.get(name, name)


def unchecked(decision: Decision) -> str:
    """The filters a recording had no input for, in words; empty when all were applied."""
    return ", ".join(label_of(name).removesuffix(" unknown").lower() for name in decision.not_applicable)
