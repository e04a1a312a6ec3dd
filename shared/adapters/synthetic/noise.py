"""Traders who know no more than the public, and the times and markets in which people trade."""

import numpy as np

from shared.adapters.synthetic.markets import SERIES, SERIES_POPULARITY, Markets
from shared.adapters.synthetic.orders import Orders, buys, spread_bursts
from shared.adapters.synthetic.prices import Prices
from shared.adapters.synthetic.wallets import Role, Style, Wallets
from shared.adapters.synthetic.world import BoolArray, FloatArray, IntArray

NEWS_PART = 0.55
"""Part of event-market decisions that come in the quarter of an hour after news."""
BURST_LENGTHS = (0.68, 0.2, 0.08, 0.04)
BURST_GAP_S = 3.0
CHASE_CENTS = 3
"""A burst ends where the ask has risen by more than this since its first fill."""
DECISION_SIGMA = 0.6
"""Spread (sigma of the logarithm) of a wallet's decisions around its typical one."""
STAKE_FULL_CENTS = 50.0
STAKE_LEAST = 0.1
"""Below that price a stake shrinks with it, to no less than that part: a longshot is bought with small change."""
WHALE_PART = 0.004
WHALE_USD = 1_500.0
QUIET_CRYPTO_S = 3.0
QUIET_EVENT_S = 30.0
"""No taker trades in the last seconds of a market."""


def noise_orders(
    rng: np.random.Generator, markets: Markets, prices: Prices, wallets: Wallets, count: int, tape_s: int
) -> Orders:
    """``count`` decisions of noise traders; those without an offer on the book are dropped."""
    people = wallets.having(Role.NOISE)
    weight = wallets.weight[people]
    wallet = people[rng.choice(len(people), count, p=weight / weight.sum())]
    in_event = rng.random(count) < wallets.event_part[wallet]
    market, at = places(rng, markets, prices, in_event, tape_s)
    usd = decision_usd(rng, wallets, wallet, in_event)
    lengths = 1 + rng.choice(len(BURST_LENGTHS), count, p=BURST_LENGTHS)
    token = _tokens(rng, prices, wallets.style[wallet], market, at)
    first = prices.ask_cents(market, token, at)
    parent, when, _ = spread_bursts(rng, lengths.astype(np.int64), BURST_GAP_S, at)
    cents = prices.ask_cents(market[parent], token[parent], when)
    keep = open_for_trade(markets, market[parent], when) & offered(cents) & (cents <= first[parent] + CHASE_CENTS)
    rows = parent[keep]
    stake = usd * np.clip(first / STAKE_FULL_CENTS, STAKE_LEAST, 1.0)
    return buys(when[keep], market[rows], wallet[rows], token[rows], stake[rows] / lengths[rows], cents[keep])


def places(
    rng: np.random.Generator, markets: Markets, prices: Prices, in_event: BoolArray, tape_s: int
) -> tuple[IntArray, FloatArray]:
    """A market and an instant for each decision: windows by the hour of the day, events by popularity and news."""
    count = len(in_event)
    at = _day_times(rng, count, tape_s)
    series = rng.choice(len(SERIES), count, p=SERIES_POPULARITY)
    window = np.array([row[2] for row in SERIES])[series]
    market = markets.first_of_series[series] + (at // window).astype(np.int64)
    events = np.flatnonzero(in_event)
    chosen, when = event_places(rng, markets, prices, len(events))
    market[events], at[events] = chosen, when
    return market, at


def event_places(rng: np.random.Generator, markets: Markets, prices: Prices, count: int) -> tuple[IntArray, FloatArray]:
    """An event market and an instant for each of ``count`` decisions, more of them after news."""
    events = np.flatnonzero(markets.is_event)
    weight = markets.popularity[events] * np.sqrt(np.maximum(markets.close_s - markets.open_s, 1)[events])
    chosen = events[rng.choice(len(events), count, p=weight / weight.sum())]
    opened, closed = markets.open_s[chosen], markets.close_s[chosen]
    at = opened + rng.random(count) * (closed - opened)
    moment = news_times(rng, prices, chosen) + rng.exponential(400.0, count)
    return chosen, np.where(rng.random(count) < NEWS_PART, moment, at)


def news_times(rng: np.random.Generator, prices: Prices, events: IntArray) -> FloatArray:
    """The instant of one of the news of each event market."""
    width = max(len(news) for news in prices.news_s)
    table = np.array([np.resize(news, width) for news in prices.news_s])
    return np.asarray(table[events, rng.integers(0, width, len(events))], dtype=np.float64)


def open_for_trade(markets: Markets, market: IntArray, at: FloatArray) -> BoolArray:
    """True where the market trades at that instant."""
    quiet = np.where(markets.is_event, QUIET_EVENT_S, QUIET_CRYPTO_S)
    last = np.minimum(markets.end - quiet, markets.close_s)
    return np.asarray((at >= markets.open_s[market]) & (at < last[market]), dtype=np.bool_)


def offered(cents: IntArray) -> BoolArray:
    """True where a price is on the book: 1 to 99 cents."""
    return np.asarray((cents >= 1) & (cents <= 99), dtype=np.bool_)


def decision_usd(rng: np.random.Generator, wallets: Wallets, wallet: IntArray, in_event: BoolArray) -> FloatArray:
    """Dollars of each decision: heavy-tailed around the wallet's own median, with a few whales in event markets."""
    usual = wallets.median_usd[wallet] * rng.lognormal(0.3, DECISION_SIGMA, len(wallet))
    whale = in_event & (rng.random(len(wallet)) < WHALE_PART)
    large = WHALE_USD * (1.0 + rng.pareto(1.3, len(wallet)))
    return np.asarray(np.where(whale, np.minimum(large, 60_000.0), usual), dtype=np.float64)


def _tokens(rng: np.random.Generator, prices: Prices, style: IntArray, market: IntArray, at: FloatArray) -> IntArray:
    """Which outcome each noise trader buys: either, the dearer or the cheaper one, by what the public sees."""
    bid, ask = prices.quote_cents(market, at)
    dearer = np.where(bid + ask >= 100, 0, 1)
    either = rng.integers(0, 2, len(style))
    return np.where(style == Style.FAVOURITE, dearer, np.where(style == Style.LONGSHOT, 1 - dearer, either))


def _day_times(rng: np.random.Generator, count: int, tape_s: int) -> FloatArray:
    """Instants spread over the tape with a daily rhythm and busy and quiet minutes."""
    minutes = np.arange(-(-tape_s // 60))
    rhythm = (1.0 + 0.4 * np.sin(2.0 * np.pi * (minutes / 1_440.0 - 0.3))) * rng.lognormal(0.0, 0.3, len(minutes))
    minute = rng.choice(len(minutes), count, p=rhythm / rhythm.sum())
    return np.minimum((minute + rng.random(count)) * 60.0, tape_s - 1e-3)
