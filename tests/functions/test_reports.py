import time
from typing import Any

import msgspec
import pytest

from functions.collect_quality import handler as collect_quality
from functions.send_report import handler as send_report
from shared.adapters.dynamo.views import Views
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, SECOND
from shared.domain.notice import Notice
from tests.functions.context import context
from tests.functions.deployment import Deployment


def tell(event: dict[str, Any] | None = None) -> dict[str, Any]:
    return send_report.handler(event or {}, context())


def collect(event: dict[str, Any] | None = None) -> dict[str, Any]:
    return collect_quality.handler(event or {}, context())


def queued(deployment: Deployment) -> list[Notice]:
    return [msgspec.json.decode(body, type=Notice) for body in deployment.bodies(deployment.queue)]


def in_debt(deployment: Deployment) -> None:
    views = Views(deployment.account, deployment.embedded.tables)
    views.put_live({"at": time.time_ns(), "capital": 1_000_000_000, "cash": 1})


def test_yesterdays_digest_is_put_into_the_queue_once(deployment: Deployment) -> None:
    first = tell()
    assert first["ok"]
    assert first["text"].startswith(f"{deployment.account}, {first['day']} (UTC)\nResult: not known")
    assert tell()["text"] == ""
    (notice,) = queued(deployment)
    assert (notice.name, notice.text) == ("daily_digest", first["text"])


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("soon", "event.day must be a date such as 2026-03-22, not 'soon'"), ("2999-01-01", "before today")],
)
def test_a_day_that_cannot_be_told_of_is_named(day: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        send_report.day_asked({"day": day}, 20_000 * DAY)


def test_a_day_may_be_asked_for() -> None:
    assert send_report.day_asked({"day": "1970-01-03"}, 20_000 * DAY) == 2
    assert send_report.day_asked({}, 20_000 * DAY) == 19_999


def test_conditions_found_in_the_tables_reach_people_once(deployment: Deployment) -> None:
    in_debt(deployment)
    assert collect()["conditions"] == ["balance_low"]
    (notice,) = queued(deployment)
    assert (notice.severity, notice.name, notice.source) == (2, "balance_low", "collect_quality")


def test_uptime_and_the_fill_rate_are_metrics(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    now = int(time.time())
    views = Views(deployment.account, deployment.embedded.tables)
    for ago in (75, 0):
        views.put_metrics((now - ago) * SECOND, {"equity": 1})
    assert collect({"at": now})["uptime"] == 1_000_000
    assert '"uptime_day":[100.0]' in capsys.readouterr().out.replace(" ", "")
