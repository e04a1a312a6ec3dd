"""The figures that pages begin with, before anything has to be drawn."""

import pytest

from dashboard.heads.research import published
from dashboard.menu import MENU, Entry
from dashboard.state import RiskView, Use
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, FakeQueries, live, quiet
from tests.dashboard.research_fakes import study
from tests.dashboard.settings_fakes import changed, settled


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


def test_operations_without_feeds_do_not_count_them(run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(feeds={})
    assert {one.label: one.value for one in run_page("operations", queries).metric}["Feeds well"] == "–"


def test_reports_begin_with_how_much_there_is(run_page: RunPage) -> None:
    figures = {one.label: one.value for one in run_page("reports", quiet()).metric}
    assert figures["Decisions"] == "1,200"
    assert figures["Executions"] == "8"
    assert int(figures["Days on record"]) >= 1


def test_settings_begin_with_what_holds(run_page: RunPage) -> None:
    queries = settled(changed(pinned=("0x" + "a" * 40,)))
    figures = {one.label: one.value for one in run_page("settings", queries).metric}
    assert figures["Pinned by hand"] == "1"
    assert figures["Limits changed"] == str(len(changed().limits))


def test_research_begins_with_how_many_studies_are_of_real_data() -> None:
    found = [study("real", synthetic=False), study("invented", synthetic=True), study("other", synthetic=True)]
    figures = {one.name: one.shown for one in published(found)}
    assert figures == {"Studies": "3", "On recorded data": "1", "On invented data": "2", "Latest": "real"}


@pytest.mark.parametrize("entry", MENU, ids=lambda one: one.stem)
def test_an_account_without_anything_has_no_head(entry: Entry) -> None:
    assert entry.head(FakeQueries(None)) == ()
