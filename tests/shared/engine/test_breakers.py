"""The table: every reason that stops entries has its row, worded with the numbers of the limits."""

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import MINUTE
from shared.domain.money import ONE, Fraction, dollars
from shared.engine.breakers import Action, Breaker, Scope, table
from shared.engine.limits import Limits
from shared.engine.profiles import PROFILES, profile


def row(name: str, limits: Limits | None = None) -> Breaker:
    """The row of this name."""
    return next(one for one in table(limits or Limits()) if one.name == name)


@pytest.mark.parametrize("name", PROFILES)
def test_every_row_says_what_trips_it_and_how_it_ends(name: str) -> None:
    rows = table(profile(name))
    assert len({one.name for one in rows}) == len(rows)
    assert all(one.condition and one.ends and one.by in ("itself", "a person") for one in rows)


def test_each_reason_of_a_breaker_is_in_the_table_of_some_profile() -> None:
    reasons = {one.reason for name in PROFILES for one in table(profile(name))}
    stopping = {one for one in Reason if one.value.startswith(("halted_", "paused_"))}
    assert stopping | {Reason.TRADING_DISABLED, Reason.WHALE_DAILY_LOSS, Reason.ORDER_RATE, None} == reasons


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("drawdown", {"drawdown_halt": 230_000}, "equity is 23% or more below"),
        ("daily_loss", {"daily_loss_usd": dollars(321)}, "$321 or 5% of the day's first equity, whichever is less"),
        ("daily_loss", {"daily_loss_of_equity": Fraction(ONE)}, "$500 lost since 00:00 UTC"),
        ("weekly_loss", {"weekly_loss_usd": dollars(700)}, "$700 lost since Monday"),
        ("losses_in_a_row", {"losses_to_pause": 7}, "7 positions in a row"),
        ("api_errors", {"api_errors_per_hour": 9}, "more than 9 errors"),
        ("settlements", {"failed_settlements_per_hour": 8}, "more than 8 executions"),
        ("spot_move", {"spot_move": 70_000, "spot_window_ns": 5 * MINUTE}, "BTC moved by 7% or more within 5 min"),
        ("var", {"var_95_usd": dollars(123)}, "above $123"),
        ("cvar", {"cvar_95_usd": dollars(456)}, "above $456"),
        ("stress", {"stress_of_equity": 400_000}, "more than 40% of equity"),
        ("whale_daily_loss", {"source_daily_loss_usd": dollars(99)}, "$99 lost with one whale"),
        ("drawdown_reduce", {"drawdown_reduce": 80_000}, "8% or more below its highest value: size x 0.5"),
        ("order_rate", {"entries_per_minute": 4}, "4 entries within 1 min"),
        ("exit_rate", {"exits_per_minute": 44}, "44 exits within 1 min"),
    ],
)
def test_a_condition_is_worded_with_its_limits_number(name: str, changes: dict[str, int], words: str) -> None:
    assert words in row(name, replace(Limits(), **changes)).condition


def test_a_drawdown_and_the_kill_switch_need_a_person_in_both_profiles() -> None:
    for name in PROFILES:
        people = [one.name for one in table(profile(name)) if one.by == "a person"]
        assert people[:2] == ["kill_switch", "drawdown"]


def test_losses_in_a_row_pause_copying_and_halt_models_until_somebody_has_looked() -> None:
    copying, model = row("losses_in_a_row"), row("losses_in_a_row", profile("model"))
    assert (copying.action, copying.reason, copying.ends) == (Action.PAUSE, Reason.PAUSED_LOSSES, "after 1 h")
    assert (model.action, model.reason, model.by) == (Action.HALT, Reason.HALTED_LOSSES, "a person")


def test_rows_that_limits_switch_off_are_not_there() -> None:
    copying = [one.name for one in table(Limits())]
    model = [one.name for one in table(profile("model"))]
    assert [name for name in model if name not in copying] == ["weekly_loss", "drawdown_reduce_more"]


def test_size_comes_back_by_itself_in_copying_and_slowly_in_models() -> None:
    assert row("drawdown_reduce").ends == "when it is above that again"
    ends = row("drawdown_reduce_more", profile("model")).ends
    assert ends == "after 10 profitable days above that, then by 10% a week"


def test_only_a_whales_losses_concern_a_whale_and_only_jobs_a_strategy() -> None:
    assert [one.name for one in table(Limits()) if one.scope is Scope.WHALE] == ["whale_daily_loss"]
    assert [one.name for one in table(Limits()) if one.scope is Scope.STRATEGY] == ["job"]
