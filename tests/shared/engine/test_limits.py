import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.errors import BadInput
from shared.domain.money import ONE, dollars
from shared.engine.limits import KELLY_MAX, POSITION_MAX, Limits, checked

NAMES = Limits.__struct_fields__
PROPORTIONS = tuple(
    name
    for name in NAMES
    if name == "kelly" or "_of_" in name or name.startswith("drawdown") or name == "confidence_min"
)


def test_the_defaults_are_sound() -> None:
    assert checked(Limits()) == Limits()


@pytest.mark.parametrize("name", NAMES)
def test_no_limit_is_negative(name: str) -> None:
    with pytest.raises(BadInput, match=f"^{name} must "):
        checked(replace(Limits(), **{name: -1}))


@pytest.mark.parametrize("name", PROPORTIONS)
def test_no_proportion_exceeds_one(name: str) -> None:
    with pytest.raises(BadInput, match=f"^{name} must lie between 0 and 1, not 1.000001$"):
        checked(replace(Limits(), **{name: ONE + 1}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kelly": KELLY_MAX + 1}, "kelly must not exceed 0.5, not 0.500001"),
        ({"position_of_equity": POSITION_MAX + 1}, "position_of_equity must not exceed 0.1, not 0.100001"),
        ({"trade_min_usd": dollars(1_001)}, "trade_min_usd 1001 exceeds trade_max_usd"),
        ({"drawdown_reduce": 300_000}, "drawdown_reduce 0.3 exceeds drawdown_halt"),
    ],
)
def test_limits_that_contradict_the_specification_are_refused_by_name(changes: dict[str, int], sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{sentence}$"):
        checked(replace(Limits(), **changes))


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(-ONE, 2 * ONE), max_size=4))
def test_limits_are_either_taken_as_they_are_or_refused(changes: dict[str, int]) -> None:
    limits = replace(Limits(), **changes)
    try:
        assert checked(limits) is limits
    except BadInput:
        return
    assert all(getattr(limits, name) >= 0 for name in NAMES)
    assert all(getattr(limits, name) <= ONE for name in PROPORTIONS)
    assert limits.kelly <= KELLY_MAX
    assert limits.trade_min_usd <= limits.trade_max_usd
    assert limits.drawdown_reduce <= limits.drawdown_halt
