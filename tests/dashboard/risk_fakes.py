"""How risk stands, as the trader writes it for the page."""

from typing import Any

from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.money import dollars
from tests.dashboard.fakes import NOW, WALLET


def risk_item() -> dict[str, Any]:
    """How risk stands, as the trader writes it: a halt of the day, a reduction, a limit nearly reached, figures."""
    return {
        "at": NOW + DAY,
        "event_at": NOW,
        "limits": [
            {"name": "day_lost", "used": dollars(510), "limit": dollars(500), "unit": "usd"},
            {"name": "drawdown", "used": 160_000, "limit": 200_000, "unit": "share"},
            {"name": "positions", "used": 3_000_000, "limit": 50_000_000, "unit": "count"},
            {"name": "moon_phase", "used": 500_000, "limit": 0, "unit": "phases"},
        ],
        "breakers": [
            breaker("kill_switch", "HALT", "when a person resumes", "a person"),
            breaker("daily_loss", "HALT", "at 00:00 UTC"),
            breaker("losses_in_a_row", "PAUSE", "after 1 h"),
            breaker("drawdown_reduce", "REDUCE", "when it is above that again"),
        ],
        "standing": [
            {
                "name": "daily_loss",
                "key": "",
                "action": "HALT",
                "since": NOW - HOUR,
                "ends_at": NOW + 2 * HOUR,
                "text": "day_lost 510",
            },
            {
                "name": "kill_switch",
                "key": WALLET,
                "action": "HALT",
                "since": 0,
                "ends_at": 0,
                "text": "drill",
            },
            {"name": "moon", "key": "", "action": "HOWL", "since": 0, "ends_at": 0, "text": "full"},
        ],
        "figures": {
            "as_of": NOW - MINUTE,
            "var_95": dollars(120),
            "var_99": dollars(200),
            "cvar_95": dollars(180),
            "cvar_99": dollars(260),
            "stress": {"edge_gone": -dollars(30), "liquidity_gone": -dollars(90)},
            "diversification": 640_000,
            "bets": 7,
            "repeats": 0,
            "trims": 1,
        },
        "settlement": {"unsettled": 3, "unsettled_usd": dollars(75), "failed": 1, "redeeming": 2, "merging": 0},
        "reconciliation": {
            "rounds": 12,
            "equal_at": NOW - 3 * MINUTE,
            "findings": {"in_flight": 2, "repaired": 5, "odd_one": 1},
            "last": [{"kind": "settling", "subject": "pUSD", "text": "pUSD: 25 are settling"}],
        },
        "alerts": [
            {"at": NOW, "severity": 1, "name": "trading_stopped", "text": "enough", "times": 1},
            {"at": NOW - MINUTE, "severity": 9, "name": "odd", "text": "what", "times": 4},
        ],
    }


def breaker(name: str, action: str, ends: str, by: str = "itself") -> dict[str, Any]:
    """A row of the table of breakers."""
    condition = f"the condition of {name}"
    return {"name": name, "condition": condition, "scope": "account", "action": action, "ends": ends, "by": by}
