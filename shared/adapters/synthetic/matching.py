"""From taker orders to prints: which makers filled them, in which form, and the rows that both sides see.

A taker who buys a token meets a maker who either sells that token or, when it holds none to sell, buys the complement
at one minus the price (the venue mints the pair); sales are the mirror image (merging a pair). A maker sells only what
its own earlier fills in the market cover, so nobody is ever short a token.
"""

from dataclasses import dataclass

import numpy as np

from shared.adapters.synthetic.markets import Markets
from shared.adapters.synthetic.orders import BUY, NOBODY, SELL, Orders
from shared.adapters.synthetic.wallets import Role, Wallets
from shared.adapters.synthetic.world import UP, BoolArray, FloatArray, IntArray

FILLS = (0.72, 0.21, 0.07)
"""Part of orders that one, two and three makers fill."""
DEEPER_PART = 0.3
"""Part of further fills that reach one tick deeper into the book."""
TWIN_PART = 0.03
"""Part of orders filled by two equal fills of one maker: equal rows that are separate trades."""
TEAM = 6
"""Market makers quoting in one market."""
SMALLEST_SPLIT = 1_000


@dataclass(frozen=True)
class Rows:
    """One row per print of one wallet; rows of one order share its transaction."""

    at: FloatArray
    order: IntArray
    wallet: IntArray
    market: IntArray
    token: IntArray
    side: IntArray
    units: IntArray
    cents: IntArray
    taker: BoolArray

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.at)


@dataclass(frozen=True)
class _Fills:
    order: IntArray
    units: IntArray
    cents: IntArray
    maker: IntArray
    group: IntArray
    """Equal for consecutive fills that the taker sees as one row."""


def match(rng: np.random.Generator, orders: Orders, markets: Markets, wallets: Wallets) -> Rows:
    """The prints of all orders, in the order of the orders (which must be sorted by time)."""
    fills = _fill(rng, orders, markets, wallets)
    takers = _taker_rows(orders, fills)
    makers = _maker_rows(orders, fills)
    joined = {name: np.concatenate([takers[name], makers[name]]) for name in takers}
    by_order = np.argsort(joined["order"], kind="stable")
    columns = {name: values[by_order] for name, values in joined.items()}
    taker = by_order < len(takers["order"])
    return Rows(at=orders.at[columns["order"]], market=orders.market[columns["order"]], taker=taker, **columns)


def _fill(rng: np.random.Generator, orders: Orders, markets: Markets, wallets: Wallets) -> _Fills:
    count = len(orders)
    free = orders.maker == NOBODY
    number = 1 + rng.choice(len(FILLS), count, p=FILLS)
    number[~free | (orders.units < SMALLEST_SPLIT)] = 1
    twin = free & (orders.units >= SMALLEST_SPLIT) & (orders.units % 2 == 0) & (rng.random(count) < TWIN_PART)
    number[twin] = 2
    order = np.repeat(np.arange(count), number)
    begins = (np.cumsum(number) - number)[order]
    place = np.arange(len(order)) - begins
    units = _split(rng, orders.units, number, twin, order, place)
    deeper = (place > 0) & ~twin[order] & (rng.random(len(order)) < DEEPER_PART)
    level = np.cumsum(deeper)
    level = level - level[begins]
    worse = np.where(orders.side[order] == BUY, orders.cents[order] + level, orders.cents[order] - level)
    makers = wallets.having(Role.MARKET_MAKER)
    team = rng.choice(makers, (markets.count, TEAM), p=wallets.weight[makers] / wallets.weight[makers].sum())
    seat = rng.integers(0, TEAM, len(order))
    seat = np.where(twin[order], seat[begins], seat)
    maker = np.where(free[order], team[orders.market[order], seat], orders.maker[order])
    return _Fills(
        order=order,
        units=units,
        cents=np.clip(worse, 1, 99),
        maker=maker,
        group=np.cumsum((place == 0) | deeper | twin[order]),
    )


def _split(
    rng: np.random.Generator, total: IntArray, number: IntArray, twin: BoolArray, order: IntArray, place: IntArray
) -> IntArray:
    """Sizes of the fills of each order; they add up to the order and each is at least one unit."""
    cut = rng.uniform(0.35, 0.75, len(total))
    head = np.where(twin, total // 2, (total * cut).astype(np.int64))
    second = np.where(number == 3, ((total - head) * cut).astype(np.int64), total - head)
    parts = np.stack([np.where(number == 1, total, head), second, total - head - second])
    return np.asarray(parts[place, order], dtype=np.int64)


def _taker_rows(orders: Orders, fills: _Fills) -> dict[str, IntArray]:
    """Fills of one order at one price are one row of the taker, twins excepted."""
    begins = np.flatnonzero(np.diff(fills.group, prepend=-1))
    order = fills.order[begins]
    return {
        "order": order,
        "wallet": orders.wallet[order],
        "token": orders.token[order],
        "side": orders.side[order],
        "units": np.add.reduceat(fills.units, begins) if len(begins) else fills.units,
        "cents": fills.cents[begins],
    }


def _maker_rows(orders: Orders, fills: _Fills) -> dict[str, IntArray]:
    """One row per fill. The maker's exposure (first minus second tokens) moves by the fill in either form, so whether
    it can sell from stock follows from the running sum alone: stock of a token is never below the exposure to it.
    """
    token, side = orders.token[fills.order], orders.side[fills.order]
    loses_up = (token == UP) == (side == BUY)
    change = np.where(loses_up, -fills.units, fills.units)
    market = orders.market[fills.order]
    by_maker = np.lexsort((np.arange(len(change)), market, fills.maker))
    before = np.cumsum(change[by_maker]) - change[by_maker]
    group = (np.diff(fills.maker[by_maker], prepend=-1) != 0) | (np.diff(market[by_maker], prepend=-1) != 0)
    begins = np.flatnonzero(group)
    exposure = np.empty_like(change)
    exposure[by_maker] = before - before[begins][np.cumsum(group) - 1] if len(begins) else before
    sells = np.where(loses_up, exposure >= fills.units, -exposure >= fills.units)
    up_cents = np.where(token == UP, fills.cents, 100 - fills.cents)
    # Losing the first token: sell it, or buy the second. Gaining it: sell the second, or buy the first.
    maker_token = np.where(loses_up == sells, UP, 1 - UP)
    return {
        "order": fills.order,
        "wallet": fills.maker,
        "token": maker_token,
        "side": np.where(sells, SELL, BUY),
        "units": fills.units,
        "cents": np.where(maker_token == UP, up_cents, 100 - up_cents),
    }
