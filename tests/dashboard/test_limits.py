"""Limits in words: groups, what is written and read back, what a change would make of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from dashboard.limits import (
    FIRST,
    OWN,
    Step,
    after_reset,
    changed,
    groups,
    in_force,
    limit_rows,
    matching,
    named,
    reach,
    tip,
    title,
    without_changes,
    written,
    wrong,
)
from dashboard.state import Changes
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND
from shared.domain.money import ONE
from shared.engine.bounds import BOUNDS, Bound, Unit
from shared.engine.limits import Limits
from shared.engine.overrides import overridden
from shared.engine.profiles import PROFILES, stage_of, staged
from tests.dashboard import settings_fakes as fakes

BY_NAME = {bound.name: bound for bound in BOUNDS}


def test_every_limit_is_in_one_group_and_every_group_begins_where_it_is_told() -> None:
    found = groups()
    assert [bound for bounds in found.values() for bound in bounds] == list(BOUNDS)
    assert [bounds[0].name for bounds in found.values()] == list(FIRST)
    assert list(found) == list(FIRST.values())


def test_no_two_limits_are_called_the_same_and_those_with_a_name_of_their_own_exist() -> None:
    titles = [title(bound) for bound in BOUNDS]
    assert len(set(titles)) == len(titles)
    assert set(OWN) <= set(BY_NAME)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("daily_loss_usd", "Daily loss"),
        ("positions_max", "Most positions"),
        ("confidence_min", "Least confidence"),
        ("twap_every_ns", "TWAP every"),
        ("exits_updown", "Exits up/down"),
        ("trade_max_usd", "Largest trade"),
        ("var_95_usd", "VaR 95"),
    ],
)
def test_a_limit_is_called_by_its_name_in_words(name: str, words: str) -> None:
    assert title(BY_NAME[name]) == words


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_written_into_the_form_is_read_back_as_the_same_limit(profile: str) -> None:
    limits = PROFILES[profile]
    for bound in BOUNDS:
        assert overridden(limits, [(bound.name, written(bound, limits))]) == limits, bound.name


@given(st.sampled_from(BOUNDS), st.integers(0, 10**12))
def test_any_value_is_written_so_that_it_reads_back(bound: Bound, number: int) -> None:
    value = number % 2 if bound.unit is Unit.FLAG else number % ONE if bound.unit is Unit.COUNT else number
    listed = isinstance(getattr(Limits(), bound.name), tuple)
    flag = isinstance(getattr(Limits(), bound.name), bool)
    limits = replace(Limits(), **{bound.name: (value, value) if listed else bool(value) if flag else value})
    assert overridden(limits, [(bound.name, written(bound, limits))]) == limits


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kelly", "0% to 50%"),
        ("position_of_equity", "0% to 10%"),
        ("stop_loss", "0% to 100%"),
        ("take_profit", "0% to 1000%"),
        ("portfolio_usd", "$0 or more"),
        ("pause_ns", "more than 0 s"),
        ("entry_before_end_ns", "0 s or more"),
        ("losses_to_pause", "1 or more"),
        ("exits_updown", "yes or no"),
        ("streak_up", "x1 to x2"),
    ],
)
def test_between_what_a_limit_may_lie_is_told_in_words(name: str, words: str) -> None:
    assert reach(BY_NAME[name]) == words


def test_a_tip_says_what_it_means_what_is_written_and_its_name() -> None:
    words = tip(BY_NAME["stop_loss"])
    assert words == (
        "Below cost: sold (0%: off). Write a part, such as 15% or 0.15; 0% to 100%. Its name is stop_loss."
    )
    assert "one for each step and commas between" in tip(BY_NAME["exit_slip"])


def test_rows_tell_what_is_in_force_what_was_written_and_what_the_settings_say() -> None:
    rows = {row["name"]: row for row in limit_rows(BOUNDS, fakes.changed())}
    assert len(rows) == len(BOUNDS)
    row = rows["stop_loss"]
    assert (row["now"], row["changed"], row["settings"]) == ("10%", "✎ 10%", "15%")
    untouched = rows["kelly"]
    assert (untouched["now"], untouched["changed"], untouched["settings"]) == ("25%", None, "25%")


def test_limits_that_cannot_be_read_are_told() -> None:
    with pytest.raises(BadInput, match="limits in force cannot be read"):
        in_force(Changes(in_force={"stop_loss": "much"}))


def test_without_the_changes_the_settings_hold() -> None:
    assert without_changes(fakes.changed()) == Limits()
    assert in_force(fakes.changed()).stop_loss == 100_000


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SOLD below cost", ["stop_loss"]),
        ("daily loss", ["daily_loss_usd", "daily_loss_of_equity", "source_daily_loss_usd"]),
    ],
)
def test_a_search_finds_names_and_meanings(text: str, names: list[str]) -> None:
    assert [bound.name for bound in matching(text)] == names


def test_a_search_for_nothing_that_exists_finds_nothing() -> None:
    assert matching("unicorn") == []
    assert [bound.name for bound in named(["stop_loss", "kelly"])] == ["kelly", "stop_loss"]


# ---------------------------------------------------------------------- what a change would make of them


def test_a_change_is_shown_as_before_and_after() -> None:
    assert changed(fakes.unchanged(), {"stop_loss": "12%", "kelly": "25%"}) == [Step("Stop loss", "15%", "12%")]


def test_a_later_change_goes_on_top_of_the_earlier_ones() -> None:
    assert changed(fakes.changed(), {"kelly": "0.1"}) == [Step("Kelly", "25%", "10%")]
    assert changed(fakes.changed(), {"stop_loss": "15%"}) == [Step("Stop loss", "10%", "15%")]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"stop_loss": "lots"}, "limit stop_loss='lots': not a number"),
        ({"stop_loss": "2"}, "stop_loss must lie between 0 and 1, not 2"),
        ({"kelly": "70%"}, "kelly must not exceed 0.5, not 0.7"),
        ({"trade_min_usd": "20", "trade_max_usd": "10"}, "trade_min_usd 20 exceeds trade_max_usd 10"),
        ({"pause_ns": "30"}, "limit pause_ns='30': a duration needs its unit"),
    ],
)
def test_a_change_that_cannot_be_granted_is_told_in_one_sentence(texts: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadInput) as raised:
        changed(fakes.unchanged(), texts)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_stage_bounds_what_is_asked_for() -> None:
    limits = to_builtins(staged(Limits(), stage_of("copy", "1k")))
    bounded = fakes.unchanged(stage="1k", in_force=limits)
    assert changed(bounded, {"portfolio_usd": "500"}) == [Step("Portfolio", "$1,000", "$500")]
    assert changed(bounded, {"portfolio_usd": "5000"}) == []


def test_one_text_is_judged_by_itself_while_it_is_written() -> None:
    assert wrong(BY_NAME["stop_loss"], " 12% ") == ""
    assert wrong(BY_NAME["exit_slip"], "2%, 5%, much").startswith("limit exit_slip='much': not a number")


def test_a_reset_names_everything_it_forgets() -> None:
    steps = after_reset(fakes.changed(mode="observe"))
    assert Step("Pause", "30 min", "1 h") in steps
    assert Step("Strategy", "observes", "trades") in steps
    assert [step.what.partition(" ")[0] for step in steps].count("Wallet") == 2
    assert after_reset(fakes.unchanged()) == []


@given(st.integers(1, 10**9))
def test_a_duration_of_milliseconds_keeps_its_length(count: int) -> None:
    limits = replace(Limits(), pause_ns=count * MILLISECOND)
    assert overridden(Limits(), [("pause_ns", written(BY_NAME["pause_ns"], limits))]) == limits
