"""Conditions that are found in what the tables say: a pure judgement of one look at an account."""

from collections.abc import Callable

from msgspec import Struct

from shared.domain.instants import HOUR, MINUTE, SECOND, iso, rough_span
from shared.domain.money import Fraction, Usd, format_fixed, mul_div_floor, part

DRAWDOWN_MAX = Fraction(150_000)
LASTING_NS = MINUTE
"""For how long a feed or the store may be away before it is lost."""
CLOSED_LOOKED_AT = 50
WINS_MIN = 25
"""Half of them."""
DECIDED_MAX_NS = SECOND
IDLE_MAX_NS = 4 * HOUR
CASH_MIN = Fraction(100_000)
"""Of the capital."""
UPTIME_MIN = Fraction(999_000)

_FEEDS = ("feed", "job")
_STORE = ("store",)


class State(Struct, frozen=True):
    """One look at an account at ``now`` (nanoseconds). Amounts in micro-dollars, shares of one in millionths; None is
    not known, and what is not known is no alarm (a trader that tells nothing is silent, which has an alarm of its own).

    ``standing``: breakers that are tripped and since when. ``closed``: results of closed positions, the latest first.
    ``traded_at``: the last execution, or (without one) from when on there could have been one. ``decided_ns``: the 95th
    percentile. ``broken``: why the books cannot follow the venue.
    """

    now: int
    trading: bool = True
    cash: int | None = None
    capital: Usd | None = None
    drawdown: int | None = None
    standing: tuple[tuple[str, int], ...] = ()
    broken: str = ""
    closed: tuple[int, ...] = ()
    traded_at: int | None = None
    decided_ns: int | None = None
    uptime: int | None = None


class Found(Struct, frozen=True):
    """A condition that holds, in words with its numbers."""

    name: str
    text: str


def _feeds(state: State) -> str:
    return _lasting(state, _FEEDS, "entries cannot hear what they need")


def _store(state: State) -> str:
    return _lasting(state, _STORE, "the store is too slow to trade on")


def _lasting(state: State, names: tuple[str, ...], what: str) -> str:
    since = min((at for name, at in state.standing if name in names), default=state.now)
    return f"{what}, since {iso(since)[:16]}Z" if state.now - since > LASTING_NS else ""


def _books(state: State) -> str:
    return f"the books cannot follow the venue: {state.broken}" if state.broken else ""


def _drawdown(state: State) -> str:
    if state.drawdown is None or state.drawdown <= DRAWDOWN_MAX:
        return ""
    return f"equity is {percent(state.drawdown)} below its highest value, the most is {percent(DRAWDOWN_MAX)}"


def _wins(state: State) -> str:
    last = state.closed[:CLOSED_LOOKED_AT]
    won = sum(1 for result in last if result > 0)
    if len(last) < CLOSED_LOOKED_AT or won >= WINS_MIN:
        return ""
    return f"{won} of the last {len(last)} closed positions won, {dollars_of(sum(last), signed=True)} in all"


def _slow(state: State) -> str:
    if state.decided_ns is None or state.decided_ns <= DECIDED_MAX_NS:
        return ""
    return f"decisions take {rough_span(state.decided_ns)} at the 95th percentile, the most is 1 s"


def _idle(state: State) -> str:
    if not state.trading or state.traded_at is None or state.now - state.traded_at <= IDLE_MAX_NS:
        return ""
    return f"nothing was bought or sold since {iso(state.traded_at)[:16]}Z"


def _cash(state: State) -> str:
    if state.cash is None or state.capital is None or state.cash >= part(state.capital, CASH_MIN):
        return ""
    return f"{dollars_of(state.cash)} of free cash are left of a capital of {dollars_of(state.capital)}"


def _uptime(state: State) -> str:
    if state.uptime is None or state.uptime >= UPTIME_MIN:
        return ""
    return f"a heartbeat was there for {percent(state.uptime, 2)} of the last day, the least is {percent(UPTIME_MIN)}"


def percent(share: int, decimals: int = 1) -> str:
    """Millionths as rounded percent: ``66.7%``."""
    return f"{format_fixed(share, decimals, 10_000)}%"


def share_of(some: int, all_: int) -> int | None:
    """``some`` of ``all_`` in millionths, rounded down; None of nothing."""
    return mul_div_floor(some, 1_000_000, all_) if all_ else None


def dollars_of(amount: int, *, signed: bool = False) -> str:
    """Micro-dollars in whole cents: ``$1,234.50``, ``-$0.20``, and with ``signed`` ``+$3.00``."""
    text = format_fixed(abs(amount), 2)
    sign = "-" if amount < 0 and text != "0.00" else "+" if signed and text != "0.00" else ""
    return f"{sign}${text}"


CHECKS: tuple[tuple[str, Callable[[State], str]], ...] = (
    ("feed_lost", _feeds),
    ("store_lost", _store),
    ("bad_data", _books),
    ("drawdown", _drawdown),
    ("win_rate_low", _wins),
    ("decisions_slow", _slow),
    ("no_trades", _idle),
    ("balance_low", _cash),
    ("uptime_low", _uptime),
)
"""By name: what it says when the condition holds, else nothing. The worst first."""


def found_in(state: State) -> list[Found]:
    """Every condition that holds, the worst first."""
    told = [(name, check(state)) for name, check in CHECKS]
    return [Found(name, text) for name, text in told if text]
