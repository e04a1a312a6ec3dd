"""What functions leave for people to see: their last run, well or not, and never at the price of a run."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cdk.functions import FUNCTIONS
from functions import leaving
from functions.entrance import entrance
from functions.leaving import EVERY_NS, TEXT_MAX, Leaves
from functions.reconcile.handler import handler as reconcile
from functions.watch_trader.handler import handler as watch_trader
from shared.adapters.dynamo.notes import read_runs
from shared.domain.errors import Corrupt, Temporary
from shared.domain.notes import Run
from shared.observability import make_logger, make_metrics
from tests.functions.cloud import Cloud

NAME = "drill"
logger, metrics = make_logger(NAME), make_metrics(NAME)


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has just begun."""
    monkeypatch.setattr(leaving, "_left", {})


def runs(cloud: Cloud) -> dict[str, Run]:
    return read_runs(cloud.tables, cloud.account)


def drill(cloud: Cloud, outcome: Any) -> None:
    def work(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        if isinstance(outcome, Exception):
            raise outcome
        metrics.add_metric("drills", MetricUnit.Count, 1)
        return {"found": outcome}

    entered = entrance(logger, metrics, work, Leaves(NAME, lambda answer: f"{answer['found']} found"))
    cloud.call(entered)


def test_a_run_leaves_when_it_ended_and_what_it_found(deployed: Cloud) -> None:
    before = time.time_ns()
    drill(deployed, 3)
    found = runs(deployed)[NAME]
    assert (found.ok, found.says) == (True, "3 found")
    assert before <= found.at <= time.time_ns()
    assert found.took_ms >= 0


def test_a_run_that_failed_is_left_as_such_and_raised_again(deployed: Cloud) -> None:
    with pytest.raises(Corrupt):
        drill(deployed, Corrupt("odd " * 100))
    found = runs(deployed)[NAME]
    assert (found.ok, found.says) == (False, f"Corrupt: {'odd ' * 100}"[:TEXT_MAX])


def test_a_failure_is_told_also_right_after_a_good_run(deployed: Cloud) -> None:
    drill(deployed, 3)
    with pytest.raises(Corrupt):
        drill(deployed, Corrupt("odd"))
    assert not runs(deployed)[NAME].ok


def test_who_runs_all_the_time_leaves_a_run_a_minute(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    drill(deployed, 1)
    drill(deployed, 2)
    assert runs(deployed)[NAME].says == "1 found"
    leaving._left[NAME] -= EVERY_NS
    drill(deployed, 3)
    assert runs(deployed)[NAME].says == "3 found"


def test_a_store_that_is_away_is_not_asked_to_keep_it(deployed: Cloud) -> None:
    with pytest.raises(Temporary):
        drill(deployed, Temporary("away"))
    assert runs(deployed) == {}


def test_what_cannot_be_left_fails_nobody(
    deployed: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as elsewhere, caplog.at_level(logging.WARNING):
        elsewhere.setenv("TABLE_PREFIX", "nowhere-")
        drill(deployed, 3)
    assert runs(deployed) == {}
    assert leaving._left == {}


def test_functions_of_the_house_say_what_they_found(deployed: Cloud) -> None:
    deployed.call(watch_trader)
    deployed.call(reconcile)
    found = runs(deployed)
    assert found["watch_trader"].says == "no trader has ever run"
    assert found["reconcile"].says == "0 differences stand"


def test_every_function_that_leaves_its_runs_may_write_them() -> None:
    handlers = (Path(__file__).parents[2] / "functions").glob("*/handler.py")
    leaving_runs = {path.parent.name for path in handlers if "Leaves(" in path.read_text(encoding="utf-8")}
    assert leaving_runs
    assert leaving_runs <= {row.name for row in FUNCTIONS if "control" in row.writes}
