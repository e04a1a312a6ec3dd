"""Who of the best ranked moves with whom, and who gained when and at what: cells of two heat maps, and words. Pure.

The rows are those of ``together.parquet`` and ``results.parquet`` of a stored ranking (shared/analytics/portraits.py).
"""

from collections.abc import Collection, Mapping, Sequence

from dashboard.leaderboard import number, text
from dashboard.rankings import Row
from dashboard.words import short

DAY, CATEGORY = "day", "category"
STRONG = 0.3
"""A correlation from which a pair is told in words."""
TOLD = 6
ONE_VOICE, GAIN, LOSS = "●", "+", "-"
Cell = dict[str, object]


def labels(wallets: Sequence[str], ranks: Mapping[str, int]) -> dict[str, str]:
    """What each wallet is called on an axis: its rank and its address, shortened; never two alike."""
    return {wallet: f"#{ranks[wallet]} {short(wallet)}" if wallet in ranks else short(wallet) for wallet in wallets}


def arranged(wallets: Sequence[str], pairs: Collection[Row]) -> list[str]:
    """The wallets in the order given, each followed at once by those that are counted as one voice with it."""
    mates: dict[str, list[str]] = {}
    for row in pairs:
        if row.get("one_voice") is True:
            mates.setdefault(text(row, "wallet"), []).append(text(row, "other"))
            mates.setdefault(text(row, "other"), []).append(text(row, "wallet"))
    placed: dict[str, None] = {}
    for wallet in wallets:
        waiting = [wallet]
        while waiting:
            one = waiting.pop(0)
            if one not in placed and one in wallets:
                placed[one] = None
                waiting += sorted(mates.get(one, ()), key=lambda mate: wallets.index(mate) if mate in wallets else 0)
    return list(placed)


def matrix(wallets: Sequence[str], pairs: Collection[Row], named: Mapping[str, str]) -> list[Cell]:
    """The lower triangle of the matrix, a cell for each pair; one without a row has nothing in common."""
    known = {frozenset((text(row, "wallet"), text(row, "other"))): row for row in pairs}
    cells: list[Cell] = []
    for place, one in enumerate(wallets):
        for other in wallets[:place]:
            row = known.get(frozenset((one, other)), {})
            correlation, overlap = number(row, "correlation") or 0.0, number(row, "overlap") or 0.0
            cells.append(
                {
                    "row": named[one],
                    "column": named[other],
                    "correlation": round(correlation, 3),
                    "overlap": round(overlap, 3),
                    "mark": ONE_VOICE if row.get("one_voice") is True else "",
                    "words": _together(correlation, row.get("one_voice") is True),
                }
            )
    return cells


def _together(correlation: float, one_voice: bool) -> str:
    if one_voice:
        return "counted as one voice"
    if correlation >= STRONG:
        return "often move together"
    if correlation <= -STRONG:
        return "often move against each other"
    return "independent, as far as is known"


def pairs_in_words(wallets: Collection[str], pairs: Collection[Row], named: Mapping[str, str]) -> list[str]:
    """The strongest pairs of these wallets, one sentence each."""
    found = [
        (abs(correlation), row)
        for row in pairs
        if text(row, "wallet") in wallets
        and text(row, "other") in wallets
        and abs(correlation := number(row, "correlation") or 0.0) >= STRONG
    ]
    found.sort(key=lambda pair: -pair[0])
    said = []
    for _, row in found[:TOLD]:
        correlation, overlap = number(row, "correlation") or 0.0, number(row, "overlap") or 0.0
        both = f"{named[text(row, 'wallet')]} and {named[text(row, 'other')]}"
        how = _together(correlation, row.get("one_voice") is True)
        said.append(f"{both}: {how} (correlation {correlation:+.2f}, {overlap:.0%} of their markets in common).")
    return said


def result_cells(by: str, wallets: Sequence[str], rows: Collection[Row], named: Mapping[str, str]) -> list[Cell]:
    """Cells of the heat map of results; ``share`` -1..1 is what the colour goes by, cut at the 95% largest."""
    wanted = [row for row in rows if row.get("by") == by and text(row, "wallet") in wallets]
    sizes = sorted(abs(value) for row in wanted if (value := number(row, "result")) is not None)
    reach = (sizes[(len(sizes) - 1) * 19 // 20] if sizes else 0.0) or 1.0
    cells: list[Cell] = []
    for row in wanted:
        value = number(row, "result")
        if value is None:
            continue
        cells.append(
            {
                "row": named[text(row, "wallet")],
                "column": text(row, "name").replace("_", " ") or "none",
                "share": round(max(-1.0, min(1.0, value / reach)), 4),
                "mark": GAIN if value > 0 else LOSS if value < 0 else "",
                "label": _result(by, value),
                "markets": _markets(row),
            }
        )
    return cells


def _result(by: str, value: float) -> str:
    if by == CATEGORY:
        return f"{value:+.1%} per market"
    return f"{'-' if value < 0 else '+'}${abs(value):,.0f}"


def _markets(row: Row) -> str:
    found = number(row, "markets")
    return "" if found is None else f"{found:,.0f} markets"
