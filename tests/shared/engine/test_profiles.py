from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.errors import BadInput
from shared.domain.money import ONE, dollars
from shared.engine.limits import POSITION_MAX, Limits, checked
from shared.engine.profiles import PROFILES, STAGES, Progress, Stage, next_stage, profile, stage_of, staged

EVERY_STAGE = [(name, stage) for name, stages in STAGES.items() for stage in stages]
ENOUGH = Progress(days=30, trades=100, months=6, sharpe=ONE + 1)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_sound(name: str) -> None:
    assert checked(PROFILES[name]) is profile(name) is PROFILES[name]


def test_copying_has_the_numbers_of_the_specification() -> None:
    limits = profile("copy")
    assert limits == Limits()
    assert (limits.daily_loss_usd, limits.daily_loss_of_equity) == (dollars(500), 50_000)
    assert (limits.drawdown_reduce, limits.drawdown_factor, limits.drawdown_halt) == (100_000, 500_000, 200_000)
    assert (limits.positions_max, limits.position_of_equity, limits.losses_need_person) == (50, 50_000, False)


def test_models_have_the_numbers_of_the_specification() -> None:
    limits = profile("model")
    assert (limits.position_of_equity, limits.exposure_of_equity, limits.positions_max) == (20_000, 300_000, 5)
    assert (limits.daily_loss_usd, limits.weekly_loss_usd) == (dollars(200), dollars(500))
    assert (limits.drawdown_reduce, limits.drawdown_factor) == (100_000, 750_000)
    assert (limits.drawdown_reduce_more, limits.drawdown_factor_more) == (150_000, 500_000)
    assert limits.drawdown_halt == 200_000
    assert (limits.loss_per_trade_usd, limits.losses_to_pause, limits.losses_need_person) == (dollars(50), 5, True)
    assert (limits.stop_loss, limits.take_profit, limits.trailing_stop, limits.exits_updown) == (0, 0, 0, False)
    assert (limits.price_band, limits.recovery_days, limits.recovery_per_week) == (0, 10, 100_000)


def test_an_unknown_profile_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"^profile must be copy or model, not 'yolo'$"):
        profile("yolo")
    with pytest.raises(BadInput, match=r"^profile must be copy or model, not 'yolo'$"):
        stage_of("yolo", "micro")


def test_an_unknown_stage_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"^stage of model must be micro, small, medium, beyond, not '1k'$"):
        stage_of("model", "1k")


def test_every_profile_has_stages_that_follow_each_other() -> None:
    assert list(STAGES) == list(PROFILES)
    for stages in STAGES.values():
        for before, after in pairwise(stages):
            assert before.capital_min <= before.capital_max <= after.capital_min
            assert before.asked()
        assert not stages[-1].asked()


@pytest.mark.parametrize(("name", "stage"), EVERY_STAGE)
def test_a_stage_caps_capital_and_trades_and_raises_neither(name: str, stage: Stage) -> None:
    limits = staged(profile(name), stage)
    for cap, field in ((stage.capital_max, "portfolio_usd"), (stage.capital_max, "strategy_usd")):
        assert getattr(limits, field) <= getattr(profile(name), field)
        assert not cap or getattr(limits, field) <= cap
    assert not stage.trade_max or limits.trade_max_usd <= stage.trade_max
    assert limits.market_usd <= profile(name).market_usd


@given(st.sampled_from(EVERY_STAGE), st.integers(10, 10**6).map(dollars), st.integers(10, 10**5).map(dollars))
def test_of_stage_and_limits_the_smaller_wins(named: tuple[str, Stage], capital: int, trade: int) -> None:
    name, stage = named
    wide = replace(profile(name), portfolio_usd=capital, strategy_usd=capital, trade_max_usd=trade)
    limits = staged(wide, stage)
    assert limits.portfolio_usd == (min(capital, stage.capital_max) if stage.capital_max else capital)
    assert limits.trade_max_usd == (min(trade, stage.trade_max) if stage.trade_max else trade)


def test_below_medium_the_stages_size_replaces_the_cap_of_two_percent() -> None:
    small = staged(profile("model"), stage_of("model", "small"))
    assert (small.position_of_equity, small.market_usd, small.trade_max_usd) == (
        POSITION_MAX,
        dollars(200),
        dollars(200),
    )
    medium = staged(profile("model"), stage_of("model", "medium"))
    assert (medium.position_of_equity, medium.market_usd) == (20_000, Limits().market_usd)


def test_a_stage_that_leaves_no_trade_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^trade_min_usd 300 exceeds trade_max_usd 200$"):
        staged(replace(profile("model"), trade_min_usd=dollars(300)), stage_of("model", "small"))


@pytest.mark.parametrize(
    ("name", "stage", "lacking", "why"),
    [
        ("copy", "1k", {"days": 6}, "10k opens after 7 days in 1k (now 6)"),
        ("copy", "10k", {"days": 29}, "100k opens after 30 days in 10k (now 29)"),
        ("model", "micro", {"trades": 99}, "small opens after 100 trades in micro (now 99)"),
        ("model", "small", {"trades": 99}, "medium opens after 100 trades in small (now 99)"),
        ("model", "medium", {"months": 5}, "beyond opens after 6 profitable months (now 5)"),
        ("model", "medium", {"sharpe": ONE}, "beyond opens after a Sharpe ratio above 1 (now 1)"),
        (
            "model",
            "medium",
            {"months": 0, "sharpe": -ONE},
            "beyond opens after 6 profitable months (now 0) and a Sharpe ratio above 1 (now -1)",
        ),
    ],
)
def test_the_next_stage_opens_when_its_criteria_are_met_and_not_just_before(
    name: str, stage: str, lacking: dict[str, int], why: str
) -> None:
    assert next_stage(name, stage, ENOUGH).open
    answer = next_stage(name, stage, replace(ENOUGH, **lacking))
    assert (answer.open, answer.why) == (False, why)


def test_an_open_stage_says_how_far_it_reaches() -> None:
    assert next_stage("copy", "1k", ENOUGH).why == "every condition of 1k is met: 10k, up to $10,000, is open"
    assert next_stage("model", "medium", ENOUGH).why.endswith("beyond, without a ceiling, is open")


def test_after_the_last_stage_there_is_none() -> None:
    answer = next_stage("copy", "100k", ENOUGH)
    assert (answer.name, answer.open, answer.why) == ("", False, "100k is the last stage")
