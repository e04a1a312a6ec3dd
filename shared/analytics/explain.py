"""A wallet's score in words: what it is, how sure we are, and why it is in or out."""

import math
from collections.abc import Mapping

Row = Mapping[str, object]

REASONS: dict[str, str] = {
    "incomplete_history": "it sold shares that it never bought in the data, so its record is not complete",
    "market_maker": "it makes markets: what it earns is the spread, which a follower would pay",
    "wash_trading": "much of its volume looks like trading with itself",
    "not_copyable": "a follower could have filled its trades in too few markets to judge what is left of its edge",
    "too_few_wins": "it has too few winning markets for its ratio to mean something",
    "too_few_losses": "it has too few losing markets: a record without losses says nothing about its risk",
    "infinite_interval": "its returns vary too little to bound its ratio",
}
GATES: dict[str, str] = {
    "copy": "it passes the gates and is copied",
    "try": "its quality suffices for the experimental tier only",
    "low_quality": "its quality is too low to be copied",
    "negative_edge": "its mean return is not positive, so it is not copied",
    "correlated": "it moves like a better ranked wallet that is copied already",
    "cluster": "it is probably run by the owner of a better ranked wallet, and both count as one",
    "not_eligible": "it is not ranked",
}
Q_SURE = 0.05


def explain(row: Row) -> str:
    """One wallet's row of the score table as a few plain sentences. Unknown values are called unknown."""
    return " ".join(part for part in (_what(row), _edge(row), _ratio(row), _follower(row), _verdict(row)) if part)


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _money(value: float) -> str:
    return f"{'-' if value < 0 else '+'}${abs(value):,.0f}"


def _count(row: Row, name: str) -> str:
    value = _number(row, name)
    return "an unknown number of" if value is None else f"{value:,.0f}"


def _what(row: Row) -> str:
    volume, pnl, roi = (_number(row, name) for name in ("volume_usd", "pnl_usd", "roi"))
    traded = "" if volume is None else f", ${volume:,.0f} traded"
    made = "" if pnl is None else f" and a result of {_money(pnl)}"
    rate = "" if roi is None else f" ({100 * roi:+.1f}% of what it bought)"
    mix = _text(row, "category_mix")
    return (
        f"{_count(row, 'n_trades')} trades in {_count(row, 'n_markets')} markets, {_count(row, 'n_resolved')} of them "
        f"resolved{traded}{made}{rate}." + (f" Markets: {mix}." if mix else "")
    )


def _edge(row: Row) -> str:
    rate, low, paid = (_number(row, name) for name in ("win_rate", "win_rate_low", "price_paid"))
    p, q = _number(row, "p_value"), _number(row, "q_value")
    if rate is None or paid is None:
        return "Its win rate is unknown."
    sure = "" if low is None else f" (at least {100 * low:.0f}% with good certainty)"
    points = 100 * (rate - paid)
    text = f"It wins {100 * rate:.0f}%{sure} of its bets at an average price of {paid:.2f}, {abs(points):.1f} points "
    text += "more than it paid for" if points >= 0 else "less than it paid for"
    if p is None or q is None:
        return text + "."
    proof = "that is evidence of an edge" if q <= Q_SURE else "that is no proof of an edge"
    return f"{text}; without an edge that happens with p = {p:.2g}, and among all wallets q = {q:.2g}: {proof}."


def _ratio(row: Row) -> str:
    low, high = _number(row, "sharpe_low"), _number(row, "sharpe_high")
    if low is None or high is None or math.isinf(low) or math.isinf(high):
        return "Its return per unit of risk cannot be bounded."
    side = "above zero" if low > 0 else "below zero" if high < 0 else "not distinguishable from zero"
    return f"Return per unit of risk and market: between {low:+.3f} and {high:+.3f} (95%), {side}."


def _follower(row: Row) -> str:
    pnl = _number(row, "follower_pnl_usd")
    if pnl is None:
        return "What a follower would have made is unknown from this data."
    own = _number(row, "pnl_usd")
    kept = "" if own is None else f", the wallet itself {_money(own)}"
    return f"A follower of every trade would have made {_money(pnl)}{kept}."


def _verdict(row: Row) -> str:
    reason, gate = _text(row, "reason"), _text(row, "gate")
    quality, rank = _number(row, "quality"), _number(row, "rank")
    share = _number(row, "allocation") or 0.0
    if row.get("eligible") is not True:
        return f"OUT: {REASONS.get(reason, reason or 'it is not eligible')}."
    place = "" if rank is None else f"Rank {rank:.0f}"
    worth = "" if quality is None else f", quality {quality:.0f} of 100"
    if share > 0:
        return f"IN: {place}{worth}, {100 * share:.1f}% of the capital: {GATES.get(gate, 'it is copied')}."
    return f"WATCHED: {place}{worth}, no capital: {GATES.get(gate, 'it does not pass the gates')}."
