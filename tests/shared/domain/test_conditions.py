import ast
from pathlib import Path

import pytest

from shared.domain.conditions import (
    BY_NAME,
    CLOUDWATCH,
    CONDITIONS,
    CRITICAL,
    QUALITY,
    RECORD,
    TRADER,
    WARNINGS,
    Alarm,
    Severity,
    condition,
    is_told,
)
from shared.domain.states import CHECKS

ROOT = Path(__file__).resolve().parents[3]
OF_THE_SPECIFICATION = {
    "crash": "trader_silent",
    "feed down": "feed_lost",
    "store lost": "store_lost",
    "bad data": "bad_data",
    "drawdown": "drawdown",
    "win rate": "win_rate_low",
    "p95": "decisions_slow",
    "CPU": "cpu_high",
    "memory": "memory_high",
    "disk": "disk_low",
    "no trade": "no_trades",
    "low balance": "balance_low",
    "digest": "daily_digest",
    "end of market": "market_summary",
}


def alerts_of_the_engine() -> dict[str, int]:
    """Every ``Alert(severity, name, ...)`` with both written out, and those of severity 1 that ``_break`` makes."""
    found: dict[str, int] = {}
    for path in (ROOT / "shared" / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            match node.func, [one.value if isinstance(one, ast.Constant) else None for one in node.args]:
                case ast.Name("Alert"), [int(severity), str(name), *_]:
                    found[name] = severity
                case ast.Attribute(attr="_break"), [str(name), *_]:
                    found[name] = 1
                case _:
                    pass
    return found


def test_every_condition_of_the_specification_has_its_row() -> None:
    assert [name for name in OF_THE_SPECIFICATION.values() if name not in BY_NAME] == []


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(CONDITIONS)


def test_every_alert_of_the_engine_has_its_row_with_its_severity() -> None:
    told = alerts_of_the_engine()
    assert len(told) > 20
    assert {name: BY_NAME[name].severity for name in told if name in BY_NAME} == told


@pytest.mark.parametrize(
    ("rows", "severity"), [(CRITICAL, Severity.HALTS), (WARNINGS, Severity.REDUCES), (RECORD, Severity.LOGS)]
)
def test_rows_stand_under_their_severity(rows: tuple[object, ...], severity: Severity) -> None:
    assert [row for row in CONDITIONS if row.severity is severity] == list(rows)


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    assert [row.name for row in CONDITIONS if not (row.meaning and row.do.endswith((".", ")"))) or not row.seen] == []


def test_what_cloudwatch_sees_has_an_alarm_and_nothing_else_has() -> None:
    assert [row.name for row in CONDITIONS if (row.alarm is not None) is not (CLOUDWATCH in row.seen)] == []


@pytest.mark.parametrize(
    "alarm", [row.alarm for row in CONDITIONS if row.alarm is not None], ids=lambda one: one.metric
)
def test_every_alarm_is_one_that_cloudwatch_can_make(alarm: Alarm) -> None:
    assert alarm.statistic in ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
    assert alarm.comparison in (">", ">=", "<")
    assert alarm.period_s % 60 == 0
    assert alarm.period_s * alarm.periods <= 86_400


def test_every_state_that_is_judged_has_a_row_that_says_who_judges_it() -> None:
    assert [name for name, _ in CHECKS if QUALITY not in BY_NAME[name].seen] == []


def test_people_are_told_of_halts_and_reductions_and_of_few_things_for_the_record() -> None:
    assert all(is_told(row.name, row.severity) for row in (*CRITICAL, *WARNINGS))
    told = [row.name for row in RECORD if is_told(row.name, row.severity)]
    assert told == ["daily_digest", "market_summary", "condition_ended", "trading_resumed", "changed"]


def test_a_notice_without_a_row_goes_by_its_severity() -> None:
    assert condition("of_tomorrow") is None
    assert is_told("of_tomorrow", 2)
    assert not is_told("of_tomorrow", 3)


def test_a_notice_that_got_worse_than_its_row_is_told() -> None:
    assert not is_told("exit", 3)
    assert is_told("exit", 2)


def test_a_row_is_found_by_its_name() -> None:
    found = condition("breaker")
    assert found is not None
    assert found.seen == (TRADER,)
