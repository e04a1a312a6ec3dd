"""The figures that pages begin with, before anything has to be drawn."""

from dashboard.state import RiskView, Use
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, live, quiet


def test_decisions_begin_with_how_many_ended_how(run_page: RunPage) -> None:
    at = run_page("decisions", quiet())
    assert [(one.label, one.value, one.delta) for one in at.metric] == [
        ("Whale trades", "1,200", "so far"),
        ("Copied", "100", "8.3% of them"),
        ("Not copied", "1,100", "91.7% of them"),
        ("Most frequent", "Too late", "1,100 trades"),
    ]


def test_operations_begin_with_what_is_well(run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(feeds={"rtds": "ok", "market": "silent"})
    figures = {one.label: one.value for one in run_page("operations", queries).metric}
    assert (figures["Feeds well"], figures["Open orders"], figures["Fills"]) == ("1 of 2", "1", "8")
    well, of = figures["Parts well"].split(" of ")
    assert 0 < int(well) <= int(of)


def test_risk_begins_with_the_limit_that_is_used_up_most(run_page: RunPage) -> None:
    queries = quiet()
    queries.risky = RiskView(at=NOW, limits=(Use("drawdown", 10, 40, "count"), Use("market", 30, 40, "count")))
    figures = {one.label: one.value for one in run_page("risk", queries).metric}
    assert (figures["Nearest limit"], figures["Breakers tripped"]) == ("75% used", "0")
    queries.risky = RiskView(at=NOW)
    assert run_page("risk", queries).metric[1].value == "0% used"
