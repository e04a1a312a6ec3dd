from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.cost import bill, main, resources_of, runs_a_month, table
from cdk.functions import FUNCTIONS
from cdk.prices import CALLS_OF, FREE, HOURS, PRICES, SECONDS_OF, USES
from tests.cdk.synthesis import Synthesised


def test_the_default_deployment_costs_at_most_forty_dollars_a_month(paper: Synthesised) -> None:
    lines = bill(resources_of(paper.folder))
    assert 20 < sum(line.dollars for line in lines) <= 40
    by_name = {line.name: line for line in lines}
    assert by_name["Fargate ARM vCPU, hour"].amount == 0.5 * HOURS
    assert by_name["Fargate ARM GB, hour"].amount == 2 * HOURS
    assert by_name["public IPv4 address, hour"].amount == HOURS
    assert "NAT gateway, hour" not in by_name


def test_what_is_only_in_other_deployments_is_counted_there(live: Synthesised) -> None:
    by_name = {line.name: line for line in bill(resources_of(live.folder))}
    assert by_name["NAT gateway, hour"].amount == HOURS
    assert by_name["load balancer, hour"].amount == HOURS
    assert "Fargate ARM vCPU, hour" not in by_name, "the live trader waits"


def test_the_bill_is_told_line_by_line(paper: Synthesised) -> None:
    said: list[str] = []
    assert main([str(paper.folder), "--most", "40"], said.append) == 0
    assert "Fargate ARM vCPU, hour" in said[0]
    assert "total" in said[0]
    assert main([str(paper.folder), "--most", "1"], said.append) == 1


def test_no_template_is_said_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"cost: there is no template in {tmp_path}; run `make synth` first\n"


def test_every_use_and_allowance_has_a_price_and_every_use_a_reason() -> None:
    assert set(USES) <= set(PRICES)
    assert set(FREE) - {"Lambda GB-second"} <= set(PRICES)
    assert all(use.reason for use in (*USES.values(), *CALLS_OF.values()))


def test_every_function_is_in_the_bill() -> None:
    for row in FUNCTIONS:
        assert row.name in (SECONDS_OF if row.every else CALLS_OF), row.name


@given(st.integers(1, 59))
def test_a_rate_runs_as_often_as_it_says(minutes: int) -> None:
    assert runs_a_month(f"rate({minutes} minutes)") == pytest.approx(HOURS * 60 / minutes)


@pytest.mark.parametrize(("expression", "daily"), [("cron(0 7 * * ? *)", 1), ("cron(30 0/6 * * ? *)", 4)])
def test_a_cron_runs_as_often_as_it_says(expression: str, daily: int) -> None:
    assert runs_a_month(expression) == pytest.approx(daily * HOURS / 24)


def test_a_schedule_that_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="schedule 'at"):
        runs_a_month("at(2027-01-01T00:00:00)")


def test_an_empty_bill_is_no_bill() -> None:
    assert "total" in table([])
