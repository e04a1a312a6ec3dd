"""What the trader publishes for people to see, typed: the live view, the equity curve, the followed whales.

All money is micro-dollars, proportions are millionths, times are nanoseconds UTC.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.errors import BadInput

_T = TypeVar("_T")

FEED_OK = "ok"
STOPPED = "stopped"
"""The last progress of a trader that somebody stopped."""
_COPIED = (Reason.COPIED.value, Reason.TOPPED_UP.value)


class Live(Struct, frozen=True):
    """The one item the trader rewrites every two seconds. ``at`` is the wall clock, ``event_at`` the engine's now.

    ``equity`` = ``cash`` + ``reserved`` (held for open orders) + ``marked`` (positions at ``marks``). ``decisions``
    counts reasons, ``feeds`` maps a feed to "ok" or to what is wrong with it, ``marks`` a token to its last price,
    ``breakers`` names those that are tripped (``HALT daily_loss``), ``exits`` counts the exits of our rules by reason.
    """

    at: int = 0
    mode: str = "paper"
    source: str = ""
    event_at: int = 0
    equity: int = 0
    cash: int = 0
    reserved: int = 0
    marked: int = 0
    realized: int = 0
    unrealized: int = 0
    fees: int = 0
    capital: int = 0
    positions_open: int = 0
    orders_open: int = 0
    counts: dict[str, int] = {}
    decisions: dict[str, int] = {}
    trading: bool = True
    switch_reason: str = ""
    feeds: dict[str, str] = {}
    progress: str = ""
    marks: dict[str, int] = {}
    breakers: tuple[str, ...] = ()
    exits: dict[str, int] = {}

    @property
    def exposure(self) -> int:
        """Money at risk: what positions are worth plus what open orders hold, in micro-dollars."""
        return self.marked + self.reserved

    @property
    def profit(self) -> int:
        """Equity less the capital put in, in micro-dollars."""
        return self.equity - self.capital

    @property
    def copied(self) -> int:
        """Whale trades that led to an order of ours."""
        return sum(self.decisions.get(reason, 0) for reason in _COPIED)

    @property
    def whale_trades(self) -> int:
        """Whale trades seen."""
        return self.counts.get("whale_trades", 0)

    @property
    def synthetic(self) -> bool:
        """Whether the world being traded is invented."""
        return self.source == "synthetic"


class Point(Struct, frozen=True):
    """The account at one instant of event time, written about every 60 s."""

    at: int
    equity: int
    realized: int = 0
    unrealized: int = 0
    cash: int = 0


class SourceShare(Struct, frozen=True):
    """Trades of followed wallets that one source told (``seen``), out of all that were told; 24 hours at most.

    Delays run from the instant the venue dates a trade at (often a whole second) to its arrival here, nanoseconds.
    """

    seen: int = 0
    of: int = 0
    p50: int | None = None
    p95: int | None = None
    p99: int | None = None


class Measures(Struct, frozen=True):
    """How well a live trader hears, measured about every minute and kept with the curves; ``sources`` by name.

    ``decided_ms``: from a trade's arrival to the decision on it (p50, p95, p99 in milliseconds); ``lag_ms``: how late
    the event loop is (p50, p99). Counted since the start: ``merged`` facts not handed on one by one, ``held_trades``
    that waited for market data, ``notices`` by "source kind".
    """

    at: int
    sources: dict[str, SourceShare]
    decided_ms: tuple[float | None, float | None, float | None] = (None, None, None)
    lag_ms: tuple[float | None, float | None] = (None, None)
    merged: int = 0
    held_trades: int = 0
    notices: dict[str, int] = {}


class WhaleRow(Struct, frozen=True):
    """A followed wallet: what its ranking said of it, and what copying it brought us.

    ``edge_shrunk`` is in micro-dollars per share; ``mean_return`` and ``return_low`` (lower end of the 95% interval)
    are millionths of the money paid; ``pnl_usd`` is ours.
    """

    wallet: str
    rank: int = 0
    n_markets: int = 0
    edge_shrunk: int = 0
    mean_return: int = 0
    return_low: int = 0
    volume_usd: int = 0
    pnl_usd: int = 0
    copies: int = 0
    last_trade_at: int = 0

    @property
    def return_high(self) -> int:
        """Upper end of the 95% interval, which is symmetric about the mean."""
        return self.mean_return + (self.mean_return - self.return_low)


class Use(Struct, frozen=True):
    """A limit and how much of it is used; ``unit`` is ``usd`` (micro-dollars), ``share`` or ``count`` (millionths)."""

    name: str
    used: int
    limit: int
    unit: str


class BreakerRow(Struct, frozen=True):
    """A breaker of the table: what trips it, whom it concerns, what it does, how it ends and who may end it."""

    name: str
    condition: str
    scope: str
    action: str
    ends: str
    by: str
    reason: str | None = None


class Tripped(Struct, frozen=True):
    """A breaker that is tripped; ``ends_at`` 0: nobody can say when it ends."""

    name: str
    action: str
    key: str = ""
    since: int = 0
    ends_at: int = 0
    text: str = ""


class Losses(Struct, frozen=True):
    """What the portfolio could lose within a day, losses positive; ``stress``: scenarios, losses negative."""

    as_of: int
    var_95: int = 0
    var_99: int = 0
    cvar_95: int = 0
    cvar_99: int = 0
    stress: dict[str, int] = {}
    diversification: int = 0
    bets: int = 0
    repeats: int = 0
    trims: int = 0


class Settlement(Struct, frozen=True):
    """Executions that may still fail and their worth, those that failed, resolved markets not redeemed yet, merges
    under way, and why the books cannot follow the venue any more ("": they can).
    """

    unsettled: int = 0
    unsettled_usd: int = 0
    failed: int = 0
    redeeming: int = 0
    merging: int = 0
    broken: str = ""


class Difference(Struct, frozen=True):
    """One finding of the last round."""

    kind: str
    subject: str
    text: str


class Rounds(Struct, frozen=True):
    """Rounds of reconciliation: how many, when the last equal one was (0: none), findings by kind since the start."""

    rounds: int = 0
    equal_at: int = 0
    findings: dict[str, int] = {}
    last: tuple[Difference, ...] = ()


class AlertRow(Struct, frozen=True):
    """Something the trader told people; ``severity`` 1 halts, 2 reduces, 3 is for the record."""

    at: int
    severity: int
    name: str
    text: str
    times: int = 1


class Answered(Struct, frozen=True):
    """A request that was judged: event time, what was asked for and why, why it was refused ("": it holds)."""

    id: str
    at: int
    words: str
    refused: str = ""


class Changes(Struct, frozen=True):
    """What people changed at run time: limits as they wrote them, the strategy's mode, wallets pinned and let go.

    ``unfit``: why the changes do not fit the settings (empty: they do). ``in_force``: every limit, ``settings``: those
    that are different without the changes, both as the engine counts; ``stage``: the capital stage that bounds them.
    """

    limits: dict[str, str] = {}
    mode: str = "trade"
    pinned: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()
    unfit: str = ""
    in_force: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    stage: str = ""
    answers: tuple[Answered, ...] = ()


class RiskView(Struct, frozen=True):
    """How risk stands, written about every ten seconds. ``at`` is the wall clock, ``event_at`` the engine's now."""

    at: int = 0
    event_at: int = 0
    limits: tuple[Use, ...] = ()
    breakers: tuple[BreakerRow, ...] = ()
    standing: tuple[Tripped, ...] = ()
    figures: Losses | None = None
    settlement: Settlement = Settlement()
    reconciliation: Rounds = Rounds()
    alerts: tuple[AlertRow, ...] = ()
    changes: Changes = Changes()


def live_of(item: dict[str, Any]) -> Live:
    """The live item as written by the trader; ``BadInput`` names the field that cannot be read."""
    return typed("live", item, Live)


def risk_of(item: dict[str, Any]) -> RiskView:
    """The view of risk as written by the trader; ``BadInput`` names the field that cannot be read."""
    return typed("live", item, RiskView)


def point_of(item: dict[str, Any]) -> Point:
    """One item of table metrics; ``BadInput`` names the field that cannot be read."""
    return typed("metrics", item, Point)


def measures_of(item: dict[str, Any]) -> Measures | None:
    """What one item of table metrics says of the sources; ``None`` when nothing was measured (no live trader)."""
    return typed("metrics", item, Measures) if "sources" in item else None


def whale_of(item: dict[str, Any]) -> WhaleRow:
    """One item of table whales; ``BadInput`` names the field that cannot be read."""
    return typed("whales", item, WhaleRow)


def typed(table: str, item: dict[str, Any], wanted: type[_T]) -> _T:
    """An item of a table as what it is; ``BadInput`` names the field that cannot be read."""
    try:
        return msgspec.convert(item, wanted)
    except msgspec.ValidationError as error:
        raise BadInput(f"An item of table {table} cannot be read: {error}.") from None
