"""One seeded synthetic world, from parameters to files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.adapters.synthetic import books, world
from shared.adapters.synthetic.markets import Markets, make_markets
from shared.adapters.synthetic.matching import match
from shared.adapters.synthetic.noise import noise_orders
from shared.adapters.synthetic.orders import Orders, join
from shared.adapters.synthetic.prices import Prices, make_prices
from shared.adapters.synthetic.skilled import (
    Decisions,
    cluster_orders,
    copycat_orders,
    exit_orders,
    skilled_orders,
    wash_orders,
)
from shared.adapters.synthetic.truth import truth_table
from shared.adapters.synthetic.wallets import Wallets, make_wallets
from shared.adapters.synthetic.world import HOUSE, Scale
from shared.adapters.synthetic.write import (
    TRADES,
    TRUTH,
    deliveries,
    market_table,
    resolution_table,
    trade_tables,
    write_frame,
    write_tables,
)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Summary:
    """What was generated: parameters, where, and how much of everything."""

    seed: int
    hours: float
    scale: str
    out: Path
    wallets: int
    markets: int
    resolved: int
    transactions: int
    trades: int
    """Rows of trades.parquet, repeated deliveries included."""
    redelivered: int
    """Rows that repeat an earlier row with a later ``collected_at``; they are no trades of their own."""
    book_snapshots: int
    volume_usd: float
    """Notional of the takers, in dollars."""


def generate(seed: int, hours: float, out: Path, scale: Scale = HOUSE, progress: Progress | None = None) -> Summary:
    """Write trades, resolutions, markets, books and truth (Parquet) of a seeded world into the folder ``out``.

    The world begins at 2026-06-01T00:00Z and lasts ``hours``. The same seed, hours and scale give the same tables on
    every run. ``progress`` is called with a short line before each longer step.
    Raises ValueError for a negative seed, for hours outside (0, 720] and for an ``out`` that is not a folder.
    """
    world.check(seed, hours)
    if out.exists() and not out.is_dir():
        raise ValueError(f"out must be a folder, got the file {str(out)!r}.")
    out.mkdir(parents=True, exist_ok=True)
    say = progress or _silent
    rngs = world.streams(seed)
    tape_s = max(1, round(hours * 3600))
    say(f"synthetic: prices of {hours:g} hours")
    markets = make_markets(rngs["markets"], hours, scale)
    prices = make_prices(rngs["prices"], markets, tape_s)
    wallets = make_wallets(rngs["wallets"], scale)
    say(f"synthetic: orders of {wallets.count} wallets in {markets.count} markets")
    orders = _all_orders(rngs, markets, prices, wallets, scale, tape_s)
    say(f"synthetic: matching {len(orders)} orders")
    rows = match(rngs["matching"], orders, markets, wallets)
    position, collected, redelivered = deliveries(rngs["delivery"], rows)
    say(f"synthetic: writing {len(position)} trades")
    tables = trade_tables(rngs["delivery"], rows, markets, wallets, (position, collected))
    trades = write_tables(out / "trades.parquet", TRADES, tables)
    write_frame(out / "resolutions.parquet", resolution_table(markets, prices))
    write_frame(out / "markets.parquet", market_table(markets, rows))
    write_frame(out / TRUTH, truth_table(rows, markets, prices, wallets))
    say("synthetic: writing books")
    snapshots = write_tables(
        out / "books.parquet", books.SCHEMA, books.book_tables(rngs["books"], markets, prices, scale)
    )
    return Summary(
        seed=seed,
        hours=hours,
        scale=scale.name,
        out=out,
        wallets=wallets.count,
        markets=markets.count,
        resolved=int((markets.end <= markets.close_s).sum()),
        transactions=len(orders),
        trades=trades,
        redelivered=redelivered,
        book_snapshots=snapshots,
        volume_usd=int((rows.units * rows.cents)[rows.taker].sum()) / 1e6,
    )


def _all_orders(
    rngs: dict[str, np.random.Generator],
    markets: Markets,
    prices: Prices,
    wallets: Wallets,
    scale: Scale,
    tape_s: int,
) -> Orders:
    """The taker orders of everybody, in order of time."""
    noise_count = max(1, round(scale.noise_decisions_per_day * tape_s / 86_400))
    noise = noise_orders(rngs["noise"], markets, prices, wallets, noise_count, tape_s)
    slow, slow_first, fast, _ = skilled_orders(rngs["skilled"], markets, prices, wallets, scale, tape_s)
    followers = rngs["followers"]
    copies = copycat_orders(followers, markets, prices, wallets, slow_first)
    cluster = [
        cluster_orders(followers, markets, prices, wallets, decisions)
        for decisions in (slow_first, Decisions(noise.at, noise.market, noise.wallet, noise.token, noise.cents))
    ]
    bought = join([noise, slow, fast, copies, *cluster])
    sold = exit_orders(followers, markets, prices, wallets, bought)
    wash = wash_orders(rngs["wash"], markets, prices, wallets, scale.wash_trades_per_pair, tape_s)
    everything = join([bought, sold, wash])
    return everything.take(np.argsort(everything.at, kind="stable"))


def _silent(_: str) -> None:
    """Progress for callers who want none."""
