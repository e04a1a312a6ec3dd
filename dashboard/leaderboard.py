"""A ranking in words: rows of the leaderboard, the picture of an interval, and what is said of one wallet. Pure.

A row of a stored run is a mapping with the columns of a score table; what it does not know is left empty.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from dashboard.inks import AMBER, GREY, TEAL
from dashboard.rankings import Row, Run
from dashboard.state import WhaleRow
from dashboard.words import count, gain, ratio, short, stamp
from shared.analytics.explain import explain
from shared.domain.money import ONE, float_of_micro
from shared.domain.whale import RankedWallet

REASONS: dict[str, str] = {
    "incomplete_history": "history incomplete",
    "market_maker": "market maker",
    "wash_trading": "trades with itself",
    "not_copyable": "cannot be copied in time",
    "too_few_wins": "too few wins",
    "too_few_losses": "too few losses",
    "infinite_interval": "interval without bounds",
}
FLAGS: dict[str, str] = {
    "incomplete_history": "history incomplete",
    "market_maker": "market maker",
    "wash_trading": "trades with itself",
    "overlap": "same markets as a better one",
    "left_out": "some markets left out",
    "specialist": "specialist",
    "correlated": "moves like a better one",
}
FOLLOWED, WATCHED, OUT = "✔ Followed", "○ Eligible, not followed", "✖ Out"
WIDTH, HEIGHT, MARGIN = 136, 24, 8
"""Of an interval's picture, in pixels."""
REACH_LEAST, REACH_MOST = 0.1, 2.0


def number(row: Mapping[str, object], name: str) -> float | None:
    """A finite number of a row, or ``None``."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def text(row: Mapping[str, object], name: str) -> str:
    """A text of a row, "" for none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def interval(row: Mapping[str, object]) -> tuple[float, float] | None:
    """Both ends of the ratio's interval; ``None`` when it has no bounds."""
    low, high = number(row, "sharpe_low"), number(row, "sharpe_high")
    return None if low is None or high is None else (low, high)


def words_of(names: str, known: Mapping[str, str]) -> str:
    """Names separated by commas, in words; a name this version does not know is made readable."""
    return ", ".join(known.get(name, name.replace("_", " ")) for name in names.split(",") if name)


def verdict(row: Mapping[str, object], followed: Collection[str]) -> str:
    """In or out, and why, in a few words."""
    if text(row, "wallet") in followed:
        return FOLLOWED
    if row.get("eligible") is True:
        return WATCHED
    return f"{OUT}: {words_of(text(row, 'reason'), REASONS) or 'not eligible'}"


def reach_of(rows: Iterable[Mapping[str, object]]) -> tuple[float, float]:
    """From where to where the pictures of these rows reach, zero included; what lies beyond is cut off.

    The ranked decide, where there are any: those that are out have the widest intervals.
    """
    listed = list(rows)
    ranked = [row for row in listed if row.get("eligible") is True]
    ends = [end for row in ranked or listed for end in interval(row) or ()]
    low, high = max(min([0.0, *ends]), -REACH_MOST), min(max([0.0, *ends]), REACH_MOST)
    return (low, high) if high - low >= REACH_LEAST else (low, low + REACH_LEAST)


def picture(ends: tuple[float, float] | None, reach: tuple[float, float]) -> str | None:
    """An interval as a dot with a whisker beside a line at zero: an SVG image in a data address."""
    if ends is None:
        return None

    def across(value: float) -> float:
        """Pixels from the left; a little beyond the edges at most."""
        share = (value - reach[0]) / (reach[1] - reach[0])
        return MARGIN + (WIDTH - 2 * MARGIN) * max(-0.1, min(1.1, share))

    ink = TEAL if ends[0] > 0 else AMBER if ends[1] < 0 else GREY
    half = HEIGHT / 2
    left, right = across(ends[0]), across(ends[1])
    caps = "".join(f"M{x:.1f} {half - 4}V{half + 4}" for x in (left, right))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path d="M{across(0.0):.1f} 0V{HEIGHT}" stroke="{GREY}" stroke-dasharray="3 2"/>'
        f'<path d="M{left:.1f} {half}H{right:.1f}{caps}" stroke="{ink}" stroke-width="2"/>'
        f'<circle cx="{across((ends[0] + ends[1]) / 2):.1f}" cy="{half}" r="4" fill="{ink}"/></svg>'
    )
    return f"data:image/svg+xml;utf8,{quote(svg)}"


def _percent(row: Mapping[str, object], name: str) -> float | None:
    value = number(row, name)
    return None if value is None else 100.0 * value


def leader_rows(rows: Iterable[Row], followed: Collection[str]) -> list[Row]:
    """Rows of the leaderboard in the order given; proportions in percent, prices in cents."""
    listed = list(rows)
    reach = reach_of(listed)
    return [
        {
            "whale": short(text(row, "wallet")),
            "rank": row.get("rank"),
            "interval": picture(interval(row), reach),
            "verdict": verdict(row, followed),
            "quality": number(row, "quality"),
            "low": number(row, "sharpe_low"),
            "high": number(row, "sharpe_high"),
            "win_rate": _percent(row, "win_rate"),
            "paid": _percent(row, "price_paid"),
            "q": number(row, "q_value"),
            "allocation": _percent(row, "allocation"),
            "score": number(row, "score"),
            "resolved": row.get("n_resolved"),
            "pnl": number(row, "pnl_usd"),
            "follower": number(row, "follower_pnl_usd"),
            "flags": words_of(text(row, "flags"), FLAGS),
            "cluster": text(row, "cluster"),
            "wallet": text(row, "wallet"),
        }
        for row in listed
    ]


def pair_rows(pairs: Iterable[Row], linked: bool) -> list[Row]:
    """Other wallets that are counted as the same person's (or only came into question), with the evidence."""
    return [
        {"other": short(text(row, "other")), "evidence": text(row, "evidence"), "wallet": text(row, "other")}
        for row in pairs
        if (row.get("linked") is True) == linked
    ]


def method(run: Run) -> str:
    """How the wallets of a run are ordered, in one sentence."""
    level, delay = run.rules.get("level"), run.rules.get("delay_s")
    sure = f"{level:.0%} " if isinstance(level, int | float) else ""
    late = f" {delay:g} s" if isinstance(delay, int | float) else ""
    whose = (
        f"a follower who trades{late} later" if run.follower else "the wallets themselves (followers cannot be shown)"
    )
    made = f"Made from {count(run.inputs)} {'file' if run.inputs == 1 else 'files'}."
    return f"Ordered by the lower end of the {sure}interval of the Sharpe ratio of {whose}. {made}"


def sentences(row: Row, rules: Mapping[str, Any]) -> tuple[str, str]:
    """What ``explain`` says of a wallet: its verdict, and the rest. ``rules``: what the run was made with."""
    told = explain({"gate": _gate(row, rules), **row})
    found = re.search(r"\b(IN|OUT|WATCHED): ", told)
    return (told[found.start() :], told[: found.start()].strip()) if found else ("", told)


def _gate(row: Row, rules: Mapping[str, Any]) -> str:
    """Why an eligible wallet got no capital, as far as the stored columns tell; "" when they do not."""
    if number(row, "allocation"):
        return ""
    if "correlated" in text(row, "flags").split(","):
        return "correlated"
    least, quality = (rules.get("gates") or {}).get("quality_try"), number(row, "quality")
    return "low_quality" if least is not None and quality is not None and quality < least else ""


def place_before(rank: int | None, before: int | None, previous_at: str) -> str:
    """Where a wallet stood in the ranking before this one (of ``previous_at``)."""
    if rank is None and before is None:
        return f"Ranked neither now nor in the ranking of {previous_at}."
    if before is None:
        return f"New among the ranked: it had no rank in the ranking of {previous_at}."
    if rank is None:
        return f"It left the ranked: it was number {before} in the ranking of {previous_at}."
    moved = before - rank
    change = "the same place" if moved == 0 else f"{abs(moved)} {'up' if moved > 0 else 'down'} from {before}"
    return f"Number {rank}, {change} since the ranking of {previous_at}."


def brought(row: WhaleRow | None) -> str:
    """What copying a wallet has brought us."""
    if row is None:
        return "The trader does not follow it, so copying it has brought nothing."
    if row.copies == 0:
        return "Followed, not copied so far."
    orders = "order" if row.copies == 1 else "orders"
    return (
        f"Copied with {count(row.copies)} {orders}: {gain(row.pnl_usd)} realised, the last {stamp(row.last_trade_at)}."
    )


def rest_of(whale: WhaleRow) -> str:
    """What the watch list alone says of a wallet whose ranking was not stored."""
    if whale.rank == 0:
        return "Pinned by hand: followed by a person's wish, not by its record."
    made = f"It returned {ratio(whale.mean_return, ONE)} of the money paid per market on average"
    if whale.return_low >= whale.mean_return:
        sure = ""
    else:
        low, high = ratio(whale.return_low, ONE), ratio(whale.return_high, ONE)
        side = "above zero" if whale.return_low > 0 else "which does not exclude zero"
        sure = f" (95% interval {low} to {high}, {side})"
    told = f"Rank {whale.rank} of the watch list, from {count(whale.n_markets)} resolved markets. {made}{sure}."
    if whale.edge_shrunk:
        cents = float_of_micro(whale.edge_shrunk * 100)  # not money: cents to look at
        told += f" Won less paid per share, shrunk towards zero: {cents:+.2f} ¢."
    return told


def whale_of_ranked(ranked: RankedWallet) -> WhaleRow:
    """A row for a published wallet that the trader has not written about yet."""
    return WhaleRow(
        ranked.wallet,
        ranked.rank,
        ranked.n_markets,
        mean_return=ranked.mean_return,
        return_low=ranked.return_low,
        volume_usd=ranked.volume,
    )
