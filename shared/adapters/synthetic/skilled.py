"""Traders who know more than the public, and those who repeat the decisions of others.

A slow insider knows the slow news at once and sees the spot as late as everybody; a fast one sees the spot at once and
learns slow news with the public. Either acts only when its (noisy) estimate exceeds the price it pays by its threshold.
"""

from dataclasses import dataclass

import numpy as np

from shared.adapters.synthetic.markets import Markets
from shared.adapters.synthetic.noise import decision_usd, news_times, offered, open_for_trade, places
from shared.adapters.synthetic.orders import SELL, Orders, buys, spread_bursts
from shared.adapters.synthetic.prices import Prices
from shared.adapters.synthetic.wallets import Role, Style, Wallets
from shared.adapters.synthetic.world import BoolArray, Float32Array, FloatArray, IntArray, Scale

LOOKS_PER_DECISION = {Style.SLOW: 10, Style.FAST: 12}
"""How often a skilled wallet looks at a market for each decision it wants to take."""
BURSTS = {Style.SLOW: (3, 2.0), Style.FAST: (2, 0.4)}
"""Longest burst, and the mean seconds between its fills."""
COPY_PART = 0.15
"""Part of a leader's decisions that a copycat repeats."""
COPY_LEADERS = 3
CLUSTER_PART = 0.85
"""Part of a person's decisions that each of the further wallets repeats."""
NEWS_AGE_PART = 0.7
"""A specialist looks at news no older than this part of the time the public takes to learn it."""


@dataclass(frozen=True)
class Decisions:
    """First fills of skilled bursts, which others may repeat."""

    at: FloatArray
    market: IntArray
    wallet: IntArray
    token: IntArray
    cents: IntArray


def skilled_orders(
    rng: np.random.Generator, markets: Markets, prices: Prices, wallets: Wallets, scale: Scale, tape_s: int
) -> tuple[Orders, Decisions, Orders, Decisions]:
    """Orders and decisions of the slow insiders, then of the fast ones."""
    days = tape_s / 86_400.0
    slow = _insiders(rng, markets, prices, wallets, Style.SLOW, scale.slow_decisions_per_wallet * days, tape_s)
    fast = _insiders(rng, markets, prices, wallets, Style.FAST, scale.fast_decisions_per_wallet * days, tape_s)
    return *slow, *fast


def _insiders(
    rng: np.random.Generator,
    markets: Markets,
    prices: Prices,
    wallets: Wallets,
    style: Style,
    per_wallet: float,
    tape_s: int,
) -> tuple[Orders, Decisions]:
    people = wallets.having(Role.SKILLED, style)
    grid = prices.slow_insider if style == Style.SLOW else prices.fast_insider
    wanted = np.maximum(1, rng.poisson(per_wallet, len(people)))
    wallet = np.repeat(people, wanted * LOOKS_PER_DECISION[style])
    in_event = rng.random(len(wallet)) < wallets.event_part[wallet]
    market, at = places(rng, markets, prices, in_event, tape_s)
    # A specialist of events looks where there is news that the public does not have yet.
    events = np.flatnonzero(in_event)
    age = rng.random(len(events)) * prices.slow_delay_s[market[events]] * NEWS_AGE_PART
    at[events] = news_times(rng, prices, market[events]) + age
    usd = decision_usd(rng, wallets, wallet, in_event)
    error = rng.standard_normal(len(wallet)) * wallets.estimate_noise[wallet]
    token, edge = _best_token(prices, grid, market, at, error)
    acts = open_for_trade(markets, market, at) & (edge > wallets.threshold[wallet])
    chosen = _first_of_each(wallet, acts, np.repeat(wanted, wanted * LOOKS_PER_DECISION[style]))
    market, wallet, token = (column[chosen] for column in (market, wallet, token))
    at, usd, error = (column[chosen] for column in (at, usd, error))
    longest, gap_s = BURSTS[style]
    lengths = rng.integers(1, longest + 1, len(at))
    parent, when, place = spread_bursts(rng, lengths, gap_s, at)
    cents = prices.ask_cents(market[parent], token[parent], when)
    estimate = prices.value(grid, market[parent], token[parent], when) + error[parent]
    keep = open_for_trade(markets, market[parent], when) & offered(cents)
    keep &= (place == 0) | (estimate - cents / 100.0 > 0.5 * wallets.threshold[wallet[parent]])
    rows = parent[keep]
    orders = buys(when[keep], market[rows], wallet[rows], token[rows], usd[rows] / lengths[rows], cents[keep])
    return orders, Decisions(at, market, wallet, token, prices.ask_cents(market, token, at))


def _best_token(
    prices: Prices, grid: Float32Array, market: IntArray, at: FloatArray, error: FloatArray
) -> tuple[IntArray, FloatArray]:
    """The outcome with the larger estimated edge over its ask, and that edge; -1 where nobody sells it."""
    up = np.zeros(len(market), dtype=np.int64)
    edges = []
    for token in (up, up + 1):
        cents = prices.ask_cents(market, token, at)
        edge = prices.value(grid, market, token, at) + error - cents / 100.0
        edges.append(np.where(offered(cents), edge, -1.0))
    return np.where(edges[1] > edges[0], 1, 0), np.maximum(edges[0], edges[1])


def _first_of_each(wallet: IntArray, acts: BoolArray, wanted: IntArray) -> IntArray:
    """Rows on which a wallet acts, at most the number it wants; rows of one wallet stand together."""
    rows = np.flatnonzero(acts)
    begins = np.searchsorted(wallet[rows], wallet[rows], side="left")
    nth = np.arange(len(rows)) - begins
    return rows[nth < wanted[rows]]


def copycat_orders(
    rng: np.random.Generator, markets: Markets, prices: Prices, wallets: Wallets, decisions: Decisions
) -> Orders:
    """Late copies, 4 s and more after the fill, of the slow insiders each copycat has discovered."""
    leaders = wallets.having(Role.SKILLED, Style.SLOW)
    copycats = np.repeat(wallets.having(Role.COPYCAT), COPY_LEADERS)
    leader = leaders[rng.integers(0, len(leaders), len(copycats))]
    follower, row = _followed(copycats, leader, decisions.wallet)
    taken = rng.random(len(row)) < COPY_PART
    follower, row = follower[taken], row[taken]
    at = decisions.at[row] + 4.0 + rng.exponential(14.0, len(row))
    return _repeat(rng, markets, prices, wallets, decisions, (follower, row, at))


def cluster_orders(
    rng: np.random.Generator, markets: Markets, prices: Prices, wallets: Wallets, decisions: Decisions
) -> Orders:
    """What the further wallets of one person do: the same within seconds."""
    members = np.flatnonzero(wallets.leader >= 0)
    follower, row = _followed(members, wallets.leader[members], decisions.wallet)
    taken = rng.random(len(row)) < CLUSTER_PART
    follower, row = follower[taken], row[taken]
    at = decisions.at[row] + rng.uniform(0.5, 4.0, len(row))
    return _repeat(rng, markets, prices, wallets, decisions, (follower, row, at))


def _followed(follower: IntArray, leader: IntArray, deciders: IntArray) -> tuple[IntArray, IntArray]:
    """Every (follower, row of a decision of its leader)."""
    order = np.argsort(deciders, kind="stable")
    begin = np.searchsorted(deciders[order], leader, side="left")
    number = np.searchsorted(deciders[order], leader, side="right") - begin
    pick = np.repeat(begin - (np.cumsum(number) - number), number) + np.arange(int(number.sum()))
    return np.repeat(follower, number), order[pick]


def _repeat(
    rng: np.random.Generator,
    markets: Markets,
    prices: Prices,
    wallets: Wallets,
    decisions: Decisions,
    copies: tuple[IntArray, IntArray, FloatArray],
) -> Orders:
    follower, row, at = copies
    market, token = decisions.market[row], decisions.token[row]
    cents = prices.ask_cents(market, token, at)
    keep = open_for_trade(markets, market, at) & offered(cents) & (cents <= decisions.cents[row] + 3)
    usd = wallets.median_usd[follower] * rng.lognormal(0.2, 0.7, len(row))
    return buys(at[keep], market[keep], follower[keep], token[keep], usd[keep], cents[keep])


def exit_orders(rng: np.random.Generator, markets: Markets, prices: Prices, wallets: Wallets, bought: Orders) -> Orders:
    """Early sales: some purchases are sold again, whole, at the bid of a later instant."""
    remaining = markets.end[bought.market] - bought.at
    at = bought.at + 5.0 + rng.exponential(1.0, len(bought)) * 0.25 * remaining
    cents = prices.bid_cents(bought.market, bought.token, at)
    keep = rng.random(len(bought)) < wallets.exit_part[bought.wallet]
    keep &= open_for_trade(markets, bought.market, at) & offered(cents)
    sold = bought.take(np.flatnonzero(keep))
    return Orders(
        at=at[keep],
        market=sold.market,
        wallet=sold.wallet,
        token=sold.token,
        side=np.full(len(sold), SELL, dtype=np.int64),
        units=sold.units,
        cents=cents[keep],
        maker=sold.maker,
    )


def wash_orders(
    rng: np.random.Generator, markets: Markets, prices: Prices, wallets: Wallets, per_pair: float, tape_s: int
) -> Orders:
    """Pairs that trade with each other inside the spread: volume without an opinion."""
    people = wallets.having(Role.WASH).reshape(-1, 2)
    pair = np.repeat(np.arange(len(people)), max(1, round(per_pair * tape_s / 86_400.0)))
    turn = rng.integers(0, 2, len(pair))
    wallet, partner = people[pair, turn], people[pair, 1 - turn]
    market, at = places(rng, markets, prices, rng.random(len(pair)) < 0.5, tape_s)
    bid, ask = prices.quote_cents(market, at)
    token = rng.integers(0, 2, len(pair))
    middle = (bid + ask) // 2
    cents = np.where(token == 1, 100 - middle, middle)
    keep = np.flatnonzero(open_for_trade(markets, market, at) & offered(bid) & offered(ask))
    usd = rng.lognormal(np.log(40.0), 0.8, len(keep))
    orders = buys(at[keep], market[keep], wallet[keep], token[keep], usd, cents[keep])
    columns = {name: getattr(orders, name) for name in ("at", "market", "wallet", "token", "side", "units", "cents")}
    return Orders(**columns, maker=partner[keep])
