"""Risk in words, and the page that shows it."""

from typing import Any

import pytest

from dashboard.risk import (
    DOES,
    FINDINGS,
    SEVERITIES,
    alert_rows,
    breaker_rows,
    breaker_tags,
    change_sentences,
    diversification_words,
    exit_rows,
    finding_rows,
    limit_rows,
    rounds_words,
    stress_bars,
    tripped_sentences,
)
from dashboard.risk_charts import limit_bars
from dashboard.state import Changes, RiskView, Rounds, Use, risk_of
from dashboard.words import NOTHING, short
from shared.domain.command import Command, CommandKind
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR
from shared.domain.reasons import RULES
from shared.engine.breakers import Action
from shared.engine.reconciliation.belief import Difference
from shared.ports import Switch
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, WALLET, FakeQueries, live, quiet
from tests.dashboard.risk_fakes import risk_item
from tests.dashboard.test_pages import banner, shown

VIEW = risk_of(risk_item())


def risky(**changed: Any) -> FakeQueries:
    """The quiet account with a view of risk."""
    queries = quiet()
    queries.risky = risk_of({**risk_item(), **changed})
    return queries


def test_the_limit_used_up_most_comes_first_and_its_state_needs_no_colour() -> None:
    rows = limit_rows(VIEW.limits)
    assert [row["limit"] for row in rows] == ["Lost today", "Drawdown", "Open positions", "Moon phase"]
    assert [row["state"] for row in rows] == ["■ Reached", "▲ Near", "● Fine", "● Fine"]
    assert [row["used"] for row in rows] == ["$510.00", "16.0%", "3", "0.5"]
    assert rows[0]["of"] == "$500.00"
    assert rows[0]["share"] == 100.0  # cut off there exactly


@pytest.mark.parametrize(
    ("used", "state"), [(79_999_999, "● Fine"), (80_000_000, "▲ Near"), (99_999_999, "▲ Near"), (10**8, "■ Reached")]
)
def test_a_limit_is_near_from_four_fifths_and_reached_at_all_of_it(used: int, state: str) -> None:
    assert limit_rows((Use("portfolio", used, 10**8, "usd"),))[0]["state"] == state


def test_breakers_that_are_tripped_come_first_with_how_they_end() -> None:
    rows = breaker_rows(VIEW.breakers, VIEW.standing)
    assert [(row["name"], row["state"]) for row in rows] == [
        ("Kill switch", "■ Tripped"),
        ("Daily loss", "■ Tripped"),
        ("Losses in a row", "○ Ready"),
        ("Drawdown reduce", "○ Ready"),
    ]
    assert [row["does"] for row in rows[1:]] == ["■ Stops entries", "❚❚ Pauses entries", "▼ Reduces size"]
    assert (rows[0]["ends"], rows[0]["by"]) == ("when a person resumes", "a person")


def test_what_stands_is_told_in_a_sentence_with_its_end_and_who_may_end_it() -> None:
    day, *others = tripped_sentences(VIEW)
    since, ends = "since 2026-03-22 21:00:00 UTC", "It ends at 2026-03-23 00:00:00 UTC, in 2 h 0 min."
    assert day == f"Daily loss: ■ Stops entries {since}. day_lost 510. {ends}"
    assert others == [
        "Kill switch (0x1111…2222): ■ Stops entries. drill. It ends when a person resumes. Only a person may end it.",
        "Moon: HOWL. full.",
    ]


def test_the_banner_names_breakers_by_what_they_do() -> None:
    named = ("HALT daily_loss", "HALT whale_daily_loss 0x1111111111222222", "REDUCE drawdown_reduce", "HOWL moon")
    assert breaker_tags(named) == [
        ("off", "■ Stops entries: Daily loss, Whale daily loss (0x1111…2222)"),
        ("wait", "▼ Reduces size: Drawdown reduce"),
        ("wait", "HOWL: Moon"),
    ]
    assert breaker_tags(()) == []


def test_every_action_and_kind_of_finding_has_words() -> None:
    assert set(DOES) == {action.value for action in Action}
    assert set(FINDINGS) == {kind.value for kind in Difference}
    assert set(SEVERITIES) == {1, 2, 3}


def test_every_rule_is_listed_the_most_frequent_first() -> None:
    rows = exit_rows({"take_profit": 3, "stop_loss": 1})
    assert [row["count"] for row in rows] == [3, 1, 0, 0, 0, 0]
    assert rows[0]["rule"] == "Take-profit"
    assert len(rows) == len(RULES)


def test_scenarios_findings_and_alerts_are_in_words() -> None:
    assert breaker_tags(("HALT api_errors",)) == [("off", "■ Stops entries: API errors")]
    assert stress_bars({"a_b": -1_000_000, "c": -2_500_000}) == [("C", -2.5, "-$2.50"), ("A b", -1.0, "-$1.00")]
    assert [row["kind"] for row in finding_rows(VIEW.reconciliation)] == [
        "Repaired: we had missed a fact",
        "On its way: one side has not heard yet",
        "Odd one",
    ]
    assert [row["severity"] for row in alert_rows(VIEW.alerts)] == ["✖ 1 · halts", "9"]


@pytest.mark.parametrize(
    ("rounds", "words"),
    [
        (Rounds(), "have not been compared"),
        (Rounds(2), "2 rounds, none of which was equal yet"),
        (Rounds(5, NOW - HOUR), "Equal to the venue's at 2026-03-22 21:00:00 UTC (1 h 0 min ago), after 5 rounds."),
    ],
)
def test_the_rounds_say_when_the_books_were_last_equal(rounds: Rounds, words: str) -> None:
    assert words in rounds_words(rounds, NOW)


def test_of_no_bets_there_is_no_score() -> None:
    assert (diversification_words(640_000, 7), diversification_words(0, 0)) == ("64.0%", NOTHING)


def test_a_view_that_cannot_be_read_is_refused_by_field() -> None:
    with pytest.raises(BadInput, match=r"table live cannot be read: .*used"):
        risk_of({"limits": [{"name": "a", "used": "much", "limit": 1, "unit": "usd"}]})
    assert risk_of({}) == RiskView()


# ---------------------------------------------------------------------- the page


def test_the_page_shows_limits_breakers_exits_figures_and_rounds(run_page: RunPage) -> None:
    queries = risky()
    queries.shown = live(breakers=("HALT daily_loss",), exits={"stop_loss": 4})
    at = run_page("risk", queries)
    assert not at.exception
    assert not at.error
    assert [header.value for header in at.header] == [
        "Breakers",
        "Limits",
        "Where our money is",
        "What could be lost",
        "Exits by rule",
        "Reconciliation and settlement",
        "Alerts",
    ]
    assert len([warning for warning in at.warning if "Daily loss" in warning.value]) == 1
    assert shown(at)["VaR 95%"] == "$120.00"
    exits = next(table.value for table in at.dataframe if "rule" in table.value)
    assert (exits["rule"][0], exits["count"][0]) == ("Stop-loss", 4)
    said = " ".join(text.value.replace("\\", "") for text in [*at.markdown, *at.caption])
    assert "Equal to the venue's at 2026-03-22 21:57:00 UTC (3 min ago)" in said
    assert "3 executions not settled yet ($75.00)" in said
    assert "Last round: pUSD: 25 are settling" in said
    assert "■ Stops entries: Daily loss" in banner(at)


def test_exposure_is_drawn_by_whale_market_and_topic(run_page: RunPage) -> None:
    at = run_page("risk", risky())
    assert {"By whale", "By market", "By topic"} <= {subheader.value for subheader in at.subheader}
    at = run_page("risk", risky(limits=[]))
    assert any("No limit is told yet" in info.value for info in at.info)


def test_limit_bars_tell_their_state_by_a_sign() -> None:
    spec = limit_bars(limit_rows(VIEW.limits), "dark").to_dict()
    rows = next(layer["data"]["values"] for layer in spec["layer"])
    assert [row["words"] for row in rows][:2] == ["■  $510.00 of $500.00", "▲  16.0% of 20.0%"]


def test_an_account_at_rest_says_so_in_each_place(run_page: RunPage) -> None:
    queries = quiet()
    queries.risky = RiskView(event_at=NOW)
    at = run_page("risk", queries)
    assert not at.exception
    assert "No breaker is tripped." in [success.value for success in at.success]
    infos = " ".join(info.value for info in at.info)
    assert "Not computed yet" in infos
    assert "no alert" in infos
    assert "have not been compared" in " ".join(text.value for text in at.markdown)


def test_figures_without_scenarios_have_no_table_of_them(run_page: RunPage) -> None:
    at = run_page("risk", risky(figures={"as_of": NOW}))
    assert "Stress scenarios" not in [subheader.value for subheader in at.subheader]
    assert shown(at)["CVaR 99%"] == "$0.00"


def test_books_that_cannot_follow_the_venue_are_an_error(run_page: RunPage) -> None:
    at = run_page("risk", risky(settlement={"broken": "trade t failed after its shares had moved on"}))
    assert "cannot follow the venue" in at.error[0].value


def test_an_old_item_without_new_fields_is_still_shown(run_page: RunPage) -> None:
    queries = quiet()
    assert queries.shown is not None
    assert (queries.shown.breakers, queries.shown.exits) == ((), {})
    at = run_page("decisions", queries)
    assert not at.exception
    assert "Stops entries" not in banner(at)


def test_the_reason_for_flattening_is_in_the_banner(run_page: RunPage) -> None:
    queries = quiet()
    queries.waiting = [Command("f", CommandKind.FLATTEN, "enough")]
    queries.switched = Switch(False, "enough <now>")
    assert "■ Selling everything: enough &lt;now&gt;" in banner(run_page("risk", queries))


# ---------------------------------------------------------------------- what people changed


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        (Changes(), []),
        (
            Changes(limits={"kelly": "0.1", "agree_min": "4"}),
            ["Limits changed at run time: kelly=0.1, agree_min=4."],
        ),
        (Changes(mode="observe"), ["The strategy observes: it decides and records, and enters nothing."]),
        (
            Changes(pinned=(WALLET,), unpinned=(WALLET,)),
            [f"Pinned by hand: {short(WALLET)}.", f"Pinned no more: {short(WALLET)}."],
        ),
        (
            Changes(mode="observe", unfit="kelly must not exceed 0.5, not 0.7"),
            ["They do not fit the settings, so nothing is entered: kelly must not exceed 0.5, not 0.7."],
        ),
    ],
)
def test_what_people_changed_is_told_in_sentences(changes: Changes, sentences: list[str]) -> None:
    assert change_sentences(changes) == sentences


def test_the_page_shows_limits_that_were_changed_as_changed(run_page: RunPage) -> None:
    changes = {
        "in_force": {"kelly": 100_000},
        "limits": {"kelly": "0.1"},
        "mode": "trade",
        "made": ["c"],
        "refused": {},
    }
    at = run_page("risk", risky(changes=changes))
    assert not at.exception
    assert "Limits changed at run time: kelly=0.1." in [info.value.replace("\\", "") for info in at.info]
