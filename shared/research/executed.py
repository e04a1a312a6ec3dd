"""How intents were executed, as figures: slippage, fill rate, time to fill, breakers, dead letters; and the fills as a
table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from msgspec import Struct

from shared.adapters.paper.venue import PaperVenue
from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.ledger import Fill, Record, RecordKind
from shared.domain.messages import Event
from shared.domain.money import float_of_micro, value
from shared.domain.order import FINAL, Order, Side
from shared.engine.engine import Engine
from shared.engine.execution import begins
from shared.ports import Store
from shared.research.driver import Driver

BREAKERS = (
    Reason.TRADING_DISABLED,
    Reason.HALTED_DAILY_LOSS,
    Reason.HALTED_WEEKLY_LOSS,
    Reason.HALTED_DRAWDOWN,
    Reason.HALTED_LOSSES,
    Reason.HALTED_FEED,
    Reason.HALTED_API_ERRORS,
    Reason.HALTED_SETTLEMENTS,
    Reason.HALTED_SPOT_MOVE,
    Reason.HALTED_VAR,
    Reason.HALTED_STRESS,
    Reason.PAUSED_LOSSES,
    Reason.PAUSED_STORE,
    Reason.WHALE_DAILY_LOSS,
    Reason.ORDER_RATE,
)
"""Denials by which all trading, or all of a source's, is stopped; every other denial is about the one intent."""
BASIS_POINTS = 10_000
FILL_SCHEMA = {
    "observed_at_ns": pl.Int64,
    "order_id": pl.String,
    "token_id": pl.String,
    "side": pl.String,
    "price": pl.Float64,
    "size": pl.Float64,
    "fee_usd": pl.Float64,
    "liquidity": pl.String,
}


class Noting(Driver):
    """A driver that keeps what executions are judged by: ``fills`` as booked, by order, and ``wanted``: the price of
    the trade that an intent copies (or that made a rule of ours leave), by signal.
    """

    def __init__(
        self,
        engine: Engine,
        venue: PaperVenue,
        store: Store,
        on_tick: Callable[[int], None] | None = None,
        tape: Callable[[Event], None] | None = None,
    ) -> None:
        super().__init__(engine, venue, store, on_tick, tape=tape)
        self.fills: dict[str, list[Fill]] = {}
        self.wanted: dict[str, int] = {}

    def flush(self) -> None:
        """What was decided is noted before it is handed over."""
        for decision in self._decisions:
            if decision.order_key or not decision.tx:
                self.wanted.setdefault(decision.signal_id, decision.price)
        super().flush()

    def _wrote(self, record: Record, at: int) -> None:
        if record.kind is RecordKind.FILLED and record.fill is not None:
            self.fills.setdefault(record.fill.order_key, []).append(record.fill)
        super()._wrote(record, at)


Fills = Mapping[str, Sequence[Fill]]
"""Executions by order."""


class Outcome(Struct, frozen=True):
    """One intent (or one order of it): what was decided, and what came of its orders, in the order of their legs.

    ``expected``: the price it was expected to trade at when it was decided, in micro-dollars. ``asked``: shares that
    were wanted.
    """

    kind: str
    size: str
    reason: Reason
    expected: int = 0
    asked: int = 0
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()

    @property
    def filled(self) -> int:
        """Shares that were filled, over all orders."""
        return sum(order.filled for order in self.orders)


def outcome(kind: str, size: str, reason: Reason, expected: int, orders: Sequence[Order], fills: Fills) -> Outcome:
    """An intent with all its legs; ``fills`` by order."""
    # An exit by rule asks for what it holds with its first order, and again until it is sold.
    asked = sum(order.size + order.later for order in orders if order.leg == 1 or (begins(order) and not order.rule))
    made = tuple(fill for order in orders for fill in fills.get(order.order_key, ()))
    return Outcome(kind, size, reason, expected, asked, tuple(orders), made)


def by_leg(outcomes: Iterable[Outcome], fills: Fills) -> list[tuple[Order, Outcome]]:
    """Every order as an outcome of its own, so that phases can be told apart."""
    return [
        (
            order,
            Outcome(
                one.kind,
                one.size,
                one.reason,
                one.expected,
                order.size,
                (order,),
                tuple(fills.get(order.order_key, ())),
            ),
        )
        for one in outcomes
        for order in one.orders
    ]


class Execution(Struct):
    """The stable fields of the report, over any set of intents (``orders``: all legs of them).

    ``slippage_bps``: per intent with fills, its average price against the expected one, in basis points of that;
    positive is worse; fees are not in it. ``fill_rate``: shares filled of shares wanted, each at the expected price.
    ``time_to_fill_s``: per intent with fills, from its first plan to its last fill in venue time. ``dead_letters``:
    orders that failed for good: refused by the venue, or without a final state when the run ended.
    """

    intents: int
    orders: int
    filled: int
    partly_filled: int
    fills: int
    slippage_bps: dict[str, float | None]
    fill_rate: float | None
    time_to_fill_s: dict[str, float | None]
    breakers: dict[str, int]
    denied: dict[str, int]
    dead_letters: int


def execution(outcomes: Iterable[Outcome]) -> Execution:
    """The figures of these intents; None where nothing was filled or ordered."""
    found = list(outcomes)
    orders = [order for one in found for order in one.orders]
    slippage = [_slippage_bps(one) for one in found if one.fills]
    times = [_seconds(one) for one in found if one.fills]
    wanted = sum(value(one.asked, one.expected) for one in found)
    filled = sum(value(min(one.filled, one.asked), one.expected) for one in found)
    denied: dict[str, int] = {}
    for one in found:
        if not one.orders:
            denied[one.reason.value] = denied.get(one.reason.value, 0) + 1
    breakers: dict[str, int] = {reason.value: denied.pop(reason.value) for reason in BREAKERS if reason.value in denied}
    return Execution(
        intents=len(found),
        orders=len(orders),
        filled=sum(0 < one.asked <= one.filled for one in found),
        partly_filled=sum(0 < one.filled < one.asked for one in found),
        fills=sum(len(one.fills) for one in found),
        slippage_bps=percentiles(slippage),
        fill_rate=round(filled / wanted, 6) if wanted else None,
        time_to_fill_s=percentiles(times),
        breakers=breakers,
        denied=dict(sorted(denied.items(), key=lambda pair: (-pair[1], pair[0]))),
        dead_letters=sum(order.dead or order.state not in FINAL for order in orders),
    )


def _slippage_bps(outcome: Outcome) -> float:
    """How much worse than expected the fills were, on average over their shares."""
    paid = sum(fill.price * fill.size for fill in outcome.fills) / sum(fill.size for fill in outcome.fills)
    buying = outcome.orders[0].side is Side.BUY
    worse = paid - outcome.expected if buying else outcome.expected - paid
    return worse / outcome.expected * BASIS_POINTS


def _seconds(outcome: Outcome) -> float:
    return (max(fill.venue_at for fill in outcome.fills) - outcome.orders[0].planned_at) / SECOND


def percentiles(values: list[float]) -> dict[str, float | None]:
    """Median and 99th percentile; None where there is nothing."""
    if not values:
        return {"p50": None, "p99": None}
    middle, high = np.percentile(np.array(values), (50, 99))
    return {"p50": round(float(middle), 3), "p99": round(float(high), 3)}


def write_fills(path: Path, fills: dict[str, list[Fill]], orders: dict[str, Order]) -> int:
    """Write one row per fill as Parquet, by time; returns how many. ``observed_at_ns`` is the fill's venue time."""
    rows = [
        (
            fill.venue_at,
            fill.order_key,
            orders[fill.order_key].token,
            orders[fill.order_key].side.value,
            float_of_micro(fill.price),
            float_of_micro(fill.size),
            float_of_micro(fill.fee),
            fill.liquidity,
        )
        for made in fills.values()
        for fill in made
    ]
    rows.sort(key=lambda row: row[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=FILL_SCHEMA, orient="row").write_parquet(path, compression="zstd")
    return len(rows)
