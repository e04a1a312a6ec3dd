"""Page Research: no study, one of each kind, two side by side, an odd one, and the account's own fan."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.queries.opening import source
from dashboard.queries.studies import Study
from dashboard.state import Point
from shared.domain.instants import HOUR
from shared.domain.money import dollars
from tests.dashboard.conftest import PAGES, RunPage
from tests.dashboard.fakes import NOW, FakeQueries, live, quiet
from tests.dashboard.research_fakes import probe_report, replay_report, score_report, study
from tests.dashboard.test_pages import shown
from tests.dashboard.test_whales_page import words


def stocked() -> FakeQueries:
    """Two replays (one of recorded data), an execution study and a ranking; the latest first."""
    queries = quiet()
    queries.studies.add(study("real", synthetic=False), replay_report())
    queries.studies.add(study("invented"), replay_report(equity_usd=9_800.0))
    queries.studies.add(study("probed", "probe", synthetic=False), probe_report())
    queries.studies.add(study("ranked", "score"), score_report())
    return queries


def opened(name: str, queries: FakeQueries) -> AppTest:
    source.close()
    source.open(lambda: queries)
    at = AppTest.from_file(str(PAGES / "research.py"), default_timeout=60)
    at.query_params["study"] = name
    return at.run()


def test_without_a_study_the_commands_that_make_the_first_one_are_shown(run_page: RunPage) -> None:
    at = run_page("research", quiet())
    assert not at.exception
    assert "python -m fargate replay build/day --publish first" in at.code[0].value
    assert at.code[0].value.startswith("make day")


def test_the_latest_study_is_shown_with_its_source_on_top(run_page: RunPage) -> None:
    at = run_page("research", stocked())
    assert not at.exception
    assert not at.error
    assert list(at.dataframe[0].value["name"]) == ["real", "invented", "probed", "ranked"]
    assert any("recorded data" in info.value for info in at.info)
    assert not any("SYNTHETIC" in warning.value for warning in at.warning)
    assert shown(at)["Result"] == "+$240.00"
    assert shown(at)["Fill rate"] == "81.0%"
    assert all(metric.help for metric in at.metric)
    assert [subheader.value for subheader in at.subheader] == [
        "Equity",
        "Below the highest point",
        "Why trades were copied or not",
        "Is it more than luck?",
        "What might come next",
    ]
    assert "Over 60 markets the Sharpe ratio" in words(at)


def test_a_study_of_an_invented_market_says_so_before_anything_else() -> None:
    at = opened("studies/replay/invented", stocked())
    assert not at.exception
    assert any(warning.value.startswith("SYNTHETIC: made from an invented market") for warning in at.warning)
    assert "nothing that will come" in words(at)
    assert shown(at)["Result"] == "-$200.00"


def test_more_attempts_make_the_same_result_less_of_a_proof(run_page: RunPage) -> None:
    at = run_page("research", stocked())
    attempts = at.number_input(key="trials/studies/replay/real")
    assert attempts.value == 2  # both replays saw the same data
    attempts.set_value(400).run()
    assert "The best of 400 attempts without any edge" in words(at)


def test_two_studies_are_set_side_by_side(run_page: RunPage) -> None:
    queries = stocked()
    at = run_page("research", queries)
    at.selectbox(key="compare/studies/replay/real").set_value(queries.studies.kept[1]).run()
    assert not at.exception
    assert "Both saw the same data with the same code. One is made from an invented market" in words(at)
    table = at.dataframe[-1].value
    assert list(table.columns) == ["figure", "one", "other", "difference"]


def test_an_execution_study_and_a_ranking_show_what_they_have() -> None:
    at = opened("studies/probe/probed", stocked())
    assert not at.exception
    assert list(at.dataframe[1].value["of"]) == ["All", "Kind: resting", "Phase: phase 1"]
    at = opened("studies/score/ranked", stocked())
    assert not at.exception
    assert "7 wallets as of 2026-03-22T22:00:00Z, 2 eligible" in words(at)
    assert list(at.dataframe[1].value["rank"]) == [1]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (replay_report(curve=[], bets_usd=[], decisions={}), "made by an earlier version"),
        (replay_report(curve=[], bets_usd=[], decisions={}), "No wallet was followed"),
        (replay_report(bets_usd=[1.0, 2.0]), "2 markets that we were done with are too few"),
        (replay_report(bets_usd=[1.0, 2.0]), "there is nothing to draw from"),
    ],
)
def test_what_a_report_lacks_is_said_where_it_would_stand(
    report: dict[str, object], said: str, run_page: RunPage
) -> None:
    queries = quiet()
    queries.studies.add(study("bare"), report)
    at = run_page("research", queries)
    assert not at.exception
    assert said in words(at)


@pytest.mark.parametrize("kept", [study("odd", "moon"), study("broken")])
def test_a_study_that_cannot_be_read_is_told_and_the_list_stays(kept: Study, run_page: RunPage) -> None:
    queries = stocked()
    queries.studies.kept.insert(0, kept)
    at = run_page("research", queries)
    assert not at.exception
    assert len(at.error) == 1
    assert len(at.dataframe[0].value) == 5


def test_a_large_list_is_shown(run_page: RunPage) -> None:
    queries = quiet()
    for n in range(60):
        queries.studies.add(study(f"s{n}"), replay_report())
    at = run_page("research", queries)
    assert not at.exception
    assert len(at.dataframe[0].value) == 60


def test_the_accounts_own_fan_is_drawn_when_asked_for(run_page: RunPage) -> None:
    queries = quiet()
    queries.points = [Point(NOW - n * HOUR, dollars(10_000 - (n % 5))) for n in range(40, -1, -1)]
    at = run_page("research", queries)
    assert "2,000 paths" not in words(at)
    at.toggle(key="own_fan").set_value(True).run()
    assert not at.exception
    assert "2,000 paths of 168 hours" in words(at)
    assert any("SYNTHETIC" in warning.value for warning in at.warning)


def test_an_account_of_minutes_has_no_fan_yet(run_page: RunPage) -> None:
    queries = FakeQueries(live(source="live"))
    at = run_page("research", queries)
    at.toggle(key="own_fan").set_value(True).run()
    assert "at least ten full hours" in words(at)
