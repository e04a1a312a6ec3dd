"""What may be wrong with reports: pieces lost, doubled, stale, foreign or false."""

from collections.abc import Callable
from random import Random
from typing import Any

from msgspec.structs import replace

from shared.adapters.paper.orders import PaperOrder
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.money import ONE, Price, Shares, Usd
from shared.domain.order import OrderState, Side
from shared.domain.reports import OpenOrder, OrderStatement, Reports, TradeReport
from tests.prove.lives import TOKENS, Life


def wreck(life: Life, reports: Reports, before: Reports) -> Reports:
    """The reports with some pieces lost, doubled, stale or foreign; in a life that is lied to, also false."""
    rng, papers = life.rng, life.log.load()
    for _ in range(rng.choice((1, 1, 2, 3))):
        reports = rng.choice(_LIES if life.lied_to else _LOSSES)(rng, reports, before)
    arrived = [paper for paper in papers if paper.state is not OrderState.PLANNED]
    if rng.random() < 0.4 and arrived:
        said = [statement(life, paper) for paper in rng.sample(arrived, min(len(arrived), 2))]
        reports = replace(reports, statements=tuple(said))
    return reports


def statement(life: Life, paper: PaperOrder) -> OrderStatement:
    """The venue's answer about an order."""
    rng, state, filled = life.rng, paper.state, int(paper.filled)
    if life.lied_to and rng.random() < 0.1:
        state = rng.choice((OrderState.LIVE, OrderState.CANCELED, OrderState.REJECTED, OrderState.FILLED))
    if life.lied_to and rng.random() < 0.05:
        filled += 1
    return OrderStatement(paper.order.order_key, state, Shares(filled))


def unread(rng: Random, reports: Reports, before: Reports) -> Reports:
    """A question failed."""
    return replace(reports, **{rng.choice(("open_orders", "trades", "positions", "balance")): None})


def stale(rng: Random, reports: Reports, before: Reports) -> Reports:
    """One answer is that of the round before."""
    name = rng.choice(("open_orders", "trades", "positions", "balance"))
    return replace(reports, **{name: getattr(before, name)})


def lost(rng: Random, reports: Reports, before: Reports) -> Reports:
    """Rows are missing."""
    name = rng.choice(("open_orders", "trades"))
    return replace(reports, **{name: tuple(row for row in getattr(reports, name) or () if rng.random() < 0.7)})


def doubled(rng: Random, reports: Reports, before: Reports) -> Reports:
    """Rows come twice, in any order, as pages that moved while they were read."""
    rows = [*(reports.trades or ()), *(before.trades or ())]
    return shuffled(rng, replace(reports, trades=tuple(rows)))


def micro(rng: Random, reports: Reports, before: Reports) -> Reports:
    """A number is wrong by one millionth."""
    sign = rng.choice((-1, 1))
    if reports.trades and rng.random() < 0.4:
        trades = list(reports.trades)
        n = rng.randrange(len(trades))
        name = rng.choice(("price", "size", "fee"))
        made = replace(trades[n].fill, **{name: getattr(trades[n].fill, name) + sign})
        trades[n] = replace(trades[n], fill=made)
        return replace(reports, trades=tuple(trades))
    return planted(rng, reports, sign)


def planted(rng: Random, reports: Reports, sign: int) -> Reports:
    """The wallet holds a micro-unit more or less of something."""
    if reports.positions and rng.random() < 0.5:
        token = rng.choice(sorted(reports.positions))
        return replace(reports, positions={**reports.positions, token: reports.positions[token] + sign})
    return replace(reports, balance=(reports.balance or 0) + sign)


def foreign(rng: Random, reports: Reports, before: Reports) -> Reports:
    """Somebody else traded with this wallet."""
    n = rng.randrange(3)
    token, size = rng.choice(TOKENS), Shares(rng.randint(1, 10) * ONE)
    made = Fill(f"foreign{n}", "", 500_000, size, Usd(0), reports.as_of)
    trade = TradeReport(made, token, Side.BUY, SettlementStatus.CONFIRMED, f"0xf{n}")
    order = OpenOrder("", f"0xe{n}", token, Side.BUY, Price(10_000), size, Shares(0))
    if rng.random() < 0.5:
        return replace(reports, trades=(*(reports.trades or ()), trade))
    return replace(reports, open_orders=(*(reports.open_orders or ()), order))


def resettled(rng: Random, reports: Reports, before: Reports) -> Reports:
    """Executions are said to have settled otherwise."""
    trades = list(reports.trades or ())
    for n, trade in enumerate(trades):
        if rng.random() < 0.2:
            trades[n] = replace(trade, status=rng.choice(list(SettlementStatus)))
    return replace(reports, trades=tuple(trades))


_LOSSES: tuple[Callable[[Random, Reports, Reports], Reports], ...] = (unread, stale, lost, doubled, foreign)
_LIES = (*_LOSSES, micro, micro, resettled)


def shuffled(rng: Random, reports: Reports) -> Reports:
    """The same reports in another order."""
    changes: dict[str, Any] = {}
    for name in ("open_orders", "trades", "statements", "cancels_answered"):
        rows = getattr(reports, name)
        if rows is not None:
            changes[name] = tuple(rng.sample(rows, len(rows)))
    if reports.positions is not None:
        names = list(reports.positions)
        changes["positions"] = {name: reports.positions[name] for name in rng.sample(names, len(names))}
    return replace(reports, **changes)
