"""Small worlds of fills for the scoring tests: who bought what, when, and what it paid."""

from collections.abc import Sequence

import numpy as np
import polars as pl

DAY = 86_400
START = 1_700_000_000


def fill(
    wallet: str,
    market: str,
    at: int,
    side: str = "BUY",
    outcome: str = "Yes",
    price: float = 0.5,
    size: float = 10.0,
    tx: str = "",
    kind: str = "TRADE",
) -> dict[str, object]:
    """One fill in the columns of the reader."""
    price_micro, size_micro = round(price * 1e6), round(size * 1e6)
    return {
        "ts_s": at,
        "wallet": wallet,
        "market": market,
        "slug": market,
        "token": f"{market}:{outcome}",
        "outcome": outcome,
        "side": side,
        "price_micro": price_micro,
        "size_micro": size_micro,
        "cash_micro": price_micro * size_micro // 1_000_000,
        "tx": tx or f"{wallet}-{market}-{at}-{side}-{outcome}-{price}-{size}",
        "type": kind,
        "inferred": False,
        "n": 0,
        "file": "world",
    }


def frame(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Fills as one table."""
    return pl.DataFrame(list(rows), infer_schema_length=None)


def betting_world(wallets: int = 12, markets: int = 60, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Wallets that buy Yes or No of common markets; the first two know more than the price says.

    A crowd buys the same token at the same price right after each bet, so that a follower finds prints.
    """
    rng = np.random.default_rng(seed)
    yes_won = rng.random(markets) < 0.5
    rows: list[dict[str, object]] = []
    for m in range(markets):
        market, end = f"m{m:03d}", START + (m + 1) * DAY
        for w in range(wallets):
            knows = w < 2 and rng.random() < 0.4
            yes = bool(yes_won[m]) if knows else bool(rng.random() < 0.5)
            outcome, at = "Yes" if yes else "No", end - 4000 + 60 * w
            rows.append(fill(f"w{w:02d}", market, at, outcome=outcome, price=0.5, size=20.0 + w))
            rows.append(fill("crowd", market, at + 10, outcome=outcome, price=0.5, size=100.0))
    resolutions = pl.DataFrame(
        {
            "key": [f"m{m:03d}" for m in range(markets)],
            "end_ts": [START + (m + 1) * DAY for m in range(markets)],
            "winner": ["Yes" if won else "No" for won in yes_won],
        }
    )
    return frame(rows), resolutions
