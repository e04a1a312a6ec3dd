"""The house at work, in words: lights of its parts, its functions, orders that are open, in doubt or failed. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from dashboard.running import Operations, Quality
from dashboard.state import Live
from dashboard.tables import Markets, Row, moment, outcome, question
from dashboard.words import NOTHING, ORDER_STATES, SIDES, age, count, ratio, short
from shared.adapters.control.watching import pulse
from shared.adapters.durable.backend import Lease
from shared.domain.instants import DAY, HOUR, MINUTE, format_span
from shared.domain.money import float_of_micro
from shared.domain.notes import Review, Run
from shared.domain.order import Order, OrderState
from shared.settings import LeaseSettings

WELL, LOOK, DOWN, UNTOLD = "● Well", "▲ Look", "✖ Not well", "○ Not told"
OLD_NS = 2 * MINUTE
"""What the trader writes about itself each half minute is no news any more after so long."""
RENEWED_NS = MINUTE
"""A lease that was not renewed for so long has run out for certain."""
PARTS = {
    "account": "Account",
    "store": "Store",
    "switch": "Kill switch",
    "venue": "Venue and books",
    "views": "Views",
    "tape": "Tape",
    "breakers": "Breakers",
    "inbox": "Inbox",
    "lease": "Lease, as the trader sees it",
}
"""Parts of the trader as a reader would say them; others are called by their names."""


class Duty(Struct, frozen=True):
    """What a function is there for, and how often it runs (nanoseconds; 0: when there is something to do)."""

    does: str
    every: int


DUTIES = {
    "watch_trader": Duty("looks whether the trader lives", MINUTE),
    "reconcile": Duty("compares our books with the venue's", 5 * MINUTE),
    "settle_markets": Duty("looks whether resolved markets were booked", 15 * MINUTE),
    "audit_ledger": Duty("audits the ledger and seals the archive", HOUR),
    "collect_quality": Duty("measures execution and uptime", HOUR),
    "archive_stream": Duty("archives the journal as it is written", 0),
    "rank_whales": Duty("ranks wallets and publishes who is followed", 6 * HOUR),
    "send_report": Duty("sends the daily report", DAY),
}
"""The functions that leave their last run, the most frequent first."""
OVERDUE_BY = MINUTE


# ---------------------------------------------------------------------- parts


def part_rows(view: Operations | None, live: Live | None, lease: Lease | None, now: int) -> list[Row]:
    """The trader, its lease and each of its parts, those that are not well first."""
    beat = pulse(0 if live is None else live.at, lease, now, LeaseSettings())
    state = WELL if beat.up else DOWN if beat.dead else UNTOLD
    rows: list[Row] = [_light(state, "Trader", beat.says), lease_row(lease, now)]
    if view is not None:
        old = now - view.at > OLD_NS
        rows += [
            _light(UNTOLD if old else WELL if one.ok else DOWN, part_name(name), one.says)
            for name, one in view.parts.items()
        ]
    order = (DOWN, LOOK, UNTOLD, WELL)
    return sorted(rows, key=lambda row: order.index(str(row["light"])))


def part_name(name: str) -> str:
    """A part as a reader would say it: ``feed polygon`` is ``Feed polygon``."""
    return PARTS.get(name, f"{name[:1].upper()}{name[1:]}")


def lease_row(lease: Lease | None, now: int) -> Row:
    """Who may trade, in which epoch, and since when that was last renewed."""
    if lease is None:
        return _light(UNTOLD, "Lease", "nobody has ever held it")
    if lease.released:
        return _light(UNTOLD, "Lease", f"epoch {lease.epoch} was let go in order")
    since = now - lease.at
    says = f"epoch {lease.epoch}, held by {lease.owner or 'somebody'}, renewed {age(since)} ago"
    return _light(WELL if since <= RENEWED_NS else DOWN, "Lease", says)


def _light(state: str, part: str, says: str) -> Row:
    return {"light": state, "part": part, "says": says}


def lights_words(rows: Iterable[Row]) -> str:
    """How many parts are in which state, in one line."""
    states = [str(row["light"]) for row in rows]
    return ", ".join(f"{count(states.count(one))} {one}" for one in (DOWN, LOOK, UNTOLD, WELL) if one in states)


# ---------------------------------------------------------------------- functions


def run_rows(runs: Mapping[str, Run], now: int) -> list[Row]:
    """Every function that leaves its runs: whether the last one was well and in time, when it was, what it found."""
    names = [*DUTIES, *(name for name in sorted(runs) if name not in DUTIES)]
    return [_run(name, DUTIES.get(name, Duty("", 0)), runs.get(name), now) for name in names]


def _run(name: str, duty: Duty, run: Run | None, now: int) -> Row:
    row: Row = {"part": name, "does": duty.does, "every": format_span(duty.every) if duty.every else "when needed"}
    if run is None:
        return {**row, "light": UNTOLD, "last": "never", "took": None, "says": "It has left no run yet."}
    late = duty.every > 0 and now - run.at > 2 * duty.every + OVERDUE_BY
    says = f"Overdue. {run.says}" if late and run.ok else run.says
    light = DOWN if not run.ok else LOOK if late else WELL
    return {
        **row,
        "light": light,
        "last": f"{age(now - run.at)} ago",
        "took": run.took_ms / 1_000,
        "says": says,
    }  # not money: seconds


def quality_words(found: Quality) -> str:
    """What the hourly function found of a day, in one line."""
    parts = [
        f"{count(found.orders)} orders",
        f"{count(found.filled)} filled",
        f"{count(found.rejected)} rejected",
        f"{count(found.in_doubt)} in doubt",
    ]
    if found.fill_rate is not None:
        parts.append(f"fill rate {ratio(found.fill_rate, 1_000_000)}")
    if found.uptime is not None:
        parts.append(f"uptime {ratio(found.uptime, 1_000_000)}")
    return " · ".join(parts)


# ---------------------------------------------------------------------- orders


def state_counts(orders: Iterable[Order]) -> dict[OrderState, int]:
    """Open orders by their state; those that there are none of are left out."""
    found: dict[OrderState, int] = {}
    for order in orders:
        found[order.state] = found.get(order.state, 0) + 1
    return {state: found[state] for state in OrderState if state in found}


def doubt_rows(orders: Iterable[Order], at: int, markets: Markets) -> list[Row]:
    """Orders in doubt at event time ``at``, the oldest doubt first."""
    doubtful = sorted((o for o in orders if o.state is OrderState.IN_DOUBT), key=lambda o: (o.changed_at, o.order_key))
    return [
        {
            "since": age(at - o.changed_at) if o.changed_at else NOTHING,
            "market": question(o.market, o.token, markets),
            "outcome": outcome(o.market, o.token, markets),
            "side": SIDES[o.side],
            "size": float_of_micro(o.size),
            "held": float_of_micro(o.reserved),
            "note": o.note,
            "key": o.order_key,
        }
        for o in doubtful
    ]


def dead_rows(orders: Iterable[Order], reviews: Mapping[str, Review], markets: Markets) -> list[Row]:
    """Orders that failed for good in the order given, with who has looked at them."""
    return [
        {
            "review": "✔ Reviewed" if o.order_key in reviews else "▲ To review",
            "placed": moment(o.planned_at),
            "market": question(o.market, o.token, markets),
            "outcome": outcome(o.market, o.token, markets),
            "side": SIDES[o.side],
            "size": float_of_micro(o.size),
            "limit": float_of_micro(o.limit),
            "tries": o.attempt,
            "note": o.note,
            "by": _by(reviews.get(o.order_key)),
            "whale": short(o.source),
            "key": o.order_key,
        }
        for o in orders
    ]


def _by(review: Review | None) -> str | None:
    return None if review is None else f"{review.who}: {review.note}"


def to_show(orders: Iterable[Order], reviews: Mapping[str, Review], which: str) -> list[Order]:
    """Failed orders of one kind: ``To review``, ``Reviewed``, or all."""
    wanted = {"To review": (False,), "Reviewed": (True,)}.get(which, (False, True))
    return [order for order in orders if (order.order_key in reviews) in wanted]


def recent_rows(orders: Iterable[Order], at: int, markets: Markets) -> list[Row]:
    """Orders, the youngest first: how they stand, and how long ago they were planned."""
    newest = sorted(orders, key=lambda o: (-o.planned_at, o.order_key))
    return [
        {
            "state": ORDER_STATES[o.state],
            "market": question(o.market, o.token, markets),
            "outcome": outcome(o.market, o.token, markets),
            "side": SIDES[o.side],
            "size": float_of_micro(o.size),
            "limit": float_of_micro(o.limit),
            "age": age(at - o.planned_at),
            "note": "Failed for good. " + o.note if o.dead else o.note,
            "key": o.order_key,
        }
        for o in newest
    ]
