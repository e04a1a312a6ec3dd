import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fargate.__main__ import BAD_INPUT, DONE, FAILED, main
from shared.adapters.dynamo.cancelling import read_cancel_all
from shared.adapters.dynamo.controls import put_switch, read_commands, read_switch, remove_command
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.server import REGION, free_port
from shared.domain.change import Change, Mode, in_words
from shared.ports import Switch
from tests.functions.route import ACCOUNT, STAGE, Route, running

WALLET, OTHER = "0x" + "a" * 40, "0x" + "b" * 40


@pytest.fixture(scope="module")
def deployment() -> Iterator[Route]:
    with tempfile.TemporaryDirectory(prefix="route-") as folder:
        made = running(Path(folder))
        yield made
        made.aws.stop()


@pytest.fixture
def route(deployment: Route, monkeypatch: pytest.MonkeyPatch) -> Route:
    """Nobody has stopped anything, and we are the operator."""
    put_switch(deployment.tables, ACCOUNT, Switch(True, "before the test"))
    for command in read_commands(deployment.tables, ACCOUNT):
        remove_command(deployment.tables, ACCOUNT, command.command_id)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CONTROL_URL", f"{deployment.aws.url}/_aws/execute-api/{deployment.api}/{STAGE}")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", deployment.operator.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", deployment.operator.secret_key)
    return deployment


def test_a_deployment_is_stopped_without_its_trader(route: Route, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kill", "--remote", "--reason", "drill", "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["trading"], told["was_stopped"]) == (False, False)
    assert read_switch(route.tables, ACCOUNT).reason.endswith("user/operator: drill")
    assert read_cancel_all(route.tables, ACCOUNT) is not None
    assert main(["kill", "--remote", "--reason", "drill"]) == DONE
    assert "trading is stopped" in capsys.readouterr().out


def test_resume_waits_until_the_trader_has_cleared_the_switch(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.remote.PAUSE_S", 0.05)
    main(["kill", "--remote", "--reason", "drill"])
    honest = time.sleep

    def trader_obeys(seconds: float) -> None:
        (command,) = read_commands(route.tables, ACCOUNT)
        put_switch(route.tables, ACCOUNT, Switch(True, command.reason, 0, time.time_ns()))
        honest(seconds)

    monkeypatch.setattr("fargate.remote.time.sleep", trader_obeys)
    assert main(["resume", "--remote", "--reason", "all well"]) == DONE
    assert "trading has resumed" in capsys.readouterr().out


def test_resume_of_a_deployment_whose_trader_is_dead_says_so(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.remote.RESUME_WAIT_S", 0.2)
    main(["kill", "--remote", "--reason", "drill"])
    assert main(["resume", "--remote", "--reason", "all well"]) == FAILED
    assert "has not resumed within" in capsys.readouterr().err


def test_who_may_not_is_told_and_nothing_is_stopped(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
    assert main(["kill", "--remote", "--reason", "drill"]) == BAD_INPUT
    assert "POST /kill is not allowed" in capsys.readouterr().err
    assert read_switch(route.tables, ACCOUNT).trading


def test_a_reason_that_cannot_be_used_is_named(route: Route, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", "--remote", "--reason", "no"]) == BAD_INPUT
    assert "reason: String should have at least 3 characters" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["", "api.example.org", "http://example.org/paper"])
def test_an_address_that_is_none_is_named(route: Route, capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert main(["kill", "--remote", "--reason", "drill", "--url", url]) == BAD_INPUT
    assert f"CONTROL_URL={url!r} must be" in capsys.readouterr().err


def test_an_address_where_nothing_answers_is_asked_again_and_told(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.remote.PAUSE_S", 0.0)
    url = f"http://127.0.0.1:{free_port()}/paper"
    assert main(["kill", "--remote", "--reason", "drill", "--url", url]) == FAILED
    assert "cannot be reached" in capsys.readouterr().err


def test_without_credentials_it_says_how_to_get_them(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert main(["kill", "--remote", "--reason", "drill"]) == BAD_INPUT
    assert "no AWS credentials are found" in capsys.readouterr().err


# ---------------------------------------------------------------------- set


class Answering:
    """A trader that answers each request for a change while the command waits."""

    def __init__(self, route: Route, refusal: str = "") -> None:
        self.changes: list[Change | None] = []
        self._route = route
        self._refusal = refusal
        self._honest = time.sleep

    def __call__(self, seconds: float) -> None:
        for command in read_commands(self._route.tables, ACCOUNT):
            self.changes.append(command.change)
            made = [] if self._refusal else [command.command_id]
            refused = {command.command_id: self._refusal} if self._refusal else {}
            Views(ACCOUNT, self._route.tables).put_risk({"changes": {"made": made, "refused": refused}})
            remove_command(self._route.tables, ACCOUNT, command.command_id)
        self._honest(seconds)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (["limit", "stop_loss=10%", "kelly=0.1"], Change(limits=(("stop_loss", "10%"), ("kelly", "0.1")))),
        (["mode", "observe"], Change(mode=Mode.OBSERVE)),
        (["watch", f"+{WALLET}", f"-{OTHER}"], Change(pinned=(WALLET,), unpinned=(OTHER,))),
        (["reset"], Change(reset=True)),
    ],
)
def test_a_deployment_is_changed_by_whoever_may_and_the_answer_is_waited_for(
    route: Route,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    change: Change,
) -> None:
    trader = Answering(route)
    monkeypatch.setattr("fargate.remote.PAUSE_S", 0.05)
    monkeypatch.setattr("fargate.remote.time.sleep", trader)
    assert main(["set", *words, "--remote", "--reason", "calmer"]) == DONE
    assert trader.changes == [change]
    assert f"from now on: {in_words(change)}" in capsys.readouterr().out


def test_a_change_that_the_deployments_trader_refuses_is_told(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.remote.PAUSE_S", 0.05)
    monkeypatch.setattr("fargate.remote.time.sleep", Answering(route, "kelly must not exceed 0.5, not 0.7"))
    assert main(["set", "limit", "kelly=0.7", "--remote", "--reason", "bolder"]) == BAD_INPUT
    assert "nothing is changed: kelly must not exceed 0.5, not 0.7" in capsys.readouterr().err


def test_a_change_that_nobody_answers_is_told_as_asked_for(
    route: Route, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.remote.SET_WAIT_S", 0.2)
    assert main(["set", "mode", "observe", "--remote", "--reason", "look first"]) == FAILED
    assert "has not answered within 0.2 s" in capsys.readouterr().err
    assert [command.change for command in read_commands(route.tables, ACCOUNT)] == [Change(mode=Mode.OBSERVE)]
