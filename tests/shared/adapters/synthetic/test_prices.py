"""Prices: the public quote is unbiased, the truth knows more than the public, and paths end at 0 or 1."""

from dataclasses import dataclass

import numpy as np
import pytest

from shared.adapters.synthetic.markets import Markets, make_markets
from shared.adapters.synthetic.prices import Prices, make_prices
from shared.adapters.synthetic.world import HOUSE, Float32Array, FloatArray, streams


@dataclass
class World:
    markets: Markets
    prices: Prices


@pytest.fixture(scope="module")
def world() -> World:
    rngs = streams(11)
    markets = make_markets(rngs["markets"], 48.0, HOUSE)
    return World(markets, make_prices(rngs["prices"], markets, 48 * 3600))


def at_part_of_life(world: World, grid: Float32Array, part: float) -> FloatArray:
    life = world.prices.first + (part * (world.prices.length - 1)).astype(np.int64)
    return grid[life].astype(np.float64)


@pytest.mark.parametrize("part", [0.1, 0.4, 0.7, 0.95])
@pytest.mark.parametrize("name", ["true", "slow_insider", "fast_insider", "public"])
def test_each_estimate_is_unbiased_given_what_it_knows(world: World, part: float, name: str) -> None:
    estimate = at_part_of_life(world, getattr(world.prices, name), part)
    surprise = world.prices.up_won - estimate
    se = np.sqrt((estimate * (1 - estimate)).sum())
    assert abs(surprise.sum()) < 4 * se
    confident = np.abs(estimate - 0.5) * np.sign(estimate - 0.5)
    weighted = confident * surprise
    assert abs(weighted.sum()) < 4 * np.sqrt((confident**2 * estimate * (1 - estimate)).sum())


@pytest.mark.parametrize("name", ["slow_insider", "fast_insider"])
def test_insiders_know_more_than_the_public_and_less_than_the_truth(world: World, name: str) -> None:
    def brier(grid: Float32Array) -> float:
        return float(np.mean([((at_part_of_life(world, grid, p) - world.prices.up_won) ** 2).mean() for p in PARTS]))

    assert brier(world.prices.true) < brier(getattr(world.prices, name)) < brier(world.prices.public)


PARTS = (0.15, 0.3, 0.45, 0.6)


def test_a_fast_edge_is_gone_in_seconds_and_a_slow_one_lasts(world: World) -> None:
    crypto = np.flatnonzero(~world.markets.is_event)
    at = world.markets.open_s[crypto] + 0.4 * (world.markets.end - world.markets.start)[crypto]
    up = np.zeros(len(crypto), dtype=np.int64)

    def gap(grid: Float32Array, later: float) -> FloatArray:
        known = world.prices.value(grid, crypto, up, at)
        return known - world.prices.value(world.prices.public, crypto, up, at + later)

    fast_now, fast_later = gap(world.prices.fast_insider, 0.0), gap(world.prices.fast_insider, 4.0)
    slow_now, slow_later = gap(world.prices.slow_insider, 0.0), gap(world.prices.slow_insider, 4.0)
    large_fast, large_slow = np.abs(fast_now) > 0.03, np.abs(slow_now) > 0.03
    assert large_fast.sum() > 50
    assert large_slow.sum() > 50
    assert (np.sign(fast_now) * fast_later)[large_fast].mean() < 0.2 * np.abs(fast_now)[large_fast].mean()
    assert (np.sign(slow_now) * slow_later)[large_slow].mean() > 0.8 * np.abs(slow_now)[large_slow].mean()


def test_the_true_value_of_a_window_ends_near_its_outcome(world: World) -> None:
    last = at_part_of_life(world, world.prices.true, 1.0)[~world.markets.is_event]
    won = world.prices.up_won[~world.markets.is_event]
    assert np.abs(last - won).mean() < 0.05


def test_the_ask_exceeds_the_bid_and_the_tokens_mirror_each_other(world: World) -> None:
    market = np.arange(world.markets.count)
    at = (world.markets.open_s + 60).astype(np.float64)
    bid, ask = world.prices.quote_cents(market, at)
    down = np.ones(world.markets.count, dtype=np.int64)
    assert ((ask - bid) >= 1).all()
    assert ((ask - bid) <= 4).all()
    assert (world.prices.ask_cents(market, down, at) == 100 - bid).all()
    assert (world.prices.bid_cents(market, down, at) == 100 - ask).all()
