import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.errors import BadInput
from shared.domain.instants import HOUR
from shared.domain.money import ONE, Fraction, dollars
from shared.engine.bounds import BOUNDS, Bound, Unit
from shared.engine.limits import KELLY_MAX, POSITION_MAX, Limits, checked

NAMES = Limits.__struct_fields__
SINGLE = tuple(bound for bound in BOUNDS if not isinstance(getattr(Limits(), bound.name), tuple))
LISTS = tuple(bound for bound in BOUNDS if isinstance(getattr(Limits(), bound.name), tuple))
HIGH = tuple(bound for bound in BOUNDS if bound.high is not None)
PROPORTIONS = tuple(
    name
    for name in NAMES
    if name == "kelly" or "_of_" in name or name.startswith("drawdown") or name == "confidence_min"
)


def changed(name: str, value: int) -> Limits:
    """The defaults with one limit (each value of it, where it is a list) set."""
    before = getattr(Limits(), name)
    return replace(Limits(), **{name: (value,) * len(before) if isinstance(before, tuple) else value})


def test_the_defaults_are_sound() -> None:
    assert checked(Limits()) == Limits()


def test_every_limit_has_its_row_with_its_meaning_in_the_order_of_the_fields() -> None:
    assert tuple(bound.name for bound in BOUNDS) == NAMES
    assert all(bound.meaning for bound in BOUNDS)


@pytest.mark.parametrize("name", NAMES)
def test_no_limit_is_negative(name: str) -> None:
    with pytest.raises(BadInput, match=f"^{name} must .*, not -"):
        checked(changed(name, -1))


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_each_limit_takes_its_lowest_value_and_refuses_the_one_below(bound: Bound) -> None:
    assert bound.broken_by(bound.low) == ""
    assert bound.broken_by(bound.low - 1).startswith("must ")
    with pytest.raises(BadInput, match=f"^{bound.name} must "):
        checked(changed(bound.name, bound.low - 1))


@pytest.mark.parametrize("bound", HIGH, ids=lambda bound: bound.name)
def test_each_limit_with_a_ceiling_takes_it_and_refuses_the_value_above(bound: Bound) -> None:
    assert bound.high is not None
    assert bound.broken_by(bound.high) == ""
    with pytest.raises(BadInput, match=f"^{bound.name} must lie between "):
        checked(changed(bound.name, bound.high + 1))


@pytest.mark.parametrize("name", PROPORTIONS)
def test_no_proportion_exceeds_one(name: str) -> None:
    if not name.startswith("drawdown_factor"):
        assert {bound.name: bound.unit for bound in BOUNDS}[name] is Unit.SHARE
    with pytest.raises(BadInput, match=f"^{name} must lie between 0 and 1, not 1.000001$"):
        checked(replace(Limits(), **{name: ONE + 1}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kelly": KELLY_MAX + 1}, "kelly must not exceed 0.5, not 0.500001"),
        ({"position_of_equity": POSITION_MAX + 1}, "position_of_equity must not exceed 0.1, not 0.100001"),
        ({"streak_up": 2 * ONE + 1}, "streak_up must lie between 1 and 2, not 2.000001"),
        ({"streak_up": ONE - 1}, "streak_up must lie between 1 and 2, not 0.999999"),
        ({"losses_to_pause": 0}, "losses_to_pause must be positive, not 0"),
        ({"rate_window_ns": 0}, "rate_window_ns must be positive, not 0"),
        ({"daily_loss_usd": -dollars(5)}, "daily_loss_usd must not be negative, not -5"),
        ({"losses_need_person": 2}, "losses_need_person must lie between 0 and 1, not 2"),
        ({"trade_min_usd": dollars(1_001)}, "trade_min_usd 1001 exceeds trade_max_usd 1000"),
        ({"drawdown_reduce": 300_000}, "drawdown_reduce 0.3 exceeds drawdown_halt 0.2"),
        ({"drawdown_reduce_more": 50_000}, "drawdown_reduce 0.1 exceeds drawdown_reduce_more 0.05"),
        ({"drawdown_reduce_more": 250_000}, "drawdown_reduce_more 0.25 exceeds drawdown_halt 0.2"),
        ({"drawdown_reduce_more": 150_000}, "drawdown_factor_more 1 exceeds drawdown_factor 0.5"),
        ({"diversification_min": 800_000}, "diversification_min 0.8 exceeds diversification_target 0.7"),
        ({"overlap_free": 400_000}, "overlap_free 0.4 exceeds overlap_max 0.3"),
        ({"exit_before_end_ns": 3 * HOUR + 1}, "exit_before_end_ns 10800000000001 exceeds entry_before_end_ns 1080*"),
        ({"uncertain_low": 700_000}, "uncertain_low 0.7 exceeds uncertain_high 0.65"),
        ({"loss_per_trade_usd": dollars(9)}, "trade_min_usd 10 exceeds loss_per_trade_usd 9"),
        ({"phase_life_ns": ()}, "phase_life_ns must name at least one phase, not 0"),
        ({"phase_life_ns": (1, 0, 1)}, "phase_life_ns must be positive, not 0"),
        ({"phase_step": (0, 1)}, r"phase_step must have a value per phase of phase_life_ns \(3\), not 2"),
        ({"phase_cut": (0, 0, 0, 0)}, r"phase_cut must have a value per phase of phase_life_ns \(3\), not 4"),
        ({"phase_cut": (0, 0, ONE + 1)}, "phase_cut must lie between 0 and 1, not 1.000001"),
        ({"phase_step": (0, 20_000, 10_000)}, "phase_step must not fall from 0.02 to 0.01"),
        ({"exit_slip": ()}, "exit_slip must name at least one step, not 0"),
        ({"exit_slip": (20_000, 20_000)}, "exit_slip must rise with every step, not go from 0.02 to 0.02"),
    ],
)
def test_limits_that_contradict_the_specification_are_refused_by_name(
    changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadInput, match=f"^{sentence}$"):
        checked(replace(Limits(), **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"kelly": KELLY_MAX, "position_of_equity": POSITION_MAX},
        {"trade_min_usd": dollars(1_000)},
        {"drawdown_reduce": 200_000},
        {"drawdown_reduce_more": 100_000, "drawdown_factor_more": 500_000},
        {"drawdown_reduce_more": 200_000, "drawdown_factor_more": 500_000},
        {"diversification_min": 700_000},
        {"overlap_free": 300_000},
        {"exit_before_end_ns": 3 * HOUR},
        {"uncertain_low": 650_000},
        {"loss_per_trade_usd": dollars(10)},
        {"phase_step": (20_000, 20_000, 20_000)},
        {"exit_slip": (20_000, 20_001)},
        {"exit_slip": (ONE,)},
        {"phase_life_ns": (1,), "phase_step": (0,), "phase_cut": (0,)},
    ],
)
def test_limits_just_inside_are_taken(changes: dict[str, object]) -> None:
    limits = replace(Limits(), **changes)
    assert checked(limits) is limits


@given(st.dictionaries(st.sampled_from([bound.name for bound in SINGLE]), st.integers(-ONE, 2 * ONE), max_size=4))
def test_limits_are_either_taken_as_they_are_or_refused(changes: dict[str, int]) -> None:
    limits = replace(Limits(), **changes)
    try:
        assert checked(limits) is limits
    except BadInput:
        return
    assert all(getattr(limits, bound.name) >= 0 for bound in SINGLE)
    assert all(getattr(limits, name) <= ONE for name in PROPORTIONS)
    assert limits.kelly <= KELLY_MAX
    assert limits.trade_min_usd <= limits.trade_max_usd
    assert limits.drawdown_reduce <= limits.drawdown_halt


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("portfolio_usd", "$10,000"),
        ("kelly", "25%"),
        ("streak_up", "x1.25"),
        ("spread_max", "$0.03"),
        ("positions_max", "50"),
        ("pause_ns", "1 h"),
        ("exits_updown", "yes"),
        ("losses_need_person", "no"),
        ("exit_slip", "2%, 5%, 10%, 25%"),
        ("phase_life_ns", "30 s, 45 s, 1 min"),
    ],
)
def test_a_limit_is_shown_in_its_unit(name: str, text: str) -> None:
    bound = next(bound for bound in BOUNDS if bound.name == name)
    assert bound.shown(getattr(Limits(), name)) == text


def test_the_lists_are_the_phases_and_the_steps_of_exits() -> None:
    assert [bound.name for bound in LISTS] == ["exit_slip", "phase_life_ns", "phase_step", "phase_cut"]
    assert Limits().phase_cut[0] == Fraction(0)
