"""The gate and what people are told agree: the reason is that of the first standing breaker of the table."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.money import ONE, dollars
from shared.domain.tables import Figures
from shared.engine.breakers import Action, Standing, table
from shared.engine.limits import Limits
from shared.engine.profiles import PROFILES, profile
from shared.engine.risk import Risk
from tests.shared.engine.builders import NOON
from tests.shared.engine.risks import lose, risk, worth

COIN = 60_000 * ONE
MANY = replace(Limits(), entries_per_minute=2, exits_per_minute=2)


def standing(made: Risk, at: int = NOON) -> dict[str, Standing]:
    """What stands, by name."""
    return {one.name: one for one in made.standing(at)}


def six(tell: Callable[[int], None]) -> None:
    for n in range(6):
        tell(NOON + n)


def test_nothing_stands_in_the_way_of_a_calm_account() -> None:
    assert risk().standing(NOON) == []
    assert risk(profile("model")).standing(NOON) == []


def test_people_are_told_since_when_until_when_and_why() -> None:
    made = risk()
    worth(made, dollars(9_400))
    assert standing(made) == {}  # asking notes nothing
    made.look(NOON)
    told = standing(made)["daily_loss"]
    assert (told.key, told.action, told.since, told.ends_at) == ("", Action.HALT, NOON, NOON + 12 * HOUR)
    assert told.text.endswith("lost since 00:00 UTC: day_lost 600, day_loss_limit 500")
    assert "daily_loss" not in standing(made, NOON + 12 * HOUR)


def test_the_switch_stands_with_the_reason_it_was_given() -> None:
    made = risk()
    made.stop("looks wrong", NOON)
    told = standing(made)["kill_switch"]
    assert (told.since, told.ends_at, told.text) == (NOON, 0, "the kill switch is on: looks wrong")


@pytest.mark.parametrize(
    ("feed", "name"), [("switch", "feed"), ("clock", "feed"), ("books", "job"), ("store", "store")]
)
def test_a_feed_stands_under_its_breaker_with_its_reason(feed: str, name: str) -> None:
    made = risk()
    made.needs = (*made.needs, "books", "store")
    made.feed(feed, False, "silent", NOON)
    made.feed(feed, False, "still silent", NOON + 1)
    told = made.standing(NOON + 2)
    assert [(one.name, one.key, one.since) for one in told] == [(name, feed, NOON)]
    assert told[0].text.endswith(f"{feed}: still silent")


def test_each_whale_that_is_out_stands_by_itself() -> None:
    made = risk()
    for source in ("anna", "bert"):
        lose(made, dollars(200), source=source, key=source)
    told = [(one.name, one.key) for one in made.standing(NOON)]
    assert told == [("whale_daily_loss", "anna"), ("whale_daily_loss", "bert")]


def test_failures_stand_since_the_one_too_many() -> None:
    made = risk()
    six(made.api_error)
    six(made.failed_settlement)
    told = standing(made, NOON + 5)
    for name in ("api_errors", "settlements"):
        assert (told[name].since, told[name].ends_at) == (NOON + 5, NOON + HOUR)
        assert told[name].text.endswith(": 6 now")


def test_used_up_rates_stand_until_the_first_is_old_enough() -> None:
    made = risk(MANY)
    for n in range(2):
        assert standing(made) == {}
        made.entered(NOON + n)
        made.exited(NOON + n)
    told = standing(made, NOON + 1)
    assert list(told) == ["order_rate", "exit_rate"]
    assert all((one.since, one.ends_at) == (NOON + 1, NOON + MINUTE) for one in told.values())


def test_a_move_of_bitcoin_stands_as_long_as_it_halts() -> None:
    made = risk()
    made.spot(COIN, NOON)
    made.spot(COIN * 2, NOON + MINUTE)
    told = standing(made, NOON + MINUTE)["spot_move"]
    assert (told.since, told.ends_at) == (NOON + MINUTE, NOON + 15 * MINUTE)
    assert told.text.endswith("spot_moved 1, spot_move 0.1")


def test_figures_stand_since_they_were_first_too_high() -> None:
    made = risk()
    made.publish(Figures(NOON, var_95=dollars(1_001), cvar_95=dollars(2_001), stress={"crash": -dollars(9_000)}), NOON)
    made.publish(Figures(NOON, var_95=dollars(1_500), stress={"crash": -dollars(9_000)}), NOON + 5)
    told = standing(made)
    assert list(told) == ["var", "stress"]
    assert (told["var"].since, told["stress"].since) == (NOON, NOON)
    assert told["var"].text.endswith("var 1500, var_95_usd 1000")


@pytest.mark.parametrize(
    ("name", "left", "expected"),
    [
        ("copy", 9_001, []),
        ("copy", 9_000, ["drawdown_reduce"]),
        ("model", 9_000, ["drawdown_reduce"]),
        ("model", 8_501, ["drawdown_reduce"]),
        ("model", 8_500, ["drawdown_reduce_more"]),
    ],
)
def test_the_deepest_step_of_a_drawdown_stands(name: str, left: int, expected: list[str]) -> None:
    made = risk(profile(name))
    worth(made, dollars(left))
    told = [one.name for one in made.standing(NOON) if one.action is Action.REDUCE]
    assert told == expected


def test_a_models_recovery_stands_until_size_is_whole() -> None:
    made = risk(profile("model"))
    worth(made, dollars(8_500))
    made.look(NOON)
    worth(made, dollars(10_000))
    told = standing(made, NOON + DAY)["drawdown_reduce"]
    assert told.text.endswith(": size x 0.5")


def pay_in(made: Risk, whole_dollars: int) -> None:
    made.deposited(dollars(whole_dollars))
    worth(made, made.equity() + dollars(whole_dollars))


FACTS: dict[str, Callable[[Risk, int, int], None]] = {
    "marks move": lambda made, at, n: worth(made, dollars(7_500 + n * 100)),
    "a position closes": lambda made, at, n: lose(made, dollars(n * 10 - 250), at, "w" if n % 2 else "other"),
    "an entry": lambda made, at, n: None if made.breaker("w", at) else made.entered(at),
    "an exit": lambda made, at, n: made.exited(at),
    "an error": lambda made, at, n: made.api_error(at),
    "a failure": lambda made, at, n: made.failed_settlement(at),
    "bitcoin": lambda made, at, n: made.spot(COIN + n * COIN // 100, at),
    "a feed": lambda made, at, n: made.feed(("switch", "whales", "store")[n % 3], n > 10, "drawn", at),
    "figures": lambda made, at, n: made.publish(
        Figures(at, dollars(n * 80), cvar_95=dollars(n * 150), stress={"crash": -dollars(n * 400)}), at
    ),
    "stop": lambda made, at, n: made.stop("drawn", at),
    "resume": lambda made, at, n: made.resume(at),
    "deposit": lambda made, at, n: pay_in(made, n),
    "nothing": lambda made, at, n: None,
}


@given(
    st.sampled_from(list(PROFILES)),
    st.lists(st.tuples(st.sampled_from(list(FACTS)), st.integers(0, 20), st.integers(0, 20_000)), max_size=60),
)
def test_the_gate_gives_the_reason_of_the_first_breaker_that_stands(
    name: str, facts: list[tuple[str, int, int]]
) -> None:
    made, at = risk(profile(name)), NOON
    made.needs = (*made.needs, "whales")
    rows = {row.name: row for row in table(profile(name))}
    refusing = [row for row in rows if row not in ("order_rate", "exit_rate") and rows[row].reason is not None]
    for fact, n, seconds in facts:
        at += seconds * 10**9
        made.begin_day(at)
        FACTS[fact](made, at, n)
        reason = made.breaker("w", at)
        told = [one for one in made.standing(at) if one.name in refusing and one.key != "other"]
        assert reason is (rows[told[0].name].reason if told else None)
        assert reason is made.breaker("w", at)
        assert all(one.ends_at == 0 or at <= one.ends_at for one in told)
        assert all(one.since <= at for one in told)
        assert reason in (None, Reason.TRADING_DISABLED, Reason.HALTED_FEED, Reason.PAUSED_STORE) or made.numbers(
            reason, "w", at
        )
