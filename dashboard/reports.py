"""What can be taken away as a file: each report's columns, its rows, and the name of its file."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from dashboard.deals import Deal, standing
from dashboard.performance import results, sums_by
from dashboard.queries.asked import Queries
from dashboard.queries.money import MARKS_MOST
from dashboard.sheets import Cell, Columns, Values
from dashboard.state import Live
from dashboard.tables import Markets, outcome, question, unrealised
from dashboard.words import unchecked
from shared.domain.decision import Decision
from shared.domain.instants import DAY, iso_day
from shared.domain.ledger import PostingKind
from shared.domain.money import mul_div_floor, value
from shared.domain.order import Side
from shared.domain.reasons import label, numbers_in_words

DAYS_MOST = 31
"""Days that one file covers."""
AT_ONCE = 1_000
"""Rows whose markets are asked for together."""
T, M, N, W = Cell.TEXT, Cell.MICRO, Cell.COUNT, Cell.TIME
Tick = Callable[[int], None]


class Asked(Struct, frozen=True):
    """What a report is made from: who answers, the live view, the numbered UTC days (the oldest first), and whom to
    tell how many of the days are done.
    """

    queries: Queries
    live: Live
    days: Sequence[int]
    tick: Tick


class Report(Struct, frozen=True):
    """A report: its name, what is in it, its columns, whether it is about days, and what makes its rows."""

    name: str
    says: str
    columns: Columns
    daily: bool
    rows: Callable[[Asked], Iterator[Values]]


def file_name(account: str, report: Report, days: Sequence[int], ending: str) -> str:
    """Such as ``paper-executions-2026-03-21-to-2026-03-22.csv``; of one day, or as of one, with that day alone."""
    first, last = (iso_day(day * DAY) for day in (days[0], days[-1]))
    span = last if first == last or not report.daily else f"{first}-to-{last}"
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{account}-{report.name.lower()}").strip("._")
    return f"{plain}-{span}.{ending}"


def _executions(asked: Asked) -> Iterator[Values]:
    for number, day in enumerate(asked.days, 1):
        deals = standing([asked.queries.money.book(day, asked.live.event_at)])
        markets = asked.queries.money.titles({deal.market for deal in deals})
        yield from (_execution(deal, markets) for deal in deals)
        asked.tick(number)


def _execution(deal: Deal, markets: Markets) -> Values:
    return (
        deal.at,
        deal.venue_at,
        deal.side.value,
        deal.purpose.value,
        question(deal.market, deal.token, markets),
        outcome(deal.market, deal.token, markets),
        deal.price,
        deal.size,
        value(deal.size, deal.price),
        deal.fee,
        deal.liquidity,
        deal.reference or None,
        deal.source,
        deal.strategy,
        deal.rule,
        deal.planned_at,
        deal.order_key,
        deal.trade_id,
        deal.signal_tx,
        deal.market,
        deal.token,
    )


def _decisions(asked: Asked) -> Iterator[Values]:
    for number, day in enumerate(asked.days, 1):
        made = asked.queries.money.decisions_of(day)
        while some := list(islice(made, AT_ONCE)):
            markets = asked.queries.money.titles({one.market for one in some})
            yield from (_decision(one, markets) for one in some)
        asked.tick(number)


def _decision(made: Decision, markets: Markets) -> Values:
    return (
        made.at,
        made.venue_at,
        label(made.reason),
        made.wallet,
        made.side.value,
        question(made.market, made.token, markets),
        outcome(made.market, made.token, markets),
        made.price,
        made.size,
        made.limit or None,
        made.p_win or None,
        made.stake or None,
        made.confidence or None,
        " · ".join(numbers_in_words(made.numbers)),
        unchecked(made),
        made.strategy,
        made.order_key,
        made.tx,
        made.market,
        made.token,
    )


def _positions(asked: Asked) -> Iterator[Values]:
    positions = sorted(asked.queries.positions(), key=lambda one: (one.size == 0, -one.changed_at, one.key))
    markets = asked.queries.money.titles({one.market for one in positions})
    marks = asked.live.marks
    for one in positions:
        yield (
            "open" if one.size else "closed",
            question(one.market, one.token, markets),
            outcome(one.market, one.token, markets),
            one.size,
            one.cost,
            marks.get(one.token) if one.size else None,
            unrealised(one, marks) if one.size else None,
            one.realized,
            one.source,
            one.strategy,
            one.opened_at,
            one.changed_at,
            one.market,
            one.token,
        )


def _ledger(asked: Asked) -> Iterator[Values]:
    for number, day in enumerate(asked.days, 1):
        for made in asked.queries.money.postings(day):
            for line in made.entries:
                yield (made.at, made.kind.value, line.account, line.asset, line.amount, made.ref, made.posting_id)
        asked.tick(number)


def _curve(asked: Asked) -> Iterator[Values]:
    for number, day in enumerate(asked.days, 1):
        for point in asked.queries.money.points(day):
            yield (point.at, point.equity, point.cash, point.realized, point.unrealized)
        asked.tick(number)


def _whales(asked: Asked) -> Iterator[Values]:
    known = {row.wallet: row for row in asked.queries.whales()}
    found = sums_by(asked.queries.positions(), asked.live.marks, lambda one: one.source)
    wallets = [*sorted(found, key=lambda name: (-found[name].total, name)), *(w for w in known if w not in found)]
    for wallet in wallets:
        row, one = known.get(wallet), found.get(wallet)
        yield (
            wallet,
            row.rank or None if row is not None else None,
            "yes" if row is not None else "no",
            one.total if one is not None else 0,
            one.realized if one is not None else 0,
            one.unrealized if one is not None else 0,
            one.held if one is not None else 0,
            one.open if one is not None else 0,
            one.count if one is not None else 0,
            row.copies if row is not None else None,
            (row.last_trade_at or None) if row is not None else None,
        )


def _summary(asked: Asked) -> Iterator[Values]:
    money, until = asked.queries.money, asked.live.event_at
    marks = money.marks(until, DAY, MARKS_MOST)
    ends = {mark.at // DAY: mark.equity for mark in marks}
    brought = {one.at // DAY: one for one in results(marks, DAY, money.began())}
    for number, day in enumerate(asked.days, 1):
        book = money.book(day, until)
        deals = standing([book])
        bought = [deal for deal in deals if deal.side is Side.BUY]
        made = brought.get(day)
        executed = {deal.order_key for deal in bought}
        yield (
            iso_day(day * DAY),
            ends.get(day),
            None if made is None else made.gained,
            None if made is None or made.on <= 0 else mul_div_floor(made.gained, 100_000_000, made.on),
            len(bought),
            len(deals) - len(bought),
            sum(value(deal.size, deal.price) for deal in deals),
            sum(deal.fee for deal in deals),
            len(book.planned),
            sum(1 for key in book.planned if key in executed),
            len(book.ended),
            sum(one.paid for one in book.ended.values()),
            book.total(PostingKind.DEPOSIT),
            book.total(PostingKind.REBATE),
        )
        asked.tick(number)


def _columns(told: Iterable[str], kinds: Iterable[Cell]) -> Columns:
    return tuple(zip(told, kinds, strict=True))


REPORTS = (
    Report(
        "Executions",
        "Every execution of our orders on the days chosen, as booked. Those that failed to settle on the same day are "
        "left out.",
        _columns(
            (
                "time",
                "venue_time",
                "side",
                "purpose",
                "market",
                "outcome",
                "price_usd",
                "shares",
                "worth_usd",
                "fee_usd",
                "liquidity",
                "shown_price_usd",
                "whale",
                "strategy",
                "exit_rule",
                "order_planned",
                "order",
                "trade",
                "signal_transaction",
                "market_id",
                "token_id",
            ),
            (W, W, T, T, T, T, M, M, M, M, T, M, T, T, T, W, T, T, T, T, T),
        ),
        daily=True,
        rows=_executions,
    ),
    Report(
        "Decisions",
        "Every decision on the days chosen, newest first within a day, with its reason and numbers. Decisions expire.",
        _columns(
            (
                "time",
                "venue_time",
                "reason",
                "whale",
                "side",
                "market",
                "outcome",
                "price_usd",
                "shares",
                "our_limit_usd",
                "chance_to_win",
                "stake_usd",
                "confidence",
                "numbers",
                "not_checked",
                "strategy",
                "order",
                "transaction",
                "market_id",
                "token_id",
            ),
            (W, W, T, T, T, T, T, M, M, M, M, M, M, T, T, T, T, T, T, T),
        ),
        daily=True,
        rows=_decisions,
    ),
    Report(
        "Positions",
        "All positions as they stand, closed ones too.",
        _columns(
            (
                "state",
                "market",
                "outcome",
                "shares",
                "cost_usd",
                "last_price_usd",
                "unrealised_usd",
                "realised_usd",
                "whale",
                "strategy",
                "opened",
                "changed",
                "market_id",
                "token_id",
            ),
            (T, T, T, M, M, M, M, M, T, T, W, W, T, T),
        ),
        daily=False,
        rows=_positions,
    ),
    Report(
        "Ledger",
        "Every line of the double entry on the days chosen; the lines of a posting sum to zero for each asset.",
        _columns(
            ("time", "kind", "account", "asset", "amount", "about", "posting"),
            (W, T, T, T, M, T, T),
        ),
        daily=True,
        rows=_ledger,
    ),
    Report(
        "Equity",
        "The equity curve on the days chosen, a point a minute.",
        _columns(("time", "equity_usd", "cash_usd", "realised_usd", "unrealised_usd"), (W, M, M, M, M)),
        daily=True,
        rows=_curve,
    ),
    Report(
        "Whales",
        "What copying each wallet has brought so far, and the followed ones that were not copied.",
        _columns(
            (
                "wallet",
                "rank",
                "followed",
                "result_usd",
                "realised_usd",
                "unrealised_usd",
                "held_usd",
                "open_positions",
                "positions",
                "copy_orders",
                "last_copy",
            ),
            (T, N, T, M, M, M, M, N, N, N, W),
        ),
        daily=False,
        rows=_whales,
    ),
    Report(
        "Summary",
        "One line a day: equity, result, executions, fees, settlements, money put in.",
        _columns(
            (
                "day",
                "equity_usd",
                "result_usd",
                "result_percent",
                "purchases",
                "sales",
                "traded_usd",
                "fees_usd",
                "orders_to_buy",
                "of_them_executed",
                "settled_positions",
                "settled_for_usd",
                "put_in_usd",
                "rebates_usd",
            ),
            (T, M, M, M, N, N, M, M, N, N, N, M, M, M),
        ),
        daily=True,
        rows=_summary,
    ),
)
"""Every report, in the order in which they are offered."""
