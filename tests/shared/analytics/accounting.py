"""Hand-made fills and resolutions for the tests of returns, reconciliation and follower."""

from typing import Any

import polars as pl
from hypothesis import strategies as st

M = 1_000_000
FILL_SCHEMA: dict[str, pl.DataType] = {
    "ts_s": pl.Int64(),
    "wallet": pl.String(),
    "market": pl.String(),
    "slug": pl.String(),
    "token": pl.String(),
    "outcome": pl.String(),
    "side": pl.String(),
    "price_micro": pl.Int64(),
    "size_micro": pl.Int64(),
    "cash_micro": pl.Int64(),
    "fee_micro": pl.Int64(),
    "tx": pl.String(),
    "type": pl.String(),
    "inferred": pl.Boolean(),
}


def fill(side_or_type: str, size: float, price: float = 0.5, **other: Any) -> dict[str, Any]:
    """One row; ``side_or_type`` BUY and SELL are trades. Sizes in shares, prices in dollars; ``cash`` overrides."""
    trade = side_or_type in {"BUY", "SELL"}
    at = other.pop("ts_s", 1000)
    outcome = other.pop("outcome", "Yes" if trade else "")
    market = other.pop("market", "m")
    cash = other.pop("cash", size * price if trade else size)
    row = {
        "ts_s": at,
        "wallet": "0xa",
        "market": market,
        "slug": "",
        "token": f"{market}:{outcome}" if trade else "",
        "outcome": outcome,
        "side": side_or_type if trade else "",
        "price_micro": round(price * M) if trade else 0,
        "size_micro": round(size * M),
        "cash_micro": round(cash * M),
        "fee_micro": round(other.pop("fee", 0) * M),
        "tx": f"tx{at}",
        "type": "TRADE" if trade else side_or_type,
        "inferred": False,
    }
    return row | other


def total(frame: pl.DataFrame, column: str) -> int:
    return int(frame.select(pl.col(column).sum()).item())


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=FILL_SCHEMA, orient="row")


def winners(*markets: tuple[str, int | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(markets), schema={"key": pl.String, "end_ts": pl.Int64, "winner": pl.String}, orient="row")


YES = winners(("m", 2000, "Yes"))
BOTH = winners(("m", 2000, "Yes"), ("k", 2000, "No"))

_micro = st.integers(0, 10**13)


@st.composite
def histories(draw: st.DrawFn) -> pl.DataFrame:
    """Any rows at all of two wallets in two markets: also oversold, dust, odd millionths, several in one second."""
    count = draw(st.integers(1, 25))
    rows = []
    for _ in range(count):
        kind = draw(st.sampled_from(["BUY", "BUY", "BUY", "SELL", "SELL", "SPLIT", "MERGE", "REDEEM"]))
        row = fill(
            kind,
            1,
            ts_s=1000 + draw(st.integers(0, 8)),
            market=draw(st.sampled_from(["m", "k"])),
            wallet=draw(st.sampled_from(["0xa", "0xb"])),
            outcome=draw(st.sampled_from(["Yes", "No"])) if kind in {"BUY", "SELL"} else "",
        )
        row["size_micro"] = draw(_micro)
        row["cash_micro"] = draw(_micro)
        row["fee_micro"] = draw(st.integers(0, 10**6))
        row["price_micro"] = draw(st.integers(1, M - 1))
        rows.append(row)
    return table(*rows)
