"""The questions of the control API."""

import time
from typing import Annotated, Any, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.control_api.models import (
    Available,
    Component,
    Config,
    DeadLetter,
    DecisionRow,
    Health,
    MarketRow,
    Mode,
    PositionRow,
    Profit,
    TradeRow,
    Trades,
)
from functions.entrance import Surroundings
from shared.adapters.control.place import Place
from shared.adapters.control.watching import WRITTEN_AT, pulse
from shared.adapters.dynamo.notes import read_reviews
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, day_of, iso
from shared.domain.ledger import Record
from shared.domain.market import Market
from shared.domain.notes import Review
from shared.domain.order import Order

router = APIGatewayRouter()
Item = dict[str, Any]
KEPT, FRESH = "private, max-age=60", "no-store"
SNAPSHOT_DAYS = 31
Moment = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="UTC date such as 2026-03-22")]
Most = Annotated[int, Query(ge=1, le=500, description="rows of a page")]
After = Annotated[str, Query(max_length=200, description="where the page before ended")]


def place() -> Place:
    """The account's tables."""
    return around().place()


def around() -> Surroundings:
    """Where this function runs."""
    return cast("Surroundings", router.context["around"])


def midnight(text: str) -> int:
    """The beginning of a UTC date in nanoseconds; ``BadInput`` for one that there is not."""
    from datetime import UTC, datetime

    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(f"{text!r} is not a date such as 2026-03-22") from None
    return int(moment.timestamp()) * 1_000_000_000


@router.get("/api/health", summary="How each part of the system stands", cache_control=FRESH)
def health() -> Health:
    """The trader's heartbeat, the switch, the books, the alerts that stand."""
    here, now = place(), time.time_ns()
    live = here.readers.live(here.account) or {}
    risk = here.readers.risk(here.account) or {}
    lease, switch = here.readers.lease(here.account), here.readers.switch(here.account)
    beat = pulse(int(live.get(WRITTEN_AT, 0)), lease, now, around().settings.lease)
    broken = str(risk.get("settlement", {}).get("broken", ""))
    unfit = str(risk.get("changes", {}).get("unfit", ""))
    standing = [str(name) for name in live.get("breakers", [])]
    components = {
        "trader": Component(ok=beat.up, says=beat.says),
        "switch": Component(ok=switch.trading, says="trading" if switch.trading else f"stopped: {switch.reason}"),
        "books": Component(ok=not broken, says=broken or "believed"),
        "breakers": Component(ok=not standing, says=", ".join(standing) or "none tripped"),
        "changes": Component(ok=not unfit, says=unfit or "fit the settings"),
        "store": Component(ok=True, says="answers"),
    }
    return Health(ok=all(one.ok for one in components.values()), at=iso(now), components=components)


@router.get("/api/mode", summary="Whether and how the account trades", cache_control=FRESH)
def mode() -> Mode:
    """The switch, the strategy's mode, and what the trader was asked and has not taken yet."""
    here = place()
    switch, risk = here.readers.switch(here.account), here.readers.risk(here.account) or {}
    return Mode(
        account=here.account,
        deployment=around().settings.cloud.deployment,
        mode=str(risk.get("changes", {}).get("mode", "unknown")),
        trading=switch.trading,
        stopped_because="" if switch.trading else switch.reason,
        stopped_at="" if switch.trading else iso(switch.at),
        waiting=[command.kind.value for command in here.readers.commands(here.account)],
    )


@router.get("/api/markets/config", summary="Limits, pins and what was changed", cache_control=FRESH)
def config() -> Config:
    """As the trader last told it, at most ten seconds ago."""
    here = place()
    changes: Item = (here.readers.risk(here.account) or {}).get("changes", {})
    limits = changes.get("limits", {})
    return Config(
        in_force=changes.get("in_force", {}),
        changed={str(name): str(text) for name, text in dict(limits).items()},
        pinned=list(changes.get("pinned", [])),
        unpinned=list(changes.get("unpinned", [])),
        unfit=str(changes.get("unfit", "")),
        made=list(changes.get("made", [])),
        refused=dict(changes.get("refused", {})),
    )


@router.get("/api/markets/available", summary="Markets the system knows", cache_control=KEPT)
def available(most: Most = 100, after: After = "") -> Available:
    """Page by page, in no order that means anything."""
    found = place().readers.known_markets(most, after)
    return Available(markets=[_market(one) for one in found], after=found[-1].market if len(found) == most else "")


def _market(one: Market) -> MarketRow:
    return MarketRow(
        market=one.market,
        kind=one.kind.value,
        question=one.question,
        category=one.category,
        tokens=list(one.tokens),
        outcomes=list(one.outcomes),
        ends_at=None if one.end_at is None else iso(one.end_at),
        accepting=one.accepting,
        best_bid=one.best_bid,
        best_ask=one.best_ask,
    )


@router.get("/api/positions", summary="What is held", cache_control=FRESH)
def positions() -> list[PositionRow]:
    """Open positions, the dearest first."""
    here = place()
    marks: Item = (here.readers.live(here.account) or {}).get("marks", {})
    held = sorted((one for one in here.readers.positions(here.account) if one.size), key=lambda one: -one.cost)
    return [
        PositionRow(
            market=one.market,
            token=one.token,
            source=one.source,
            strategy=one.strategy,
            size=one.size,
            cost=one.cost,
            realized=one.realized,
            mark=marks.get(one.token),
            opened_at=iso(one.opened_at),
        )
        for one in held
    ]


@router.get("/api/positions/pnl", summary="Profit and loss", cache_control=FRESH)
def profit() -> Profit:
    """As the trader last wrote it, at most two seconds ago; by whale out of the positions."""
    here = place()
    live = here.readers.live(here.account) or {}
    by_source: dict[str, int] = {}
    for one in here.readers.positions(here.account):
        by_source[one.source] = by_source.get(one.source, 0) + one.realized
    numbers = {name: int(live.get(name, 0)) for name in ("equity", "cash", "realized", "unrealized", "fees")}
    written = int(live.get(WRITTEN_AT, 0))
    return Profit(at=iso(written) if written else "", by_source=by_source, **numbers)


@router.get("/api/history/snapshots", summary="Points of the equity curve", cache_control=KEPT)
def snapshots(start: Moment, end: Moment | None = None) -> list[Item]:
    """Of the days from ``start`` to ``end`` (included; the same day unless told), at most 31."""
    first = midnight(start)
    last = midnight(end) if end else first
    if not 0 <= last - first < SNAPSHOT_DAYS * DAY:
        raise BadInput(f"end={end!r} must be from 0 to {SNAPSHOT_DAYS - 1} days after start={start!r}")
    return place().readers.metrics(place().account, first, last + DAY - 1)


@router.get("/api/history/trades", summary="Executions of a day", cache_control=KEPT)
def trades(day: Moment, most: Most = 100, after: After = "") -> Trades:
    """In the order they were booked; a page may have fewer rows than asked for."""
    found, rest = place().readers.trades(place().account, day_of(midnight(day)), most, after)
    return Trades(trades=[row for row in map(_trade, found) if row is not None], after=rest)


def _trade(record: Record) -> TradeRow | None:
    order, fill = record.order, record.fill
    if order is None or fill is None:
        return None
    return TradeRow(
        at=iso(record.at),
        trade_id=fill.trade_id,
        order_key=fill.order_key,
        market=order.market,
        token=order.token,
        source=order.source,
        side=order.side.value,
        price=fill.price,
        size=fill.size,
        fee=fill.fee,
        liquidity=fill.liquidity,
    )


@router.get("/api/dead-letters", summary="Orders that failed for good", cache_control=FRESH)
def dead_letters() -> list[DeadLetter]:
    """The latest hundred, the last one planned first, with their reviews."""
    here = place()
    keys = [str(key) for key in (here.readers.operations(here.account) or {}).get("dead", [])]
    reviews = read_reviews(here.readers.tables, here.account)
    return [_dead_letter(order, reviews.get(order.order_key)) for order in here.readers.orders(keys)]


def _dead_letter(order: Order, review: Review | None) -> DeadLetter:
    return DeadLetter(
        order_key=order.order_key,
        planned_at=iso(order.planned_at),
        market=order.market,
        token=order.token,
        side=order.side.value,
        size=order.size,
        filled=order.filled,
        limit=order.limit,
        note=order.note,
        reviewed_by="" if review is None else review.who,
        review="" if review is None else review.note,
        reviewed_at="" if review is None else iso(review.at),
    )


@router.get("/api/whales", summary="The followed wallets", cache_control=KEPT)
def whales() -> list[Item]:
    """As the trader wrote them: rank, edge, what copying each brought."""
    return place().readers.whales(place().account)


@router.get("/api/decisions", summary="What was made of whales' trades", cache_control=KEPT)
def decisions(day: Moment | None = None, most: Most = 100) -> list[DecisionRow]:
    """The latest of a UTC day (today unless told), newest first."""
    number = day_of(midnight(day) if day else time.time_ns())
    return [
        DecisionRow(
            at=iso(one.at),
            wallet=one.wallet,
            market=one.market,
            token=one.token,
            side=one.side.value,
            price=one.price,
            size=one.size,
            reason=one.reason.value,
            stake=one.stake,
            order_key=one.order_key,
        )
        for one in place().readers.latest_decisions(place().account, number, most)
    ]
