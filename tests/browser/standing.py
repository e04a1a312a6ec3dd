"""How risk stands in an account that trades, as the trader writes it."""

from typing import Any

from msgspec import to_builtins

from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.ledger import Position
from shared.domain.money import dollars
from shared.engine.breakers import table
from shared.engine.limits import Limits


def risk_view(at: int, positions: list[Position]) -> dict[str, Any]:
    """How risk stands; empty where there is nothing."""
    if not positions:
        return {}
    limits = Limits()
    used = sum(p.cost for p in positions)
    return {
        "at": at,
        "event_at": at,
        "limits": [
            {"name": "day_lost", "used": dollars(412), "limit": limits.daily_loss_usd, "unit": "usd"},
            {"name": "drawdown", "used": 41_000, "limit": limits.drawdown_halt, "unit": "share"},
            {"name": "portfolio", "used": used, "limit": limits.portfolio_usd, "unit": "usd"},
            {"name": "market", "used": dollars(1_450), "limit": limits.market_usd, "unit": "usd"},
            {"name": "whale", "used": dollars(2_870), "limit": dollars(3_000), "unit": "usd"},
            {"name": "positions", "used": len(positions) * 1_000_000, "limit": 50_000_000, "unit": "count"},
            {"name": "entries", "used": 2_000_000, "limit": 10_000_000, "unit": "count"},
        ],
        "breakers": [to_builtins(row) for row in table(limits)],
        "standing": [],
        "figures": {
            "as_of": at - 40 * SECOND,
            "var_95": dollars(120),
            "var_99": dollars(203),
            "cvar_95": dollars(181),
            "cvar_99": dollars(264),
            "stress": {"edge_gone": -dollars(30), "liquidity_gone": -dollars(90), "crypto_down": -dollars(212)},
            "diversification": 742_000,
            "bets": len(positions),
            "repeats": 0,
            "trims": 0,
        },
        "settlement": {"unsettled": 3, "unsettled_usd": dollars(75), "failed": 1, "redeeming": 2, "merging": 0},
        "reconciliation": {
            "rounds": 288,
            "equal_at": at - 3 * MINUTE,
            "findings": {"in_flight": 12, "settling": 5},
            "last": [],
        },
        "alerts": [
            {"at": at - 2 * HOUR, "severity": 2, "name": "feed_down", "text": "rtds was silent for 30 s", "times": 2},
            {"at": at - 9 * HOUR, "severity": 3, "name": "reconciled", "text": "equal again", "times": 1},
        ],
        "changes": {
            "in_force": to_builtins(limits),
            "limits": {},
            "mode": "trade",
            "pinned": [],
            "unpinned": [],
            "unfit": "",
        },
    }
