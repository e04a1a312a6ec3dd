"""The day in ten lines, plain text for a phone."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from shared.domain.instants import iso_day, rough_span
from shared.domain.ledger import Position
from shared.domain.quality import Execution
from shared.domain.states import dollars_of, percent, share_of

TITLE_MAX = 42


class Day(Struct, frozen=True):
    """What a digest is made of: one UTC day of an account that began at ``at``. Micro-dollars and millionths.

    ``opened`` and ``ended``: equity at its start (what was deposited since is in it) and its end, None where no trader
    told it. ``closed``: positions closed that day. ``titles``: questions of markets. ``followed``: whales on the list,
    ``copied``: those of them we copied. ``open_positions`` are worth ``at_stake`` at cost, as of the report.
    """

    account: str
    at: int
    opened: int | None
    ended: int | None
    execution: Execution
    closed: Sequence[Position] = ()
    titles: Mapping[str, str] = {}
    followed: int = 0
    copied: int = 0
    open_positions: int = 0
    at_stake: int = 0
    uptime: int | None = None
    trading: bool = True


def digest(day: Day) -> str:
    """The text of a day's report."""
    lines = [
        f"{day.account}, {iso_day(day.at)} (UTC)",
        _result(day),
        *_closed(day),
        *_orders(day.execution),
        f"Whales: {day.copied} copied, {day.followed} followed",
        f"Open: {_count(day.open_positions, 'position')}, {dollars_of(day.at_stake)} at cost",
        f"Uptime: {'not known' if day.uptime is None else percent(day.uptime, 2)}",
    ]
    if not day.trading:
        lines.append("TRADING IS STOPPED")
    return "\n".join(lines)


def _result(day: Day) -> str:
    if day.opened is None or day.ended is None:
        return "Result: not known, no trader told its equity"
    gain = day.ended - day.opened
    share = share_of(gain, day.opened) if day.opened > 0 else None
    told = "" if share is None else f" ({'+' if gain > 0 else ''}{percent(share, 2)})"
    return f"Result: {dollars_of(gain, signed=True)}{told}, equity {dollars_of(day.ended)}"


def _closed(day: Day) -> list[str]:
    if not day.closed:
        return ["Closed: nothing"]
    won = sum(1 for one in day.closed if one.realized > 0)
    rate = share_of(won, len(day.closed)) or 0
    lines = [f"Closed: {_count(len(day.closed), 'position')}, {won} won ({percent(rate, 0)})"]
    by_result = sorted(day.closed, key=lambda one: (one.realized, one.key))
    best, worst = by_result[-1], by_result[0]
    if best.realized > 0:
        lines.append(f"Best: {_named(day, best)}")
    if worst.realized < 0:
        lines.append(f"Worst: {_named(day, worst)}")
    return lines


def _named(day: Day, position: Position) -> str:
    title = day.titles.get(position.market) or position.market
    return f"{dollars_of(position.realized, signed=True)} {shortened(title)}"


def _orders(done: Execution) -> list[str]:
    if not done.orders:
        return ["Orders: none"]
    rate = "" if done.fill_rate is None else f" ({percent(done.fill_rate, 0)} of those ended)"
    lines = [f"Orders: {done.orders}, {done.filled} filled{rate}"]
    if done.fills:
        lines.append(f"Trades: {done.fills}, {dollars_of(done.traded)} traded, fees {dollars_of(done.fees)}")
    slip, wait = done.slippage[0], done.wait_ns[0]
    if slip is not None and wait is not None:
        lines.append(f"Slippage: {percent(slip, 2)}, filled after {rough_span(wait)} (medians)")
    return lines


def shortened(title: str) -> str:
    """A market's question on one line of a phone."""
    return title if len(title) <= TITLE_MAX else f"{title[: TITLE_MAX - 1].rstrip()}…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
