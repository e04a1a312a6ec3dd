import argparse
import json

import pytest
from msgspec.structs import replace

from fargate.limits import limits, limits_in_force
from shared.domain.errors import BadInput
from shared.domain.money import Fraction, dollars
from shared.engine.bounds import BOUNDS
from shared.engine.breakers import table
from shared.engine.limits import Limits
from shared.engine.profiles import PROFILES, profile
from shared.settings import read_settings

SETTINGS = read_settings({})


def run(profile_name: str = "copy", stage: str | None = None, as_json: bool = False) -> int:
    return limits(argparse.Namespace(profile=profile_name, stage=stage, json=as_json), SETTINGS)


@pytest.mark.parametrize("name", PROFILES)
def test_people_see_every_limit_with_its_value_and_every_breaker(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Limits of profile {name}\n")
    for bound in BOUNDS:
        line = next(line for line in shown.splitlines() if line.startswith(f"{bound.name} "))
        assert bound.shown(getattr(limits_in_force(SETTINGS, name), bound.name)) in line
        assert bound.meaning in line
    for row in table(limits_in_force(SETTINGS, name)):
        line = next(line for line in shown.splitlines() if f"  {row.name} " in line and line.startswith(row.action))
        assert row.condition in line
        assert line.endswith(row.by)


def test_people_see_the_stages_and_what_opens_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("model", "small") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Limits of profile model, stage small\n")
    assert "medium  $10,000 to $20,000  $200 to $500  6 profitable months and a Sharpe ratio above 1" in shown
    assert "beyond  above $20,000       from $200     it is the last" in shown


def test_machines_get_integers_with_their_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("model", "small", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["profile"], told["stage"]) == ("model", "small")
    rows = {row["name"]: row for row in told["limits"]}
    assert list(rows) == list(Limits.__struct_fields__)
    assert (rows["trade_max_usd"]["value"], rows["trade_max_usd"]["unit"]) == (dollars(200), "usd")
    assert rows["exit_slip"]["value"] == [20_000, 50_000, 100_000, 250_000]
    assert [row["name"] for row in told["breakers"]] == [row.name for row in table(profile("model"))]
    halt = next(row for row in told["breakers"] if row["name"] == "weekly_loss")
    assert (halt["reason"], halt["action"], halt["scope"]) == ("halted_weekly_loss", "HALT", "account")
    assert [stage["name"] for stage in told["stages"]] == ["micro", "small", "medium", "beyond"]


def test_the_limits_shown_are_those_that_the_trader_runs_with() -> None:
    changed = replace(
        SETTINGS,
        copy=replace(
            SETTINGS.copy,
            capital=dollars(5_000),
            trade_max=dollars(300),
            daily_loss=dollars(100),
            kelly=Fraction(100_000),
        ),
    )
    assert limits_in_force(changed, "copy", "1k").portfolio_usd == dollars(1_000)
    assert limits_in_force(changed, "model").portfolio_usd == dollars(5_000)
    assert limits_in_force(changed, "model").daily_loss_usd == dollars(200)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(BadInput, match=r"^profile must be copy or model, not 'yolo'"):
        run("yolo")
    with pytest.raises(BadInput, match=r"^stage of copy must be 1k, 10k, 100k, not 'micro'"):
        run("copy", "micro")


def test_settings_that_contradict_a_limit_are_refused() -> None:
    tiny = replace(SETTINGS, copy=replace(SETTINGS.copy, trade_max=dollars(5)))
    with pytest.raises(BadInput, match=r"^trade_min_usd 10 exceeds trade_max_usd 5"):
        limits_in_force(tiny)


def test_limits_that_people_set_by_name_are_in_force_and_checked() -> None:
    wide = read_settings({"LIMIT_SPREAD_MAX": "0.05", "STOP_LOSS_PCT": "10", "PROFILE": "model", "STAGE": "micro"})
    found = limits_in_force(wide)
    assert (found.spread_max, found.stop_loss, found.positions_max) == (50_000, 100_000, 5)
    assert found.trade_max_usd == dollars(100)
    with pytest.raises(BadInput, match="there is no limit 'spred'"):
        limits_in_force(read_settings({"LIMIT_SPRED": "1"}))
    with pytest.raises(BadInput, match="stop_loss must lie between 0 and 1, not 2"):
        limits_in_force(read_settings({"LIMIT_STOP_LOSS": "2"}))
