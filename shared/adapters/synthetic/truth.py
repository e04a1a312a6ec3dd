"""What is known about every wallet because the world was made: its role, its true edge, whether following it pays."""

import numpy as np
import polars as pl

from shared.adapters.synthetic.markets import Markets
from shared.adapters.synthetic.matching import Rows
from shared.adapters.synthetic.noise import offered, open_for_trade
from shared.adapters.synthetic.orders import BUY
from shared.adapters.synthetic.prices import Prices
from shared.adapters.synthetic.wallets import Role, Style, Wallets
from shared.adapters.synthetic.world import FloatArray, IntArray

FOLLOW_DELAY_S = 4.0
LUCKY_PART = 0.03
LUCKY_MIN_BUYS = 10


def truth_table(rows: Rows, markets: Markets, prices: Prices, wallets: Wallets) -> pl.DataFrame:
    """One row per wallet, from the model and not from outcomes.

    ``role``: noise, skilled, copycat, market_maker, wash, or lucky_loser (a noise wallet with a negative true edge
    whose outcomes happened to be among the best: the one place where outcomes are looked at). ``style``: slow or fast
    information of the skilled, the taste of the others. ``true_edge``: mean over the wallet's BUY prints of (true
    probability at that instant - price), dollars per share before fees; null without a purchase. ``pair``: number of
    the cluster or wash pair, or null. ``followable``: acts on slow information (its own or copied), which outlives
    the delay of a follower, and ``follow_edge`` > 0. ``follow_edge``: mean over the BUY prints of the model's profit
    per share, after the taker fee, of a follower 4 s later at the then ask, where that ask is within max(2%, 1 tick)
    of the print; null where never.
    """
    buy = np.flatnonzero(rows.side == BUY)
    wallet, market, token, cents = (column[buy] for column in (rows.wallet, rows.market, rows.token, rows.cents))
    at = rows.at[buy]
    edge = prices.value(prices.true, market, token, at) - cents / 100.0
    true_edge, n_buys = _means(edge, wallet, wallets.count)
    later = at + FOLLOW_DELAY_S
    ask = prices.ask_cents(market, token, later)
    limit = cents + np.maximum(1, cents // 50)
    reached = np.flatnonzero(open_for_trade(markets, market, later) & offered(ask) & (ask <= limit))
    paid = ask[reached] / 100.0
    fee = markets.fee_rate[market[reached]] * paid * (1.0 - paid)
    gain = prices.value(prices.true, market[reached], token[reached], later[reached]) - paid - fee
    follow_edge, _ = _means(gain, wallet[reached], wallets.count)
    lucky = _lucky(rows, markets, prices, wallets, true_edge, n_buys)
    outlives = (wallets.style == Style.SLOW) | (wallets.role == Role.COPYCAT)
    names = [Role(role).name.lower() for role in wallets.role]
    return pl.DataFrame(
        {
            "wallet": wallets.address,
            "role": ["lucky_loser" if is_lucky else name for name, is_lucky in zip(names, lucky, strict=True)],
            "style": [Style(style).name.lower() for style in wallets.style],
            "true_edge": pl.Series(true_edge).fill_nan(None),
            "n_buys": n_buys,
            "pair": pl.Series(wallets.pair).replace(-1, None),
            "followable": outlives & (follow_edge > 0.0),
            "follow_edge": pl.Series(follow_edge).fill_nan(None),
        }
    )


def _means(values: FloatArray, wallet: IntArray, count: int) -> tuple[FloatArray, IntArray]:
    """Mean of the values of each wallet (NaN where there is none) and their number."""
    number = np.bincount(wallet, minlength=count)
    total = np.bincount(wallet, weights=values, minlength=count)
    return np.divide(total, number, out=np.full(count, np.nan), where=number > 0), number.astype(np.int64)


def _lucky(
    rows: Rows, markets: Markets, prices: Prices, wallets: Wallets, true_edge: FloatArray, n_buys: IntArray
) -> list[bool]:
    """Noise wallets with a negative true edge whose realised edge is positive and in the best few percent of them."""
    resolved = markets.end <= markets.close_s
    counted = np.flatnonzero((rows.side == BUY) & resolved[rows.market])
    won = (rows.token[counted] == 0) == prices.up_won[rows.market[counted]]
    realised, _ = _means(won - rows.cents[counted] / 100.0, rows.wallet[counted], wallets.count)
    candidate = (wallets.role == Role.NOISE) & (n_buys >= LUCKY_MIN_BUYS) & (true_edge < 0.0) & (realised > 0.0)
    if not candidate.any():
        return [False] * wallets.count
    least = np.quantile(realised[candidate], max(0.0, 1.0 - LUCKY_PART * wallets.count / candidate.sum()))
    return [bool(flag) for flag in candidate & (realised >= least)]
