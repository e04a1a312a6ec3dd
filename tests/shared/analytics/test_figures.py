"""What the portfolio could lose: figures against counting, against invariants, and in time."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.analytics.figures import (
    CATEGORY_SHARED,
    CRYPTO_SHARED,
    FigureRules,
    Held,
    Portfolio,
    figures,
)
from shared.analytics.stress import SHOCKS
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.market import Market, MarketKind, market_from_slug
from shared.domain.money import ONE
from shared.domain.tables import Figures

NOW = 1_780_000_200 * SECOND
QUICK = FigureRules(draws=1_000, stress_draws=200)


def event(name: str, topic: str = "", category: str = "", **more: Any) -> Market:
    return Market(name, MarketKind.EVENT, topic=topic, category=category, **more)


def updown(coin: str, window: str, start_s: int, name: str = "") -> Market:
    slug = f"{coin}-updown-{window}-{start_s}"
    made = market_from_slug(name or slug, slug)
    fields = {field: getattr(made, field) for field in made.__struct_fields__}
    return Market(**fields | {"tokens": (f"{slug}:up", f"{slug}:down"), "outcomes": ("Up", "Down")})


def held(market: Market, price: float = 0.5, shares: float = 100.0, token: str = "", sleeve: str = "s") -> Held:
    token = token or f"{market.market}:yes"
    return Held(f"{token}#{sleeve}", market, token, round(shares * ONE), round(50 * ONE), round(price * ONE))


def of(*positions: Held, rules: FigureRules = QUICK, **more: Any) -> Figures:
    return figures(Portfolio(NOW, 10_000 * ONE, held=positions, **more), rules)


def loss(value: int) -> float:
    return value / ONE


# ---------------------------------------------------------------------- value at risk


def test_nothing_held_is_nothing_to_lose() -> None:
    assert of() == Figures(NOW)


def test_one_bet_can_lose_all_it_is_worth() -> None:
    found = of(held(event("m"), 0.4, 250))
    assert (loss(found.var_95), loss(found.cvar_95), loss(found.var_99), loss(found.cvar_99)) == (100, 100, 100, 100)


def test_a_loss_rarer_than_the_level_is_no_value_at_risk_but_in_the_tail_beyond() -> None:
    found = of(held(event("m"), 0.97, 100))
    assert loss(found.var_95) == pytest.approx(-3.0)
    assert loss(found.cvar_95) == pytest.approx((0.03 * 97 - 0.02 * 3) / 0.05)


def test_independent_bets_are_counted_out_by_hand() -> None:
    prices, shares = (0.5, 0.3, 0.8), (100.0, 200.0, 50.0)
    found = of(*(held(event(f"m{i}"), p, n) for i, (p, n) in enumerate(zip(prices, shares, strict=True))))
    cases = []
    for wins in product((0, 1), repeat=3):
        chance = float(np.prod([p if won else 1 - p for p, won in zip(prices, wins, strict=True)]))
        lost = sum(n * (p - won) for p, n, won in zip(prices, shares, wins, strict=True))
        cases.append((lost, chance))
    total = 0.0
    for lost, chance in sorted(cases):
        total += chance
        if total >= 0.95:
            assert loss(found.var_95) == pytest.approx(lost, abs=1e-6)
            break


def test_both_outcomes_of_a_market_hedge_each_other() -> None:
    market = event("m", topic="t")
    found = of(held(market, 0.5, 100, "m:yes"), held(market, 0.5, 100, "m:no"), held(event("n", topic="t")))
    assert loss(found.var_99) == pytest.approx(50.0)


def test_prices_of_a_market_above_one_dollar_are_scaled_down() -> None:
    market = event("m")
    assert loss(of(held(market, 0.7, 100, "m:yes"), held(market, 0.6, 50, "m:no")).var_95) == pytest.approx(50.0)


def test_positions_of_one_topic_lose_together_more_than_positions_of_many() -> None:
    together = of(*(held(event(f"m{i}", topic="one"), 0.7) for i in range(8)))
    apart = of(*(held(event(f"m{i}", topic=f"t{i}"), 0.7) for i in range(8)))
    assert together.var_95 > apart.var_95
    assert together.cvar_99 > apart.cvar_99


def test_up_and_down_of_one_window_offset_each_other_across_coins() -> None:
    start = NOW // SECOND
    btc, eth = updown("btc", "15m", start), updown("eth", "15m", start)
    same = of(held(btc, token=btc.tokens[0]), held(eth, token=eth.tokens[0]))
    opposite = of(held(btc, token=btc.tokens[0]), held(eth, token=eth.tokens[1]))
    assert same.diversification < of(held(event("a")), held(event("b"))).diversification < opposite.diversification
    assert same.diversification == pytest.approx(1e6 * (1 - (1 + CRYPTO_SHARED) / 2), abs=2)


@st.composite
def portfolios(draw: st.DrawFn) -> list[Held]:
    found = []
    for i in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["event", "topic", "updown", "unknown"]))
        price = draw(st.integers(0, 100)) / 100
        shares = draw(st.integers(1, 5_000))
        if kind == "event":
            market = event(f"m{i}", category=draw(st.sampled_from(["", "sports"])))
        elif kind == "topic":
            market = event(f"m{i}", topic=draw(st.sampled_from(["a", "b"])))
        elif kind == "updown":
            start = NOW // SECOND + 300 * draw(st.integers(-2, 2))
            market = updown(draw(st.sampled_from(["btc", "eth"])), draw(st.sampled_from(["5m", "15m"])), start, f"m{i}")
        else:
            market = Market(f"m{i}", MarketKind.CRYPTO_UPDOWN, "bitcoin-up-or-down-march-1")
        side = draw(st.sampled_from([0, 1]))
        found.append(held(market, price, shares, market.tokens[side] if market.tokens else ""))
    keyed = {one.key: one for one in found}
    return list(keyed.values())


@given(portfolios(), st.randoms())
@settings(max_examples=60)
def test_the_tail_is_never_better_than_its_edge_and_the_order_does_not_matter(positions: list[Held], any_: Any) -> None:
    found = of(*positions)
    assert found.cvar_95 >= found.var_95
    assert found.cvar_99 >= max(found.var_99, found.cvar_95)
    assert found.var_99 >= found.var_95
    assert 0 <= found.diversification <= ONE
    assert all(0 <= factor < ONE for factor in found.trims.values())
    assert all(1 <= n <= len(positions) for n in found.correlated.values())
    worth = sum(one.size * one.price for one in positions) / ONE**2
    assert loss(found.cvar_99) <= worth + 1e-6 * len(positions)
    shuffled = list(positions)
    any_.shuffle(shuffled)
    assert of(*shuffled) == found


@given(portfolios(), st.integers(2, 5))
@settings(max_examples=40)
def test_more_of_the_same_loses_as_many_times_more(positions: list[Held], times: int) -> None:
    before, after = of(*positions), of(*(replace(one, size=one.size * times) for one in positions))
    for name in ("var_95", "var_99", "cvar_95", "cvar_99"):
        assert getattr(after, name) == pytest.approx(getattr(before, name) * times, abs=times + 1)
        if getattr(before, name) >= 0:
            assert getattr(after, name) >= getattr(before, name)


@given(st.integers(5, 90), st.integers(2, 12))
def test_the_same_money_on_more_independent_bets_can_lose_no_more(percent: int, bets: int) -> None:
    price = percent / 100
    one = of(held(event("m"), price, 1_200))
    split = of(*(held(event(f"m{i}"), price, 1_200 / bets) for i in range(bets)))
    rounding = bets * 2  # micro-dollars: sizes are rounded to millionths of a share
    assert split.var_95 <= one.var_95 + rounding
    assert split.cvar_95 <= one.cvar_95 + rounding
    if (1 - price) ** bets < 0.04:  # else all are lost in the worst 5% either way
        assert split.cvar_95 < one.cvar_95


# ---------------------------------------------------------------------- what moves together


def test_windows_correlate_by_the_time_they_have_in_common() -> None:
    start = NOW // SECOND
    long_, inside, after = (
        updown("btc", "15m", start), updown("btc", "5m", start + 600), updown("btc", "5m", start + 900),
    )  # fmt: skip
    two = [of(held(long_), held(other)).diversification for other in (inside, after)]
    assert two[0] == pytest.approx(1e6 * (1 - (1 + (300 / 900) ** 0.5) / 2), abs=2)
    assert two[1] == pytest.approx(1e6 / 2, abs=2)


def test_what_has_passed_of_a_window_counts_no_more() -> None:
    begun, fresh = updown("btc", "15m", NOW // SECOND - 600), updown("btc", "5m", NOW // SECOND)
    assert of(held(begun), held(fresh)).correlated == {"btc": 2}
    assert of(held(begun), held(fresh)).diversification == pytest.approx(0, abs=2)


def test_a_window_that_is_over_has_nothing_in_common_with_any_other() -> None:
    over = updown("btc", "5m", NOW // SECOND - 600)
    assert of(held(over), held(updown("btc", "5m", NOW // SECOND))).correlated == {"btc": 1}


def test_a_coin_is_the_same_by_its_long_name_and_windows_that_are_not_told_count_as_one() -> None:
    positions = [
        held(Market(slug, MarketKind.CRYPTO_UPDOWN, slug, topic="coin"))
        for slug in ("bitcoin-up-or-down-march-1", "btc-updown-odd")
    ]
    assert of(*positions).correlated == {"coin": 2}


def test_positions_of_a_topic_count_as_moving_together_and_those_of_a_category_do_not() -> None:
    topic = [held(event(f"m{i}", topic="election")) for i in range(4)]
    category = [held(event(f"n{i}", category="sports")) for i in range(4)]
    found = of(*topic, *category, held(updown("btc", "5m", NOW // SECOND)))
    assert found.correlated == {"election": 4, "sports": 1, "btc": 1}
    assert of(*category).diversification == pytest.approx(1e6 * (1 - (1 + 3 * CATEGORY_SHARED) / 4), abs=2)


def walks(count: int, steps: int, common: float, seed: int = 0) -> list[tuple[int, ...]]:
    rng = np.random.default_rng(seed)
    shared, own = rng.normal(size=steps), rng.normal(size=(count, steps))
    moves = np.sqrt(common) * shared + np.sqrt(1 - common) * own
    paths = 0.5 + 0.002 * np.cumsum(moves, axis=1)
    return [tuple(round(p * ONE) for p in path) for path in paths]


def watched(common: float, steps: int, topics: Sequence[str]) -> Figures:
    positions = [held(event(f"m{i}", topic=topic)) for i, topic in enumerate(topics)]
    paths = walks(len(positions), steps, common)
    return of(*positions, history={one.token: path for one, path in zip(positions, paths, strict=True)})


def test_prices_that_were_seen_to_move_apart_free_a_topic() -> None:
    assert watched(0.0, 120, ["t"] * 4).correlated == {"t": 1}
    assert watched(0.95, 120, ["t"] * 4).correlated == {"t": 4}


def test_prices_that_move_together_are_less_spread_though_nobody_said_so() -> None:
    assert watched(0.9, 120, ["a", "b", "c"]).diversification < watched(0.0, 120, ["a", "b", "c"]).diversification


def test_too_short_a_history_leaves_the_assumption() -> None:
    assert watched(0.0, QUICK.history_min - 1, ["t"] * 4).correlated == {"t": 4}
    assert watched(0.0, QUICK.history_min, ["t"] * 4).correlated != {"t": 4}


def test_a_price_that_stood_still_tells_nothing() -> None:
    positions = [held(event(f"m{i}", topic="t")) for i in range(2)]
    moving = walks(1, 60, 0.0)[0]
    still = (400_000,) * 60
    late = (400_000,) * 20 + (500_000,) * 60
    for other in (still, late):
        history = {positions[0].token: moving, positions[1].token: other}
        assert of(*positions, history=history).correlated == {"t": 2}


def test_correlations_that_do_not_fit_together_still_make_figures() -> None:
    start = NOW // SECOND
    markets = [updown("btc", "15m", start, f"m{i}") for i in range(3)]
    positions = [held(market) for market in markets]
    first, second = walks(2, 60, 0.0)
    history = {positions[0].token: first, positions[1].token: tuple(ONE - p for p in first)}
    found = of(*positions, history=history)  # 0 and 1 oppose each other, and 2 is tied to both
    assert found.cvar_95 >= found.var_95
    assert second


# ---------------------------------------------------------------------- diversification, trims, repeats


def test_one_large_bet_among_small_ones_is_trimmed_until_the_target() -> None:
    positions = [held(event(f"m{i}"), shares=100) for i in range(5)]
    large = replace(positions[0], size=1_500 * ONE)
    found = of(large, *positions[1:])
    assert found.diversification < 600_000
    assert list(found.trims) == [large.key]
    factor = found.trims[large.key] / ONE
    after = of(replace(large, size=round(large.size * factor)), *positions[1:])
    assert after.diversification > 700_000
    assert (after.trims, after.bets) == ({}, 5)


@pytest.mark.parametrize(("large", "trimmed"), [(423, False), (424, True)])
def test_trims_begin_below_the_lower_bound(large: int, trimmed: bool) -> None:
    # Independent risks (n, 1, 1, 1): 1 - (n * n + 3) / (n + 3)^2 is 0.6 at n = 2 + sqrt(5) = 4.236.
    positions = [held(event(f"m{i}"), shares=100) for i in range(4)]
    found = of(replace(positions[0], size=large * ONE), *positions[1:])
    assert (found.diversification < 600_000) is trimmed
    assert bool(found.trims) is trimmed


def test_fewer_than_three_bets_are_never_trimmed() -> None:
    sure = held(event("sure"), 1.0)
    found = of(held(event("a"), shares=900), held(event("b")), sure)
    assert (found.bets, found.trims) == (2, {})
    assert found.diversification < 600_000


def test_the_bounds_of_the_score_are_the_portfolios_own() -> None:
    positions = [held(event(f"m{i}")) for i in range(4)]
    assert of(*positions, score_min=740_000).trims == {}
    strict = of(replace(positions[0], size=150 * ONE), *positions[1:], score_min=745_000, score_target=749_000)
    assert list(strict.trims) == [positions[0].key]


def test_consecutive_results_that_repeat_are_seen() -> None:
    swings = tuple(ONE if n // 10 % 2 else -ONE for n in range(60))
    assert of(results=swings).repeats > 700_000
    assert of(results=tuple(ONE if n % 2 else -ONE for n in range(60))).repeats < -900_000
    assert of(results=(5,) * 60).repeats == 0


def test_a_handful_of_results_says_nothing_and_old_ones_no_more() -> None:
    run = (*(ONE,) * 5, *(-ONE,) * 5)
    assert of(results=run[1:]).repeats == 0
    assert of(results=run).repeats > 0
    alternating = tuple(ONE if n % 2 else -ONE for n in range(QUICK.results_max))
    assert of(results=(*(ONE,) * 500, *alternating)).repeats == of(results=alternating).repeats


# ---------------------------------------------------------------------- scenarios


def test_every_scenario_of_the_specification_has_a_result_and_none_gains() -> None:
    found = of(held(event("a"), 0.6, 300), held(event("b"), 0.3, 500), headroom=2_000 * ONE)
    assert list(found.stress) == [shock.name for shock in SHOCKS]
    assert all(result <= 0 for result in found.stress.values())
    assert found.stress["flash_crash"] < 0


def test_what_ends_later_moves_less_in_a_day() -> None:
    soon, later = event("m", end_at=NOW + HOUR), event("m", end_at=NOW + 100 * DAY)
    down = [of(held(market, 0.6, 300)).stress["venue_down"] for market in (soon, later, event("m"))]
    assert down[0] == down[2] < down[1] < 0


def test_the_book_decides_what_leaving_costs() -> None:
    one = held(event("m"), 0.6, 1_000)
    thin, thick = replace(one, spread=40_000, depth=10 * ONE), replace(one, spread=10_000, depth=100_000 * ONE)
    gone = [of(position).stress["liquidity_gone"] for position in (thin, thick, replace(one, depth=0))]
    assert gone[0] < gone[1] < 0
    assert gone[2] < gone[1]


def test_sleeves_of_one_token_are_one_position_to_the_scenarios() -> None:
    market = event("m")
    apart = of(held(market, 0.6, 100, sleeve="a"), held(market, 0.6, 200, sleeve="b"))
    assert apart.stress == of(held(market, 0.6, 300)).stress


def test_an_account_without_equity_still_has_scenarios() -> None:
    found = figures(Portfolio(NOW, -5 * ONE, headroom=-1, held=(held(event("m")),)), QUICK)
    assert found.stress["venue_down"] == -50 * ONE


# ---------------------------------------------------------------------- bad input, time


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: of(held(event("m")), held(event("m"))), "held must name each position once; m:yes#s is there again"),
        (lambda: held(event("m"), 1.5), "price of m:yes#s must lie between 0 and 1, not 1.5"),
        (lambda: held(event("m"), shares=0), "size of m:yes#s must be positive, not 0.0"),
        (lambda: FigureRules(draws=0), "draws must be at least 1, not 0"),
        (lambda: FigureRules(link=0.0), "link must lie above 0 and at most at 1, not 0.0"),
        (lambda: FigureRules(history_min=2), "history_min must be at least 3, not 2"),
    ],
)
def test_what_cannot_be_used_is_named(made: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        made()
    assert str(caught.value) == sentence


def test_fifty_positions_take_milliseconds() -> None:
    start = NOW // SECOND
    positions = [
        held(updown(("btc", "eth", "sol")[i % 3], "15m", start + 60 * i, f"m{i}"), 0.3 + 0.008 * i)
        if i % 2
        else held(event(f"m{i}", topic=f"t{i % 9}"), 0.3 + 0.008 * i)
        for i in range(50)
    ]
    took = []
    for _ in range(7):
        began = time.thread_time()
        of(*positions, rules=FigureRules())
        took.append(time.thread_time() - began)
    assert min(took) < 0.1  # about 0.02 on the machine it was written on; the rest is for slower ones


def test_the_same_portfolio_has_the_same_figures_and_another_seed_others() -> None:
    positions = [held(event(f"m{i}"), 0.4 + 0.01 * i, 100 + 17 * i) for i in range(20)]
    assert of(*positions) == of(*positions)
    assert of(*positions).cvar_95 != of(*positions, rules=FigureRules(draws=1_000, seed=1)).cvar_95


def test_minutes_are_told_in_nanoseconds() -> None:
    assert figures(Portfolio(NOW + MINUTE, ONE)).as_of == NOW + MINUTE
