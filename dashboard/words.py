"""How numbers, times and reasons read on the page: pure text, nothing else."""

from decimal import Decimal

from shared.domain.decision import Decision
from shared.domain.instants import SECOND, iso, rough_span
from shared.domain.money import format_fixed
from shared.domain.order import OrderState, Side
from shared.domain.reasons import COPIES, label_of

NOTHING = "–"
"""Shown where there is no number."""

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


def copied(value: str) -> bool:
    """Whether a stored reason means that an order was planned."""
    return value in {reason.value for reason in COPIES}


def dollars(micro: int) -> str:
    """Micro-dollars as ``$1,234.56``, rounded half-even to cents; minus zero is shown as zero."""
    text = format_fixed(micro, 2)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def gain(micro: int) -> str:
    """Micro-dollars with their sign, ``+$12.30``, ``-$5.00`` or ``$0.00``."""
    text = dollars(micro)
    return text if text.startswith("-") or text == "$0.00" else f"+{text}"


def ratio(part: int, whole: int) -> str:
    """A part of a whole as ``12.3%``; a dash when there is no whole."""
    return NOTHING if whole == 0 else f"{Decimal(part) / whole:.1%}"  # not money: a proportion


def signed_ratio(part: int, whole: int) -> str:
    """A part of a whole with its sign, ``+1.25%``; next to nothing is ``0.00%``; a dash when there is no whole."""
    text = NOTHING if whole == 0 else f"{Decimal(part) / whole:+.2%}"  # not money: a proportion
    return "0.00%" if text in ("+0.00%", "-0.00%") else text


def count(number: int) -> str:
    """A count with thousands separators."""
    return f"{number:,}"


def age(ns: int) -> str:
    """A duration in one or two units: ``0 s``, ``45 s``, ``3 min``, ``2 h 5 min``, ``3 d 4 h``."""
    return "0 s" if ns < SECOND else rough_span(ns)


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
