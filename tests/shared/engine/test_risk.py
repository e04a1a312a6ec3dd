"""Sizing: every factor before the caps, the smallest room decides, and nothing it lets through breaks a cap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.ledger import CASH
from shared.domain.market import MarketKind
from shared.domain.money import (
    ONE,
    Fraction,
    Price,
    Shares,
    Usd,
    affordable_size,
    cost,
    dollars,
    fee_per_share,
    kelly_stake,
    part,
    taker_fee,
)
from shared.domain.tables import Figures
from shared.engine.ledger import RESERVE_MARGIN, reserve_for
from shared.engine.limits import KELLY_MAX, Limits
from shared.engine.profiles import profile
from shared.engine.risk import Risk, Sized
from tests.shared.engine.builders import NOON, House, market
from tests.shared.engine.risks import ask, entry, lose, risk, worth

MODEL = profile("model")
ROOMS = st.fixed_dictionaries(
    {name: st.integers(0, 3_000).map(dollars) for name in ("portfolio", "market#m", "source#w", "strategy#s")}
)
TICKS = st.integers(1, 99).map(lambda n: n * 10_000)
UPDOWN = market(kind=MarketKind.CRYPTO_UPDOWN, slug="btc-updown-5m-1774213200")


@given(st.integers(10, 100_000), st.integers(0, 10**11), TICKS, st.integers(0, 5_000), ROOMS, st.integers(0, 1_500_000))
def test_what_risk_lets_through_fits_every_room_with_its_whole_reserve(
    capital: int, wish: int, limit: int, in_token: int, used: dict[str, int], factor: int
) -> None:
    limits = Limits()
    room = risk(limits, capital, used)
    sized = room.size_entry(ask(entry(wish, limit=limit), in_token=dollars(in_token), factor=factor))
    if sized.reason is not None:
        assert sized.size == 0
        return
    equity = room.equity()
    reserve = reserve_for(sized.size, Price(limit), market().fee_rate)
    assert sized.stake <= min(wish * factor // ONE, limits.trade_max_usd)
    assert cost(sized.size, Price(limit)) + taker_fee(sized.size, Price(limit), market().fee_rate) <= sized.stake
    assert reserve <= dollars(capital)
    assert dollars(in_token) + reserve <= part(equity, limits.position_of_equity)
    assert used["market#m"] + reserve <= min(limits.market_usd, part(equity, limits.market_of_equity))
    assert used["source#w"] + reserve <= min(limits.source_usd, part(equity, limits.source_of_equity))
    assert used["portfolio"] + reserve <= limits.portfolio_usd
    assert used["strategy#s"] + reserve <= limits.strategy_usd
    assert sized.size >= market().min_size


def as_before(
    made: Risk, wish: int | None, p_win: int | None, limit: int, in_token: int, used: dict[str, int]
) -> tuple[int, int, Reason | None]:
    """What sizing was before any factor but the drawdown's existed, written down anew."""
    limits, equity, fee_rate = made.limits, made.equity(), market().fee_rate
    deep = equity <= made.peak - part(made.peak, limits.drawdown_reduce)
    factor = limits.drawdown_factor if deep else Fraction(ONE)
    if wish is not None:
        stake = part(Usd(wish), factor)
    else:
        all_in = limit + fee_per_share(Price(limit), fee_rate)
        kelly = Fraction(part(Usd(limits.kelly), factor))
        stake = kelly_stake(equity, Fraction(p_win or 0), all_in, kelly)
        if stake == 0:
            return 0, 0, Reason.NO_EDGE
    if stake < limits.trade_min_usd:
        return 0, stake, Reason.BELOW_MINIMUM
    rooms = [
        (part(equity, limits.position_of_equity) - in_token, Reason.CAP_POSITION),
        (min(limits.market_usd, part(equity, limits.market_of_equity)) - used["market#m"], Reason.CAP_MARKET),
        (min(limits.source_usd, part(equity, limits.source_of_equity)) - used["source#w"], Reason.CAP_WHALE),
        (
            min(limits.portfolio_usd, limits.strategy_usd) - max(used["portfolio"], used["strategy#s"]),
            Reason.CAP_PORTFOLIO,
        ),
        (made._books.balance(CASH), Reason.CAP_CASH),
    ]
    room, narrowest = min(rooms, key=lambda pair: pair[0])
    room -= 2 * RESERVE_MARGIN
    if room < limits.trade_min_usd:
        return 0, stake, narrowest
    stake = Usd(min(stake, limits.trade_max_usd, room))
    size = affordable_size(stake, Price(limit), fee_rate)
    return (0, stake, Reason.BELOW_MINIMUM) if size < market().min_size else (size, stake, None)


@given(
    st.integers(10, 100_000),
    st.integers(0, 3_000),
    st.one_of(st.none(), st.integers(0, 10**10)),
    st.one_of(st.none(), st.integers(0, ONE)),
    TICKS,
    st.integers(0, 5_000).map(dollars),
    ROOMS,
)
def test_with_every_factor_one_sizing_is_what_it_always_was(
    capital: int,
    lost: int,
    wish: int | None,
    p_win: int | None,
    limit: int,
    in_token: int,
    used: dict[str, int],
) -> None:
    made = risk(capital=capital, used=used)
    worth(made, dollars(capital - min(lost, capital // 5)))
    sized = made.size_entry(ask(entry(wish, p_win, limit), in_token=in_token))
    assert (sized.size, sized.stake, sized.reason) == as_before(made, wish, p_win, limit, in_token, used)


@given(st.integers(0, ONE), st.integers(10, 10**6), st.integers(0, 2 * ONE))
def test_kelly_stakes_at_most_half_of_the_full_stake_whatever_the_factors(
    p_win: int, capital: int, factor: int
) -> None:
    made = risk(capital=capital)
    sized = made.size_entry(ask(entry(p_win=p_win), factor=factor))
    kelly = Fraction(min(part(Usd(Limits().kelly), Fraction(factor)), KELLY_MAX))
    assert sized.stake <= part(dollars(capital), kelly)
    assert (sized.size == 0) == (sized.reason is not None)


def test_kelly_never_exceeds_one_half() -> None:
    wide = replace(Limits(), kelly=Fraction(400_000), trade_max_usd=dollars(100_000))
    stakes = {
        factor: dict(risk(wide).size_entry(ask(entry(p_win=700_000), factor=factor)).numbers)["stake_wanted"]
        for factor in (ONE, 1_250_000, 1_500_000)
    }
    assert stakes[ONE] < stakes[1_250_000] == stakes[1_500_000]


def test_a_wish_without_any_belief_is_no_edge() -> None:
    sized = risk().size_entry(ask(entry()))
    assert sized == Sized(Shares(0), Usd(0), Reason.NO_EDGE, (("p_win", 0), ("all_in", 522_495)))


def test_a_stake_below_the_markets_smallest_order_is_denied() -> None:
    big = market(min_size=Shares(100 * ONE))
    sized = risk().size_entry(ask(entry(dollars(20)), big))
    assert (sized.size, sized.stake, sized.reason) == (0, dollars(20), Reason.BELOW_MINIMUM)
    assert sized.numbers[-1] == ("min_size", 100 * ONE)


@pytest.mark.parametrize(("wish", "reason"), [(10 * ONE, None), (10 * ONE - 1, Reason.BELOW_MINIMUM)])
def test_the_smallest_entry_is_ten_dollars(wish: int, reason: Reason | None) -> None:
    sized = risk().size_entry(ask(entry(wish)))
    assert sized.reason is reason
    assert reason is None or sized.numbers == (("stake_wanted", wish), ("trade_min_usd", 10 * ONE))


@pytest.mark.parametrize(
    ("changes", "stake"),
    [
        ({"factor": 1_500_000}, 300),
        ({"confidence": 0}, 150),
        ({"spread": 200_000}, 100),
        ({"volatility": 100_000}, 100),
        ({"factor": 1_500_000, "volatility": 100_000}, 150),
    ],
)
def test_each_factor_changes_the_stake_and_is_told(changes: dict[str, int], stake: int) -> None:
    sized = risk().size_entry(replace(ask(), **changes))
    assert sized.stake == dollars(stake)
    assert len(sized.numbers) == len(changes) + 1


def test_factors_apply_before_the_caps_and_never_past_them() -> None:
    made = risk()
    for n in range(12):
        lose(made, -1, NOON + n)
    sized = made.size_entry(ask(entry(dollars(400)), factor=1_500_000))
    assert dict(sized.numbers)["stake_wanted"] == dollars(1_200)
    assert sized.stake == dollars(500) - 2 * RESERVE_MARGIN  # 5% of equity, to which twelve micro-dollars add nothing


def test_two_losses_halve_copies_but_not_models() -> None:
    for limits, stake in ((Limits(), dollars(100)), (replace(MODEL, loss_per_trade_usd=Usd(0)), 199_998_000)):
        made = risk(limits)
        for n in range(2):
            lose(made, 1, NOON + n)
        sized = made.size_entry(ask())
        assert sized.stake == min(stake, part(made.equity(), limits.position_of_equity) - 2 * RESERVE_MARGIN)


def test_a_models_drawdown_and_recovery_are_one_factor() -> None:
    made = risk(replace(MODEL, loss_per_trade_usd=Usd(0)))
    worth(made, dollars(8_500))
    made.look(NOON)
    assert made.size_entry(ask(entry(dollars(100)))).numbers[0] == ("recovery_factor", 500_000)
    worth(made, dollars(10_000))
    assert made.size_entry(ask(entry(dollars(100)))).stake == dollars(50)


def test_results_that_repeat_each_other_halve_size() -> None:
    made = risk()
    made.publish(Figures(NOON, repeats=700_001))
    assert made.size_entry(ask()).stake == dollars(100)


@pytest.mark.parametrize(("more", "reason"), [(0, None), (1, Reason.CAP_EXPOSURE)])
def test_all_positions_of_a_model_stay_within_their_share_of_equity(more: int, reason: Reason | None) -> None:
    used = dollars(2_990) - 2 * RESERVE_MARGIN + more  # 30% of $10,000, less the smallest trade
    assert risk(MODEL, used={"portfolio": used}).size_entry(ask()).reason is reason


def test_the_share_of_equity_of_copying_is_no_cap_of_its_own() -> None:
    made = risk(replace(Limits(), portfolio_usd=dollars(50_000), strategy_usd=dollars(50_000)))
    made._books.used["portfolio"] = dollars(20_000)
    assert made.size_entry(ask()).reason is None


@pytest.mark.parametrize(
    ("correlated", "in_topic", "limits", "reason"),
    [
        (2, 9, Limits(), None),
        (3, 0, Limits(), Reason.CAP_TOPIC),
        (0, 2, MODEL, None),
        (0, 3, MODEL, Reason.CAP_TOPIC),
        (3, 0, MODEL, Reason.CAP_TOPIC),
    ],
)
def test_three_positions_of_a_topic_that_move_together_are_enough(
    correlated: int, in_topic: int, limits: Limits, reason: Reason | None
) -> None:
    made = risk(limits)
    made.publish(Figures(NOON, correlated={market().subject: correlated}))
    sized = made.size_entry(ask(in_topic=in_topic))
    assert sized.reason is reason
    assert reason is None or sized.numbers[-2:] == (("in_topic", 3 * ONE), ("topic_positions_max", 3 * ONE))
    assert made.size_entry(ask(in_topic=in_topic, adds=False)).reason is None


@pytest.mark.parametrize(
    ("score", "bets", "adds", "trims", "reason"),
    [
        (600_000, 3, True, {}, None),
        (599_999, 3, True, {}, Reason.CAP_DIVERSIFICATION),
        (599_999, 2, True, {}, None),
        (599_999, 3, False, {}, None),
        (599_999, 3, False, {"m:yes#s/w": 900_000}, Reason.CAP_DIVERSIFICATION),
        (599_999, 3, False, {"n:yes#s/w": 900_000}, None),
    ],
)
def test_too_few_independent_bets_open_no_more_and_nothing_that_is_to_be_trimmed_grows(
    score: int, bets: int, adds: bool, trims: dict[str, int], reason: Reason | None
) -> None:
    made = risk()
    made.publish(Figures(NOON, diversification=Fraction(score), bets=bets, trims=trims))
    assert made.size_entry(ask(adds=adds)).reason is reason


@pytest.mark.parametrize("limits", [MODEL, replace(Limits(), loss_per_trade_usd=dollars(50), exits_updown=False)])
def test_what_is_held_to_resolution_stakes_no_more_than_a_trade_may_lose(limits: Limits) -> None:
    sized = risk(limits).size_entry(ask(in_market=UPDOWN))
    assert sized.stake == dollars(50) - 2 * RESERVE_MARGIN
    inside = risk(limits).size_entry(ask(in_market=UPDOWN, in_token=dollars(40) - 2 * RESERVE_MARGIN))
    assert inside.stake == dollars(10)
    over = risk(limits).size_entry(ask(in_market=UPDOWN, in_token=dollars(40) - 2 * RESERVE_MARGIN + 1))
    assert over.reason is Reason.CAP_POSITION


def test_what_a_stop_ends_earlier_may_stake_more() -> None:
    for limits, in_market in (
        (replace(Limits(), loss_per_trade_usd=dollars(50)), UPDOWN),
        (replace(Limits(), loss_per_trade_usd=dollars(50), exits_updown=False), market()),
    ):
        assert risk(limits).size_entry(ask(in_market=in_market)).stake == dollars(200)


@given(st.integers(10, 100_000), st.integers(0, 5_000), ROOMS)
def test_the_room_is_what_the_caps_leave_whatever_the_stake(capital: int, in_token: int, used: dict[str, int]) -> None:
    made = risk(capital=capital, used=used)
    room = made.room(ask(in_token=dollars(in_token)))
    sized = made.size_entry(ask(entry(10**12), in_token=dollars(in_token)))
    assert (room < dollars(10)) == (sized.size == 0)
    assert sized.reason is not None or sized.stake == min(room, made.limits.trade_max_usd)


@pytest.mark.parametrize(
    ("wish", "free", "expected"),
    [
        (100 * ONE, 50 * ONE, (50 * ONE, None)),
        (7_019_999, 50 * ONE, (7_010_000, None)),
        (5 * ONE, 50 * ONE, (5 * ONE, None)),
        (4_999_999, 50 * ONE, (0, Reason.BELOW_MINIMUM)),
        (0, 50 * ONE, (0, Reason.BELOW_MINIMUM)),
        (100 * ONE, -5, (0, Reason.BELOW_MINIMUM)),
    ],
)
def test_an_exit_sells_what_is_free_in_whole_steps(wish: int, free: int, expected: tuple[int, object]) -> None:
    assert risk().size_exit(wish, Shares(free), market()) == expected


def test_a_deposit_is_no_profit_and_hides_no_loss() -> None:
    house = House().ready()
    peak = house.engine.desk.risk.peak
    house.deposit(5_000, "more")
    assert house.engine.desk.risk.peak == peak + dollars(5_000)
    assert house.engine.desk.books.balance(CASH) == dollars(15_000)
