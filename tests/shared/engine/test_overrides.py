"""Limits as people write them: every one can be set by its name, in its unit, and nonsense is one sentence."""

import pytest
from msgspec.structs import replace

from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, MILLISECOND, MINUTE, SECOND
from shared.domain.money import dollars
from shared.engine.bounds import BOUNDS, Bound, Unit
from shared.engine.limits import Limits, checked
from shared.engine.overrides import overridden

TEXTS = {
    Unit.USD: "123.45",
    Unit.SHARE: "12.5%",
    Unit.FACTOR: "1",
    Unit.PRICE: "0.4",
    Unit.COUNT: "7",
    Unit.SPAN: "90s",
    Unit.FLAG: "yes",
}
VALUES = {
    Unit.USD: 123_450_000,
    Unit.SHARE: 125_000,
    Unit.FACTOR: 1_000_000,
    Unit.PRICE: 400_000,
    Unit.COUNT: 7,
    Unit.SPAN: 90 * SECOND,
    Unit.FLAG: True,
}


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_every_limit_can_be_set_in_its_own_unit(bound: Bound) -> None:
    name, unit = bound.name, bound.unit
    got = getattr(overridden(Limits(), [(name, TEXTS[unit])]), name)
    assert got == ((VALUES[unit],) if isinstance(getattr(Limits(), name), tuple) else VALUES[unit])
    assert isinstance(got, bool) == (unit is Unit.FLAG)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500ms", 500 * MILLISECOND),
        ("1.5s", 1_500 * MILLISECOND),
        ("15m", 15 * MINUTE),
        ("2h", 2 * HOUR),
        ("1d", 24 * HOUR),
    ],
)
def test_a_duration_says_its_unit(text: str, value: int) -> None:
    assert overridden(Limits(), [("pause_ns", text)]).pause_ns == value


def test_lists_are_separated_by_commas_and_several_limits_may_change() -> None:
    changes = [("phase_life_ns", "10s, 20s,30s"), ("stop_loss", "0.1"), ("exits_updown", "off")]
    got = overridden(Limits(), changes)
    expected = replace(
        Limits(), phase_life_ns=(10 * SECOND, 20 * SECOND, 30 * SECOND), stop_loss=100_000, exits_updown=False
    )
    assert checked(got) == expected
    assert overridden(Limits(), []) == Limits()
    assert overridden(Limits(), [("trade_max_usd", "250")]).trade_max_usd == dollars(250)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("stop_los", "1", "there is no limit 'stop_los'; `python -m fargate limits` names them all"),
        ("stop_loss", "much", "limit stop_loss='much': not a number (a part such as 0.15 or 15%)"),
        ("stop_loss", "5s", "limit stop_loss='5s': 's' is not its unit (a part such as 0.15 or 15%)"),
        ("trade_max_usd", "5%", "limit trade_max_usd='5%': '%' is not its unit (dollars such as 250)"),
        ("pause_ns", "30", "limit pause_ns='30': a duration needs its unit (for example 500ms, 30s, 15m, 2h or 1d)"),
        ("pause_ns", "30%", "limit pause_ns='30%': a duration needs its unit (for example 500ms, 30s, 15m, 2h or 1d)"),
        ("exits_updown", "maybe", "limit exits_updown='maybe': must be yes or no"),
    ],
)
def test_nonsense_is_one_sentence_that_names_the_limit_and_the_text(name: str, text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as told:
        overridden(Limits(), [(name, text)])
    assert str(told.value) == sentence


def test_a_value_out_of_range_is_found_by_the_check_that_all_limits_go_through() -> None:
    with pytest.raises(BadInput, match=r"kelly must not exceed 0\.5, not 0\.6"):
        checked(overridden(Limits(), [("kelly", "60%")]))
