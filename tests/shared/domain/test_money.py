from fractions import Fraction as Exact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import money
from shared.domain.errors import BadInput, Corrupt
from shared.domain.money import ONE, SIZE_STEP, Fraction, Price, Shares, Usd

AMOUNTS = st.integers(-(10**14), 10**14)
SIZES = st.integers(0, 10**12).map(Shares)
PRICES = st.integers(1, ONE - 1).map(Price)
TRADED = st.integers(1, 999).map(lambda tenths: Price(tenths * 1_000))
RATES = st.integers(0, 100_000).map(Fraction)
PARTS = st.integers(0, ONE).map(Fraction)
BUDGETS = st.integers(0, 10**11).map(Usd)


@pytest.mark.parametrize("micro", [1, ONE - 1])
def test_a_price_lies_strictly_between_zero_and_one(micro: int) -> None:
    assert money.price(micro) == micro


@pytest.mark.parametrize(("micro", "text"), [(0, "0"), (ONE, "1"), (-5, "-0.000005")])
def test_any_other_price_is_refused_with_its_value(micro: int, text: str) -> None:
    with pytest.raises(BadInput, match=f"price must lie strictly between 0 and 1, not {text}$"):
        money.price(micro)


@pytest.mark.parametrize("micro", [0, -1, money.MICRO_MAX + 1])
def test_a_size_is_positive_and_not_absurd(micro: int) -> None:
    assert money.shares(money.MICRO_MAX) == money.MICRO_MAX
    with pytest.raises(BadInput, match="size must be a positive number of shares"):
        money.shares(micro)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_has_either_sign_and_is_not_absurd(sign: int) -> None:
    assert money.usd(sign * money.MICRO_MAX) == sign * money.MICRO_MAX
    with pytest.raises(BadInput, match="amount is out of range"):
        money.usd(sign * (money.MICRO_MAX + 1))


@pytest.mark.parametrize("micro", [-1, ONE + 1])
def test_a_fraction_lies_between_zero_and_one(micro: int) -> None:
    assert [money.fraction(0), money.fraction(ONE)] == [0, ONE]
    with pytest.raises(BadInput, match="fraction must lie between 0 and 1"):
        money.fraction(micro)


def test_dollars_are_a_million_micro_dollars() -> None:
    assert money.dollars(12) == 12_000_000


@given(AMOUNTS)
def test_formatted_millionths_read_back_as_the_same_number(micro: int) -> None:
    assert money.parse_micro(money.format_micro(micro)) == micro


@pytest.mark.parametrize(
    ("text", "micro"),
    [("0.0000005", 0), ("0.0000015", 2), ("-0.0000015", -2), ("1e-6", 1), (".5", 500_000), ("1e-4000", 0)],
)
def test_the_seventh_decimal_is_rounded_half_to_even(text: str, micro: int) -> None:
    assert money.parse_micro(text) == micro


@pytest.mark.parametrize("text", ["", "abc", "1_000", " 1", "NaN", "Infinity", "0x10", "1e99999", "1,5", "\u0663"])
def test_text_that_is_no_plain_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput, match=r"not a (usable )?number"):
        money.parse_micro(text)


@pytest.mark.parametrize("text", ["100000000000000000.1", "-1e18", "1e999", "1e9999"])
def test_an_absurd_number_is_refused(text: str) -> None:
    assert money.parse_micro("1e17") == money.MICRO_MAX * ONE
    with pytest.raises(BadInput, match="not a usable number"):
        money.parse_micro(text)


@given(st.floats(-1e9, 1e9))
def test_a_float_becomes_the_nearest_millionth(value: float) -> None:
    assert abs(Exact(money.micro_of_float(value)) - Exact(value) * ONE) <= Exact(1, 2) + abs(Exact(value)) / 2**33


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e12])
def test_nan_infinity_and_absurd_floats_are_refused(value: float) -> None:
    with pytest.raises(BadInput, match="not a usable number"):
        money.micro_of_float(value)


@given(st.integers(-(10**9), 10**9))
def test_a_float_on_the_way_out_comes_back_as_the_same_millionths(micro: int) -> None:
    assert money.micro_of_float(money.float_of_micro(micro)) == micro


@given(AMOUNTS, st.integers(0, 10**12), st.integers(1, 10**12))
def test_products_of_quotients_round_the_way_their_name_says(amount: int, part: int, whole: int) -> None:
    exact = Exact(amount * part, whole)
    assert exact - 1 < money.mul_div_floor(amount, part, whole) <= exact <= money.mul_div_ceil(amount, part, whole)
    assert money.mul_div_ceil(amount, part, whole) < exact + 1


@pytest.mark.parametrize("whole", [0, -1])
def test_a_division_by_nothing_is_corrupt(whole: int) -> None:
    with pytest.raises(Corrupt, match=f"division by {whole} in mul_div_floor"):
        money.mul_div_floor(1, 1, whole)
    with pytest.raises(Corrupt, match=f"division by {whole} in mul_div_ceil"):
        money.mul_div_ceil(1, 1, whole)


@given(SIZES, PRICES)
def test_we_pay_rounded_up_and_receive_rounded_down(size: Shares, at: Price) -> None:
    exact = Exact(size * at, ONE)
    assert exact <= money.cost(size, at) < exact + 1
    assert exact - 1 < money.proceeds(size, at) <= exact
    assert money.value(size, at) == money.proceeds(size, at)


@given(AMOUNTS, PARTS)
def test_a_part_of_an_amount_is_rounded_down(amount: int, share: Fraction) -> None:
    exact = Exact(amount * share, ONE)
    assert exact - 1 < money.part(Usd(amount), share) <= exact


@given(SIZES, PRICES, RATES)
def test_a_fee_is_the_formula_rounded_up_to_five_decimals(size: Shares, at: Price, rate: Fraction) -> None:
    exact = Exact(size) * Exact(rate, ONE) * Exact(at, ONE) * (1 - Exact(at, ONE))
    fee = money.taker_fee(size, at, rate)
    assert fee % money.FEE_STEP == 0
    assert exact <= fee < exact + money.FEE_STEP


@given(PRICES, RATES)
def test_the_fee_of_a_share_is_rounded_up_to_a_millionth(at: Price, rate: Fraction) -> None:
    exact = Exact(ONE) * Exact(rate, ONE) * Exact(at, ONE) * (1 - Exact(at, ONE))
    assert exact <= money.fee_per_share(at, rate) < exact + 1


def test_a_hundred_crypto_shares_at_a_half_cost_a_fee_of_one_dollar_seventy_five() -> None:
    assert money.taker_fee(Shares(100 * ONE), Price(500_000), Fraction(70_000)) == 1_750_000


@given(BUDGETS, TRADED, RATES)
def test_a_budget_covers_cost_and_fee_of_what_it_affords(budget: Usd, at: Price, rate: Fraction) -> None:
    size = money.affordable_size(budget, at, rate)
    assert size >= 0
    assert size % SIZE_STEP == 0
    assert money.cost(size, at) + money.taker_fee(size, at, rate) <= budget


@given(BUDGETS, TRADED, RATES)
def test_a_budget_does_not_afford_two_steps_more_than_it_buys(budget: Usd, at: Price, rate: Fraction) -> None:
    more = Exact(money.affordable_size(budget, at, rate) + 3 * SIZE_STEP, ONE)
    all_in = at + Exact(rate, ONE) * Exact(at, ONE) * (1 - Exact(at, ONE)) * ONE + 1
    assert more * all_in > budget - money.FEE_STEP


def test_a_debt_affords_nothing() -> None:
    assert money.affordable_size(Usd(-5_000_000), Price(500_000), Fraction(0)) == 0


def test_shares_that_cost_nothing_are_corrupt() -> None:
    with pytest.raises(Corrupt, match="all-in cost per share is 0"):
        money.affordable_size(Usd(1), Price(0), Fraction(0))


@given(st.integers(-ONE, 3 * ONE), st.sampled_from([1_000, 2_500, 5_000, 10_000, 100_000]))
def test_ticks_floor_and_ceil_onto_the_grid_inside_the_market(at: int, tick: int) -> None:
    floored, raised = money.floor_tick(at, tick), money.ceil_tick(at, tick)
    assert floored % tick == 0
    assert raised % tick == 0
    assert floored == tick or floored <= at
    assert raised == ONE - tick or raised >= at


@given(PRICES, st.integers(0, 100_000).map(Fraction), st.sampled_from([1_000, 10_000]).map(Price))
def test_the_worst_price_is_worse_by_at_most_the_slack_or_a_tick(last: Price, slack: Fraction, tick: Price) -> None:
    room = max(Exact(last * slack, ONE), Exact(tick))
    buy, sell = money.worst_buy(last, slack, tick), money.worst_sell(last, slack, tick)
    assert tick <= buy <= ONE - tick
    assert tick <= sell <= ONE - tick
    assert buy <= last + room or buy == tick
    assert sell >= last - room or sell == ONE - tick


@given(st.integers(-(10**9), 10**12).map(Usd), PARTS, st.integers(1, 2 * ONE), st.integers(0, 500_000).map(Fraction))
def test_kelly_never_stakes_more_than_its_fraction_of_equity(
    equity: Usd, p_win: Fraction, all_in: int, kelly: Fraction
) -> None:
    stake = money.kelly_stake(equity, p_win, all_in, kelly)
    assert stake >= 0
    assert stake * ONE <= max(equity, 0) * kelly
    if p_win > all_in and all_in < ONE and equity > 0:
        exact = Exact(equity) * Exact(kelly, ONE) * Exact(p_win - all_in, ONE - all_in)
        assert exact - 1 < stake <= exact
    else:
        assert stake == 0


@given(AMOUNTS, st.integers(0, 10**6), st.integers(1, 100))
def test_a_shrunken_mean_adds_zeros_and_rounds_down(total: int, count: int, prior: int) -> None:
    exact = Exact(total, count + prior)
    assert exact - 1 < money.shrunken_mean(total, count, prior) <= exact


def test_a_mean_of_nothing_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="shrunken mean of 0 values"):
        money.shrunken_mean(1, 0, 0)
    with pytest.raises(Corrupt, match="division by 0"):
        money.mean_edge(Usd(1), Usd(1), Shares(0))


@given(BUDGETS, BUDGETS, st.integers(1, 10**12).map(Shares))
def test_the_mean_edge_is_per_share_and_rounds_down(payout: Usd, paid: Usd, size: Shares) -> None:
    exact = Exact((payout - paid) * ONE, size)
    assert exact - 1 < money.mean_edge(payout, paid, size) <= exact


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_two_sizes_are_the_same_within_a_tenth_of_a_percent_whichever_comes_first(a: int, b: int) -> None:
    assert money.same_size(a, b) == money.same_size(b, a) == (Exact(abs(a - b)) <= Exact(max(a, b), 1000))


@given(SIZES)
def test_sizes_are_floored_to_two_decimals(size: Shares) -> None:
    assert 0 <= size - money.floor_size(size) < SIZE_STEP


@pytest.mark.parametrize(
    ("micro", "text"),
    [(0, "$0"), (1_000 * ONE, "$1,000"), (-250_000, "-$0.25"), (1, "$0.000001"), (1_234_567_890_000, "$1,234,567.89")],
)
def test_dollars_are_written_as_people_write_them(micro: int, text: str) -> None:
    assert money.format_usd(micro) == text


@pytest.mark.parametrize(("micro", "text"), [(50_000, "5%"), (2_500, "0.25%"), (ONE, "100%"), (-1, "-0.0001%")])
def test_percent_are_exact(micro: int, text: str) -> None:
    assert money.format_percent(micro) == text


@given(PARTS, st.integers(0, 3 * ONE).map(Fraction))
def test_a_product_of_factors_is_exact_rounded_down(first: Fraction, second: Fraction) -> None:
    exact = Exact(first, ONE) * Exact(second, ONE) * ONE
    assert money.product(first, second) <= exact < money.product(first, second) + 1
    assert money.product(Fraction(ONE), second) == second


@given(st.integers(1, ONE).map(Fraction), st.integers(0, 10 * ONE))
def test_an_inverse_factor_keeps_what_it_multiplies_from_rising(normal: Fraction, measured: int) -> None:
    factor = money.inverse_factor(normal, measured)
    assert 0 <= factor <= ONE
    assert (factor == ONE) == (measured <= normal)
    assert Exact(factor, ONE) * measured <= max(normal, measured)
    if measured > normal:
        assert factor <= Exact(normal, measured) * ONE < factor + 1


@given(PARTS, PARTS)
def test_a_factor_between_lies_between(low: Fraction, share: Fraction) -> None:
    assert low <= money.between(low, share) <= ONE
    assert money.between(low, Fraction(ONE)) == ONE
    assert money.between(low, Fraction(0)) == low


@given(TRADED, PARTS)
def test_a_whole_price_reaches_a_share_below_or_above_exactly_where_the_rounded_level_says(
    at: Price, share: Fraction
) -> None:
    below, above = Exact(at) * (1 - Exact(share, ONE)), Exact(at) * (1 + Exact(share, ONE))
    assert below - 1 < money.lowered(at, share) <= below
    assert above <= money.raised(at, share) < above + 1


@given(st.integers(1, 10**12).map(Shares), BUDGETS, st.integers(1, 10**11).map(Usd))
def test_at_the_loss_price_the_loss_is_reached_and_one_above_it_is_not(size: Shares, paid: Usd, loss: Usd) -> None:
    level = money.loss_price(size, paid, loss)
    assert level == 0 or paid - money.value(size, level) >= loss
    assert paid - money.value(size, level + 1) < loss


def test_nothing_held_loses_nothing() -> None:
    with pytest.raises(Corrupt, match="a loss on 0 shares"):
        money.loss_price(Shares(0), Usd(1), Usd(1))


TICKS = st.sampled_from([100_000, 10_000, 5_000, 2_500, 1_000, 100])


@given(SIZES, TICKS, st.data())
def test_a_taking_sale_has_two_decimals_of_shares_and_four_of_dollars_and_no_larger_size_has(
    size: Shares, tick: int, data: st.DataObject
) -> None:
    at = Price(data.draw(st.integers(1, ONE // tick - 1)) * tick)

    def taken(shares: int) -> bool:
        dollars = Exact(shares * at, ONE**2)
        return shares % SIZE_STEP == 0 and (dollars * 10**4).denominator == 1

    sold = money.taking_size(size, at)
    assert sold <= size
    assert taken(sold)
    floored = money.floor_size(size)
    assert not any(taken(larger) for larger in range(floored, max(sold, floored - ONE), -SIZE_STEP))


@given(st.integers(0, 10**6))
def test_a_count_in_millionths_reads_back_as_the_count(count: int) -> None:
    assert money.format_micro(money.millionths(count)) == str(count)


@given(st.integers(1, 3 * ONE), st.integers(-ONE, ONE), st.integers(1, ONE - 1), st.integers(0, 30))
def test_weights_by_evidence_compare_as_the_prior_times_the_power_of_the_claim(
    prior: int, claim: int, at: int, markets: int
) -> None:
    variance = Exact(at, ONE) * (1 - Exact(at, ONE))
    said = prior * (1 + Exact(claim, ONE) ** 2 / variance) ** (markets // 2)
    nothing = money.evidence_weight(1, 0, at, markets)
    assert Exact(money.evidence_weight(prior, claim, at, markets), nothing) == said


@given(st.lists(st.tuples(AMOUNTS, st.integers(1, 10**12)), min_size=1, max_size=9))
def test_a_weighted_mean_rounds_down(pairs: list[tuple[int, int]]) -> None:
    exact = Exact(sum(number * weight for number, weight in pairs), sum(weight for _, weight in pairs))
    assert exact - 1 < money.weighted_mean(pairs) <= exact


@pytest.mark.parametrize("pairs", [[], [(5, 0)]])
def test_a_weighted_mean_without_weight_is_corrupt(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(Corrupt, match="a weighted mean over a weight of 0"):
        money.weighted_mean(pairs)


@given(AMOUNTS, st.lists(st.integers(0, 10**12), min_size=1, max_size=8).filter(any))
def test_an_amount_is_split_without_losing_or_making_any(amount: int, weights: list[int]) -> None:
    parts = money.split(amount, weights)
    assert sum(parts) == amount
    for got, weight in zip(parts, weights, strict=True):
        assert abs(got - Exact(amount * weight, sum(weights))) < 1
        assert weight or not got


def test_the_first_of_two_parts_is_rounded_down() -> None:
    assert money.split(100, [1, 2]) == [33, 67]
    assert money.split(100, [2, 1]) == [66, 34]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_nothing_is_split_by_nothing(weights: list[int]) -> None:
    with pytest.raises(Corrupt, match="cannot be split by the weights"):
        money.split(1, weights)


@pytest.mark.parametrize(
    ("micro", "decimals", "unit", "text"),
    [
        (1_234_500_000, 2, ONE, "1,234.50"),
        (-5_000, 2, ONE, "0.00"),
        (-15_000, 2, ONE, "-0.02"),
        (310_000, 1, money.CENT, "31.0"),
        (2_500_000, 0, ONE, "2"),
        (10**18, 0, ONE, "1,000,000,000,000"),
    ],
)
def test_a_number_is_shown_with_so_many_decimals(micro: int, decimals: int, unit: int, text: str) -> None:
    assert money.format_fixed(micro, decimals, unit) == text


@given(AMOUNTS, st.integers(0, 6))
def test_a_shown_number_is_off_by_half_its_last_decimal_at_most(micro: int, decimals: int) -> None:
    shown = money.parse_micro(money.format_fixed(micro, decimals).replace(",", ""))
    assert 2 * abs(shown - micro) <= 10 ** (6 - decimals)
