"""What people are shown of a running engine, as plain data: money, counts, followed wallets, and how risk stands.

Amounts in micro-dollars, shares of something in millionths, times in nanoseconds. Nothing here changes the engine.
"""

from collections.abc import Mapping, Sequence

from msgspec import to_builtins

from shared.domain.decision import Reason
from shared.domain.ledger import SETTLED_FOR_GOOD
from shared.domain.money import ONE, Usd, format_micro, millionths, mul_div_floor, part, value
from shared.domain.order import OrderState, Purpose
from shared.domain.tables import Figures
from shared.domain.whale import RankedWallet
from shared.engine.breakers import table
from shared.engine.changes import Changes
from shared.engine.desk import Desk
from shared.engine.engine import Engine
from shared.engine.risk import Risk
from shared.research.rounds import Rounds

REASONS_SHOWN = 16
STANDING_NAMED = 6
STANDING_SHOWN = 20
TEXT_MAX = 200
KEY_SHOWN = 10
FINDINGS_SHOWN = 10
STRESS_SHOWN = 12
PINS_SHOWN = 100
COMMANDS_SHOWN = 20
ANSWERS_SHOWN = 10

Row = dict[str, object]


def point_of(engine: Engine) -> Row:
    """A point of the curves."""
    desk = engine.desk
    return {
        "equity": desk.risk.equity(),
        "realized": desk.books.realized,
        "unrealized": _unrealized(desk),
        "cash": desk.books.balance("cash"),
    }


def _unrealized(desk: Desk) -> int:
    """What the positions held are worth above what they cost."""
    return desk.marks.total - sum(p.cost for held in desk.positions.values() for p in held.values())


def gauges_of(engine: Engine, feeds_down: int) -> dict[str, float | None]:
    """What is measured of an engine that turns (``fargate.gauges``); dollars and counts."""
    desk = engine.desk
    gained = desk.books.realized + _unrealized(desk)
    return {
        "heartbeat": 1,
        "trading_pnl_total": float(format_micro(gained)),
        "trading_positions_open": desk.open_positions(),
        "feeds_down": feeds_down,
        "orders_in_doubt": sum(order.state is OrderState.IN_DOUBT for order in desk.execution.open_orders()),
    }


def live_of(engine: Engine, at: int) -> Row:
    """What the engine has to say in the live view at event time ``at``."""
    desk, counts = engine.desk, engine.counts
    counted = sorted(engine.decisions.items(), key=lambda item: -item[1])
    return {
        "event_at": at,
        **point_of(engine),
        "reserved": desk.books.balance("reserved"),
        "marked": desk.marks.total,
        "fees": desk.books.fees,
        "positions_open": desk.open_positions(),
        "orders_open": len(desk.execution.open_orders()),
        "counts": {
            "whale_trades": counts.whale_trades,
            "duplicates": counts.duplicates,
            "late": counts.late,
            "fills": desk.books.fills,
        },
        "decisions": {reason.value: n for reason, n in counted[:REASONS_SHOWN]},
        "trading": desk.risk.trading,
        "switch_reason": desk.risk.stopped_because[:120],
        "breakers": tripped(desk.risk, at)[:STANDING_NAMED],
        "exits": {reason.value: n for reason, n in engine.holdings.left.items()},
    }


def whale_rows(engine: Engine, ranked: Mapping[str, RankedWallet]) -> list[Row]:
    """The followed wallets: their ranking, and what copying each brought."""
    pnl: dict[str, int] = {}
    copies: dict[str, int] = {}
    last: dict[str, int] = {}
    for position in engine.desk.books.positions.values():
        pnl[position.source] = pnl.get(position.source, 0) + position.realized
    for order in engine.desk.books.orders.values():
        last[order.source] = max(last.get(order.source, 0), order.planned_at)
        if order.purpose is Purpose.ENTRY:
            copies[order.source] = copies.get(order.source, 0) + 1
    return [
        {
            **_ranking_of(ranked.get(whale.wallet)),
            "wallet": whale.wallet,
            "rank": whale.rank,
            "n_markets": whale.n_markets,
            "edge_shrunk": whale.edge() or 0,
            "pnl_usd": pnl.get(whale.wallet, 0),
            "copies": copies.get(whale.wallet, 0),
            "last_trade_at": last.get(whale.wallet, 0),
        }
        for whale in engine.detection.whales.values()
    ]


def _ranking_of(ranked: RankedWallet | None) -> Row:
    if ranked is None:
        return {}
    return {"mean_return": ranked.mean_return, "return_low": ranked.return_low, "volume_usd": ranked.volume}


# ---------------------------------------------------------------------- risk


def tripped(risk: Risk, at: int) -> list[str]:
    """What they do, their names and whom they concern (``HALT daily_loss``, ``HALT whale_daily_loss 0x3775e37d``).

    The kill switch is left out: it is told wherever it is told whether we trade.
    """
    return [
        f"{one.action} {one.name} {one.key[:KEY_SHOWN]}".rstrip()
        for one in risk.standing(at)
        if one.name != "kill_switch"
    ]


def risk_of(engine: Engine, rounds: Rounds, at: int, alerts: Sequence[Row]) -> Row:
    """How risk stands: limits and how far they are used up, breakers, exits by rule, figures, settlement, rounds."""
    risk = engine.desk.risk
    return {
        "event_at": at,
        "limits": utilisation(engine.desk, at),
        "breakers": [to_builtins(row) for row in table(risk.limits)],
        "standing": [{**to_builtins(one), "text": one.text[:TEXT_MAX]} for one in risk.standing(at)[:STANDING_SHOWN]],
        "figures": _figures(risk.figures),
        "settlement": _settlement(engine.desk),
        "reconciliation": {
            **rounds.figures(),
            "last": [
                {"kind": one.kind.value, "subject": one.subject, "text": one.text[:TEXT_MAX]}
                for one in rounds.findings[:FINDINGS_SHOWN]
            ],
        },
        "alerts": list(alerts),
        "changes": changes_of(engine.changes),
    }


def changes_of(changes: Changes) -> Row:
    """What people changed: limits as they wrote them, mode and pins; commands accepted of late, those refused and why.
    ``in_force``: all limits; ``settings``: what those are without changes that differ from it; ``answers``: what became
    of the latest requests.
    """
    holds = changes.in_force()
    return {
        "in_force": to_builtins(changes.limits),
        "settings": _without_changes(changes),
        "stage": "" if changes.stage is None else changes.stage.name,
        "limits": holds.limits,
        "mode": holds.mode.value,
        "pinned": holds.pinned[:PINS_SHOWN],
        "unpinned": holds.unpinned[:PINS_SHOWN],
        "unfit": changes.unfit[:TEXT_MAX],
        "made": list(changes.made)[-COMMANDS_SHOWN:],
        "refused": {name: text[:TEXT_MAX] for name, text in changes.refused.items()},
        "answers": [
            {"id": name, "at": one.at, "words": one.words[:TEXT_MAX], "refused": one.refused[:TEXT_MAX]}
            for name, one in list(changes.answers.items())[-ANSWERS_SHOWN:]
        ],
    }


def _without_changes(changes: Changes) -> Row:
    """Limits that somebody changed, as the settings have them."""
    settings, in_force = to_builtins(changes.base), to_builtins(changes.limits)
    return {name: value for name, value in settings.items() if in_force[name] != value}


def _figures(figures: Figures) -> Row | None:
    """What the portfolio could lose; None where nobody has computed it yet."""
    if not figures.as_of:
        return None
    worst = sorted(figures.stress.items(), key=lambda item: item[1])
    return {
        "as_of": figures.as_of,
        "var_95": figures.var_95,
        "var_99": figures.var_99,
        "cvar_95": figures.cvar_95,
        "cvar_99": figures.cvar_99,
        "stress": dict(worst[:STRESS_SHOWN]),
        "diversification": figures.diversification,
        "bets": figures.bets,
        "repeats": figures.repeats,
        "trims": len(figures.trims),
    }


def _settlement(desk: Desk) -> Row:
    """Executions that may still fail and what they are worth, those that failed, payouts still to be redeemed."""
    books, settlements = desk.books, desk.settlements
    waiting = [books.booked[key] for keys in books.unsettled.values() for key in keys]
    fills = [one.fill for one in waiting if one.status not in SETTLED_FOR_GOOD]
    return {
        "unsettled": len(fills),
        "unsettled_usd": sum(value(fill.size, fill.price) for fill in fills),
        "failed": books.failed,
        "redeeming": len(books.redemptions),
        "merging": len(books.merging),
        "broken": settlements.broken[:TEXT_MAX],
    }


def utilisation(desk: Desk, at: int) -> list[Row]:
    """Each limit that is in force, how much of it is used, and in which unit (``usd``, ``share``, ``count``)."""
    rows = [*_lost(desk.risk), *_at_stake(desk), *_counted(desk, at), *_could_lose(desk.risk)]
    return [{"name": name, "used": used, "limit": limit, "unit": unit} for name, used, limit, unit in rows if limit > 0]


Use = tuple[str, int, int, str]


def _lost(risk: Risk) -> list[Use]:
    limits, equity = risk.limits, risk.equity()
    peak = max(risk.peak, equity)
    drawdown = mul_div_floor(peak - equity, ONE, peak) if peak > 0 else 0
    return [
        ("day_lost", risk.lost_today, risk.daily_loss_limit, "usd"),
        ("week_lost", risk.lost_this_week, limits.weekly_loss_usd, "usd"),
        ("drawdown", drawdown, limits.drawdown_halt, "share"),
        ("losses_in_a_row", millionths(risk.losses_in_a_row), millionths(limits.losses_to_pause), "count"),
    ]


def _at_stake(desk: Desk) -> list[Use]:
    """Money in positions and open orders: in all, and the most of it in one position, market and whale."""
    limits, used, equity = desk.limits, desk.books.used, desk.risk.equity()
    in_token: dict[str, int] = {}
    for held in desk.positions.values():
        for position in held.values():
            in_token[position.token] = in_token.get(position.token, 0) + position.cost
    for order in desk.execution.open_orders():
        in_token[order.token] = in_token.get(order.token, 0) + order.reserved
    portfolio = min(limits.portfolio_usd, limits.strategy_usd)
    if limits.exposure_of_equity < ONE:
        portfolio = min(portfolio, part(equity, limits.exposure_of_equity))
    return [
        ("portfolio", used.get("portfolio", 0), portfolio, "usd"),
        ("position", max(in_token.values(), default=0), part(equity, limits.position_of_equity), "usd"),
        ("market", _most(used, "market#"), _lesser(limits.market_usd, equity, limits.market_of_equity), "usd"),
        ("whale", _most(used, "source#"), _lesser(limits.source_usd, equity, limits.source_of_equity), "usd"),
        ("positions", millionths(len(desk.claimed_positions())), millionths(limits.positions_max), "count"),
    ]


def _lesser(amount: Usd, equity: Usd, share: int) -> int:
    return min(amount, mul_div_floor(equity, share, ONE))


def _most(used: Mapping[str, int], prefix: str) -> int:
    return max((amount for name, amount in used.items() if name.startswith(prefix)), default=0)


def _counted(desk: Desk, at: int) -> list[Use]:
    """What is counted within a minute or an hour; each pair is the count and its limit."""
    found: list[Use] = []
    for reason in (Reason.ORDER_RATE, Reason.HALTED_API_ERRORS, Reason.HALTED_SETTLEMENTS):
        (name, count), (_, limit) = desk.risk.numbers(reason, "", at)
        found.append((name, count, limit, "count"))
    return found


def _could_lose(risk: Risk) -> list[Use]:
    limits, figures = risk.limits, risk.figures
    if not figures.as_of:
        return []
    worst = max((-result for result in figures.stress.values()), default=0)
    return [
        ("var", figures.var_95, limits.var_95_usd, "usd"),
        ("cvar", figures.cvar_95, limits.cvar_95_usd, "usd"),
        ("stress", max(worst, 0), part(risk.equity(), limits.stress_of_equity), "usd"),
    ]
