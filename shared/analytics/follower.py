"""What a follower of a wallet would have got: the same trades, later, from what was still for sale.

Fills come only from later prints of the same token and side, in another transaction, strictly after the delay and
within the order's life; each print's volume is used once per wallet followed, at the print's price (cost rounded up,
proceeds down), within the limit, and the taker fee is paid: the rule of the paper venue (engine/matching.py). Earlier
orders take first, and an order takes the earliest prints first.

Every amount is an exact integer, so the split of a wallet's result holds to the micro-dollar:
own = own on the filled shares + own on the unfilled; follower = own on the filled shares + price - fees.
"""

from bisect import bisect_right
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

import msgspec
import polars as pl
from scipy.special import stdtrit

from shared.analytics.accounts import TRADE, known_fills, market_facts
from shared.domain import money
from shared.domain.errors import BadInput
from shared.domain.market import DEFAULT_TICK, market_from_slug
from shared.domain.money import ONE, Fraction, Price, Shares

SLIPPAGE: Final = Fraction(20_000)
"""2%: how far beyond the whale's price the limit lies, at least one tick (spec 5)."""
ORDER_LIFE_S: Final = 30
"""How long an order waits for prints."""
DELAYS_S: Final = (0.0, 2.0, 4.0, 10.0)
_KEY = ("wallet", "market")
_RESULT = ("filled_micro", "follower_cash_micro", "fee_micro", "own_fillable_cash_micro")


class Rules(msgspec.Struct, frozen=True):
    """How the follower orders. ``fee_rate`` in millionths; None: by the kind of market (the slug tells)."""

    delay_s: float = 2.0
    fee_rate: Fraction | None = None
    slippage: Fraction = SLIPPAGE
    tick: Price = DEFAULT_TICK
    life_s: float = ORDER_LIFE_S

    def __post_init__(self) -> None:
        """``BadInput`` for a negative delay or life."""
        for name, value in (("delay_s", self.delay_s), ("life_s", self.life_s)):
            if not 0 <= value < float("inf"):
                raise BadInput(f"{name} must be zero or more seconds, not {value!r}")


def follow(
    fills: pl.DataFrame, resolutions: pl.DataFrame, rules: Rules | None = None, as_of_s: int | None = None
) -> pl.DataFrame:
    """Every trade of every wallet as its follower got it: wallet, market, outcome, token, ts_s, side, price_micro,
    size_micro, cash_micro; filled_micro (shares), follower_cash_micro (signed, + received, fee not in it), fee_micro,
    own_fillable_cash_micro (the wallet's own cash for the filled shares, signed); end_ts, resolved, payout_micro (per
    share). A follower sells only what its earlier copies of this wallet brought it.

    ``BadInput`` as ``returns.wallet_markets``, and without a column token or tx.
    """
    rules = rules or Rules()
    known = known_fills(fills, as_of_s)
    if "token" not in known.columns or "tx" not in known.columns:
        raise BadInput(f"fills lack the column token or tx; they have {', '.join(known.columns)}")
    facts = market_facts(known, resolutions, as_of_s)
    trades = (
        known.filter((pl.col("type") == TRADE) & (pl.col("size_micro") > 0))
        .drop("fee_micro")  # what the wallet paid; the follower's own is computed
        # The wallet comes last, so that no name is served before another.
        .sort("token", "ts_s", "tx", "side", "price_micro", "size_micro", "cash_micro", "wallet")
        .join(
            facts.select("market", "winner", "resolved", "end_ts", rate=_rates(facts, rules)), on="market", how="left"
        )
    )
    wins = pl.col("outcome").str.to_lowercase() == pl.col("winner").str.to_lowercase()
    payout = pl.when("resolved").then(pl.when(wins).then(ONE).otherwise(0).cast(pl.Int64))
    copied = pl.DataFrame(list(_copied(trades, rules)), schema=dict.fromkeys(("row", *_RESULT), pl.Int64), orient="row")
    rows = trades.with_row_index("row").with_columns(payout.alias("payout_micro"), pl.col("row").cast(pl.Int64))
    joined = rows.join(copied, on="row", how="left")
    return joined.with_columns(pl.col(list(_RESULT)).fill_null(0)).select(
        *_KEY, "outcome", "token", "ts_s", "side", "price_micro", "size_micro", "cash_micro", *_RESULT, "end_ts",
        "resolved", "payout_micro",
    )  # fmt: skip


def follower_markets(
    fills: pl.DataFrame, resolutions: pl.DataFrame, rules: Rules | None = None, as_of_s: int | None = None
) -> pl.DataFrame:
    """One row per (wallet, market) with trades, sorted: end_ts, resolved, follower_cost_micro (purchases without fees),
    follower_fees_micro, filled_share (of the shares traded, 0..1), follower_bought_micro (shares); and, null while
    unresolved, own_pnl_micro, own_fillable_pnl_micro, own_unfillable_pnl_micro, price_pnl_micro, follower_pnl_micro and
    follower_ret (P&L per dollar paid with fees; null when nothing was bought).

    own = fillable + unfillable and follower = fillable + price - fees, exactly. Own P&L is that of the trades, each
    against the payout. ``BadInput`` as ``follow``.
    """
    return markets_of(follow(fills, resolutions, rules, as_of_s))


def markets_of(followed: pl.DataFrame) -> pl.DataFrame:
    """``follower_markets`` from the trades ``follow`` gave."""
    buy = pl.col("side") == "BUY"
    sign = pl.when(buy).then(1).otherwise(-1).cast(pl.Int64)
    won = pl.col("payout_micro") == ONE
    own_cash = -sign * pl.col("cash_micro")
    worth = pl.when(won).then(sign * pl.col("size_micro")).otherwise(0)
    worth_filled = pl.when(won).then(sign * pl.col("filled_micro")).otherwise(0)
    table = followed.group_by(*_KEY).agg(
        pl.col("end_ts").first(),
        pl.col("resolved").first(),
        (-pl.col("follower_cash_micro")).filter(buy).sum().alias("follower_cost_micro"),
        pl.col("filled_micro").filter(buy).sum().alias("follower_bought_micro"),
        pl.col("fee_micro").sum().alias("follower_fees_micro"),
        (pl.col("filled_micro").sum() / pl.col("size_micro").sum()).alias("filled_share"),
        (worth + own_cash).sum().alias("own_pnl_micro"),
        (worth_filled + pl.col("own_fillable_cash_micro")).sum().alias("own_fillable_pnl_micro"),
        (pl.col("follower_cash_micro") - pl.col("own_fillable_cash_micro")).sum().alias("price_pnl_micro"),
        (worth_filled + pl.col("follower_cash_micro") - pl.col("fee_micro")).sum().alias("follower_pnl_micro"),
    )
    paid = pl.col("follower_cost_micro") + pl.col("follower_fees_micro")
    ret = pl.when(paid > 0).then(pl.col("follower_pnl_micro").cast(pl.Float64) / paid.cast(pl.Float64))
    table = table.with_columns(
        (pl.col("own_pnl_micro") - pl.col("own_fillable_pnl_micro")).alias("own_unfillable_pnl_micro"),
        ret.alias("follower_ret"),
    )
    settled = ("own_pnl_micro", "own_fillable_pnl_micro", "own_unfillable_pnl_micro", "price_pnl_micro")
    return table.with_columns(
        pl.when("resolved").then(pl.col(name)).alias(name) for name in (*settled, "follower_pnl_micro", "follower_ret")
    ).select(
        *_KEY, "end_ts", "resolved", "follower_cost_micro", "follower_fees_micro", "follower_bought_micro",
        "filled_share", *settled, "follower_pnl_micro", "follower_ret",
    ).sort(_KEY)  # fmt: skip


def decomposition(
    fills: pl.DataFrame,
    resolutions: pl.DataFrame,
    delays_s: tuple[float, ...] = DELAYS_S,
    rules: Rules | None = None,
    as_of_s: int | None = None,
) -> pl.DataFrame:
    """The table of following every trade of every wallet, in resolved markets: one row per delay, with and without fee.

    delay_s, fee (bool), wallets, windows, filled_share, own_micro = fillable_micro + unfillable_micro, follower_micro =
    fillable_micro + price_micro + fees_micro (fees negative), follower_low_micro and follower_high_micro: the 95%
    interval of the follower's total when windows (markets that end together) are independent, markets inside one are
    not (Student's t over window totals; null below two windows). ``BadInput`` as ``follow``.
    """
    base = rules or Rules()
    rows: list[dict[str, object]] = []
    for delay in delays_s:
        followed = follow(fills, resolutions, msgspec.structs.replace(base, delay_s=delay), as_of_s).filter("resolved")
        rows.append(_row(followed, delay, fee=True))
        rows.append(_row(followed.with_columns(pl.lit(0, pl.Int64).alias("fee_micro")), delay, fee=False))
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(followed: pl.DataFrame, delay: float, *, fee: bool) -> dict[str, object]:
    table = markets_of(followed)
    window = pl.coalesce(pl.col("end_ts").cast(pl.String), pl.col("market"))
    totals = table.group_by(window.alias("window")).agg(pl.col("follower_pnl_micro").sum())["follower_pnl_micro"]
    low, high = interval_of_total(totals)
    sums = {name: int(table[f"{name}_micro"].sum()) for name in ("own_pnl", "own_fillable_pnl", "own_unfillable_pnl",
            "price_pnl", "follower_fees", "follower_pnl")}  # fmt: skip
    traded = int(followed["size_micro"].sum())
    return {
        "delay_s": delay,
        "fee": fee,
        "wallets": table["wallet"].n_unique(),
        "windows": totals.len(),
        "filled_share": int(followed["filled_micro"].sum()) / traded if traded else None,
        "own_micro": sums["own_pnl"],
        "fillable_micro": sums["own_fillable_pnl"],
        "unfillable_micro": sums["own_unfillable_pnl"],
        "price_micro": sums["price_pnl"],
        "fees_micro": -sums["follower_fees"],
        "follower_micro": sums["follower_pnl"],
        "follower_low_micro": low,
        "follower_high_micro": high,
    }


def interval_of_total(clusters: pl.Series) -> tuple[float | None, float | None]:
    """The 95% interval of the sum of independent cluster totals: sum -+ t(n-1) x sqrt(n) x their standard deviation."""
    count = clusters.len()
    deviation = clusters.cast(pl.Float64).std()
    if count < 2 or not isinstance(deviation, float):
        return None, None
    total = float(clusters.sum())
    half = float(stdtrit(count - 1, 0.975)) * deviation * count**0.5
    return total - half, total + half


def _rates(facts: pl.DataFrame, rules: Rules) -> pl.Series:
    """The taker fee rate of each market, in millionths."""
    if rules.fee_rate is not None:
        return pl.Series([int(rules.fee_rate)] * facts.height, dtype=pl.Int64)
    slugs = facts.select(pl.when(pl.col("slug") != "").then("slug").otherwise("market")).to_series()
    return pl.Series([int(market_from_slug(slug, slug).fee_rate) for slug in slugs.to_list()], dtype=pl.Int64)


class _Book:
    """One token's prints in time order, and what of them the wallet being followed has used."""

    def __init__(self, table: pl.DataFrame) -> None:
        self.first = int(table["row"][0])
        self.times: list[int] = table["ts_s"].to_list()
        self.txs: list[str] = table["tx"].to_list()
        self.is_buy: list[bool] = (table["side"] == "BUY").to_list()
        self.prices: list[int] = table["price_micro"].to_list()
        self.sizes: list[int] = table["size_micro"].to_list()
        self.cash: list[int] = table["cash_micro"].to_list()
        self.wallets: list[str] = table["wallet"].to_list()
        self.rate = Fraction(int(table["rate"][0]))


def _copied(trades: pl.DataFrame, rules: Rules) -> Iterator[tuple[int, int, int, int, int]]:
    """(row, filled shares, follower's cash, fee, the wallet's own cash for these shares) of each trade that filled."""
    numbered = trades.with_row_index("row")
    for part in numbered.partition_by("token", maintain_order=True):
        book = _Book(part)
        by_wallet: dict[str, list[int]] = {}
        for place, wallet in enumerate(book.wallets):
            by_wallet.setdefault(wallet, []).append(place)
        for places in by_wallet.values():
            yield from _copy_wallet(book, places, rules)


def _copy_wallet(book: _Book, places: list[int], rules: Rules) -> Iterator[tuple[int, int, int, int, int]]:
    """Follow one wallet through one token: its trades in order, each against the prints after it."""
    left: dict[int, int] = {}
    coming: list[tuple[int, int]] = []
    held = 0
    for place in places:
        active_at = book.times[place] + rules.delay_s
        wanted = book.sizes[place]
        if not book.is_buy[place]:
            while coming and coming[0][0] <= active_at:
                held += heappop(coming)[1]
            wanted = min(wanted, held)
        filled = cash = fee = 0
        for found, size in _prints(book, place, active_at, wanted, left, rules):
            at = Price(book.prices[found])
            filled += size
            fee += money.taker_fee(Shares(size), at, book.rate)
            if book.is_buy[place]:
                cash -= money.cost(Shares(size), at)
                heappush(coming, (book.times[found], size))
            else:
                cash += money.proceeds(Shares(size), at)
        if filled == 0:
            continue
        own = money.mul_div_floor(book.cash[place], filled, book.sizes[place])
        if not book.is_buy[place]:
            held -= filled
        yield book.first + place, filled, cash, fee, -own if book.is_buy[place] else own


def _prints(
    book: _Book, place: int, active_at: float, wanted: int, left: dict[int, int], rules: Rules
) -> Iterator[tuple[int, int]]:
    """(print, shares taken) until the order is filled or its life ends; what is taken is gone from ``left``."""
    is_buy, tx, whale_price = book.is_buy[place], book.txs[place], Price(book.prices[place])
    worst = money.worst_buy if is_buy else money.worst_sell
    limit = worst(whale_price, rules.slippage, rules.tick)
    last = bisect_right(book.times, active_at + rules.life_s)
    for found in range(bisect_right(book.times, active_at), last):
        if wanted <= 0:
            return
        price = book.prices[found]
        if book.is_buy[found] is not is_buy or (price > limit if is_buy else price < limit) or book.txs[found] == tx:
            continue
        size = min(wanted, left.get(found, book.sizes[found]))
        if size > 0:
            left[found] = left.get(found, book.sizes[found]) - size
            wanted -= size
            yield found, size
