"""Every light function, out of its zip, under Amazon's emulator, against the embedded AWS."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.adapters.dynamo.controls import read_switch
from shared.domain.notice import Notice
from tests.emulated.emulator import Emulated
from tests.functions.deployment import Deployment, record
from tests.functions.events import event, with_header, written
from tests.house.source import ROOT

ZIP_MOST_MB = 70
COLD_MOST_MS = 3_000
"""Of the emulator on a shared machine: what starting takes, library by library, is measured by ``test_light``."""
Case = Callable[[Deployment], tuple[dict[str, Any], Callable[[Any], bool]]]


def _of_gateway(status: int, of_body: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def fits(answer: Any) -> bool:
        return answer["statusCode"] == status and of_body(json.loads(answer["body"] or "null"))

    return fits


def kill(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    return event("POST", "/kill", {"reason": "a test"}), _of_gateway(200, lambda body: body["was_stopped"] is False)


def stranger(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    return written("/kill", secret="not-the-webhooks-secret"), _of_gateway(403, lambda body: body is None)


def mode(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    asked = with_header(event("GET", "/api/mode"), "Accept", "application/json")
    return asked, _of_gateway(200, lambda body: body["trading"] is True and body["account"] == made.account)


def notice(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    told = Notice(made.account, 2, "feed_down", "market: silent", time.time_ns())
    batch = {"Records": [record("1", msgspec.json.encode(told).decode()), record("2", "no notice")]}
    return batch, lambda answer: [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["2"]


def rotation(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    arn = made.secrets.create_secret(Name=made.kill_secret, SecretString="k" * 43)["ARN"]
    token = "b2c3d4e5-0000-4000-8000-00000000000a"
    asked = {"SecretId": arn, "ClientRequestToken": token, "Step": "createSecret"}
    return asked, lambda answer: answer["ok"] is True and answer["secret"] == made.kill_secret


def nothing(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    return {}, lambda answer: answer["ok"] is True


def no_records(made: Deployment) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    return {"Records": []}, lambda answer: answer["batchItemFailures"] == []


CASES: dict[str, Case] = {
    "archive_stream": no_records,
    "audit_ledger": nothing,
    "collect_quality": nothing,
    "control_api": mode,
    "kill_switch": kill,
    "reconcile": nothing,
    "rotate_secrets": rotation,
    "send_alerts": notice,
    "send_report": nothing,
    "settle_markets": nothing,
    "telegram_webhook": stranger,
    "watch_trader": nothing,
}


def test_every_light_function_is_called() -> None:
    found = {path.parent.name for path in ROOT.glob("functions/*/handler.py")}
    assert set(CASES) == found - {"discover_whales", "rank_whales"}


def test_the_zip_is_small_enough(zipped: Path) -> None:
    size = sum(path.stat().st_size for path in zipped.rglob("*") if path.is_file())
    assert size <= ZIP_MOST_MB * 1_000_000


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_function_does_its_work_out_of_its_zip(
    name: str, zipped: Path, deployment: Deployment, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    asked, fits = CASES[name](deployment)
    with Emulated(name, zipped, deployment.env, tmp_path / "log") as function:
        answer = function.invoke(asked)
        assert fits(answer), f"{answer}\n{function.said()}"
        record_property("cold_start_ms", function.cold_start_ms)
        assert function.cold_start_ms <= COLD_MOST_MS


def test_a_kill_out_of_the_zip_has_stopped_trading(zipped: Path, deployment: Deployment, tmp_path: Path) -> None:
    tables, account = deployment.embedded.tables, deployment.account
    assert read_switch(tables, account).trading
    with Emulated("kill_switch", zipped, deployment.env, tmp_path / "log") as function:
        function.invoke(event("POST", "/kill", {"reason": "a test"}))
    assert not read_switch(tables, account).trading
