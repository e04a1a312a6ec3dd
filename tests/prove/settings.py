"""What a history is drawn with: an account, and limits scaled to it, so that small accounts meet them."""

from functools import cache
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.money import ONE, Fraction, Usd, dollars
from shared.engine.limits import Limits, checked
from shared.engine.profiles import PROFILES

FULL_SIZE = 10_000
"""Dollars for which the profiles are made."""
CAPITALS = (500, 2_000, 10_000)
SCALED = (
    "portfolio_usd",
    "market_usd",
    "source_usd",
    "strategy_usd",
    "trade_min_usd",
    "trade_max_usd",
    "daily_loss_usd",
    "weekly_loss_usd",
    "source_daily_loss_usd",
    "var_95_usd",
    "cvar_95_usd",
    "loss_per_trade_usd",
    "twap_above_usd",
)
WIDE = Limits(
    portfolio_usd=dollars(1_500),
    strategy_usd=dollars(1_400),
    market_usd=dollars(500),
    source_usd=dollars(800),
    trade_max_usd=dollars(250),
    position_of_equity=Fraction(100_000),
    positions_max=4,
    daily_loss_usd=dollars(800),
    daily_loss_of_equity=Fraction(300_000),
    source_daily_loss_usd=dollars(400),
    drawdown_halt=Fraction(400_000),
    drawdown_reduce=Fraction(200_000),
    twap_above_usd=dollars(50),
    entries_per_minute=4,
)
"""In which most of what whales do is copied, and a lot of money moves."""


class Setting(Struct, frozen=True):
    """One history's account and rules. ``settles``: the venue says how executions settle."""

    sizing: str
    capital: int
    limits: Limits
    settles: bool


@cache
def scaled(name: str, capital: int) -> Limits:
    """A profile for an account of so many dollars: its percentages stay, its dollars shrink with it."""
    profile = PROFILES[name]
    changes = {field: Usd(getattr(profile, field) * capital // FULL_SIZE) for field in SCALED}
    return checked(replace(profile, **changes))


def drawn(rng: Random) -> Setting:
    """A setting: wide limits, or either profile, with some of the limits so tight that a short history reaches them."""
    capital = rng.choice(CAPITALS)
    name = rng.choice(("wide", *PROFILES))
    limits = WIDE if name == "wide" else scaled(name, capital)
    tight = {
        "positions_max": (2, 4),
        "losses_to_pause": (1, 2),
        "api_errors_per_hour": (0, 1),
        "failed_settlements_per_hour": (0, 1),
        "entries_per_minute": (2, 3),
        "exits_per_minute": (2, 4),
        "exposure_of_equity": (150_000, ONE // 2),
        "topic_positions_max": (1, 2),
        "source_daily_loss_usd": (1, dollars(capital) // 100),
        "daily_loss_of_equity": (10_000, 50_000),
        "weekly_loss_usd": (dollars(capital) // 200, dollars(capital) // 50),
        "loss_per_trade_usd": (max(int(limits.trade_min_usd), dollars(capital) // 400),),
    }
    changes = {name: rng.choice(choices) for name, choices in tight.items() if rng.random() < 0.25}
    if rng.random() < 0.25:
        changes |= {"drawdown_reduce": 5_000, "drawdown_halt": rng.choice((5_000, 20_000))}
        changes["drawdown_reduce_more"] = 5_000 if limits.drawdown_reduce_more else 0
    if rng.random() < 0.3:
        changes["losses_need_person"] = not limits.losses_need_person
    sizing = rng.choice(("kelly", "ratio"))
    return Setting(sizing, capital, checked(replace(limits, **changes)), rng.random() < 0.6)
