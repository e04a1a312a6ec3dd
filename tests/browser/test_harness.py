"""The harness itself: it finds what it must find, and measures what it says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.accepted import Accepted, ours
from tests.browser.driver import Answer, Driver, Window
from tests.browser.figures import Figure, percentile
from tests.browser.pages import Page

BROKEN = "data:text/html,<h1>x</h1><img src='http://192.0.2.1/x.png'><script>console.error('oh')</script><input>"


def finding(**changed: str) -> dict[str, Any]:
    return {"rule": "color-contrast", "impact": "serious", "target": "#a > p", "html": "<p>", "help": "h", **changed}


def test_a_page_is_called_by_its_title() -> None:
    assert Page("Trading overview", "/").name == "trading-overview"


def test_a_page_that_complains_asks_elsewhere_and_lacks_labels_is_told_of(driver: Driver) -> None:
    said = driver.ask("broken", Window(), {"do": "open", "url": BROKEN}, {"do": "axe"}, {"do": "close"})
    assert said.offsite == ["http://192.0.2.1/x.png"]
    assert any(error.startswith("oh") for error in said.errors)
    assert any(line.startswith("label (critical)") for line in ours(said.found["axe"]))
    with pytest.raises(AssertionError):
        said.sound()


def test_a_step_that_cannot_be_done_says_so(driver: Driver) -> None:
    steps = ({"do": "open", "url": "data:text/html,<button>a</button>"}, {"do": "see", "text": "b", "within_ms": 100})
    said = driver.ask("failing", Window(), *steps, stay=True)
    assert "Timeout 100ms exceeded" in said.failed
    unreachable = driver.ask(
        "failing", Window(), {"do": "tab", "kind": "button", "name": "b", "most": 2}, {"do": "close"}
    )
    assert "2 tabs did not reach b" in unreachable.failed


def test_serious_findings_are_ours_unless_rule_and_selector_are_accepted() -> None:
    known = (Accepted("color-contrast", "#a", "drawn by Streamlit"),)
    assert ours([finding(impact="moderate")]) == []
    assert len(ours([finding(), finding(impact="critical")], ())) == 2
    assert ours([finding()], known) == []
    assert len(ours([finding(target="#b"), finding(rule="label")], known)) == 2


@pytest.mark.parametrize(
    "error",
    ["Failed to load resource: the server responded with a status of 404 (Not Found) /risk/_stcore/health"],
)
def test_only_the_way_streamlit_looks_for_its_server_is_not_an_error_of_ours(error: str) -> None:
    Answer({}, [error], [], "").sound()
    with pytest.raises(AssertionError):
        Answer({}, [error.replace("health", "stream")], [], "").sound()


def test_a_figure_is_missed_only_above_the_most_it_may_be() -> None:
    assert not Figure("load", 500.0, 500.0).missed
    assert Figure("load", 500.1, 500.0).line(10) == "load            500 ms  [at most 500: MISSED]"
    assert Figure("load", 9_000.0).line(6) == "load      9,000 ms"


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent / 100)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)
