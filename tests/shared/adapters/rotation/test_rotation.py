import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.embedded.server import free_port
from shared.adapters.notices.clients import secrets_client, ssm_client
from shared.adapters.rotation.kill_token import LENGTH_MIN, OVERLAP_NS, KillHashes, KillToken, hash_of
from shared.adapters.rotation.steps import PENDING, Kind, Request, Rotation, Step, request_of
from shared.adapters.rotation.webhook_secret import NO_BOT, NO_WEBHOOK, WebhookSecret
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from shared.observability import HIDDEN, Hidden
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Chat, Clock, Reply

NOW = 1_800_000_000 * SECOND
OLD = "old-kill-token-of-more-than-forty-three-characters"
VERSION = "b2c3d4e5-0000-4000-8000-000000000001"
STEPS = list(Step)


class Desk:
    """One secret on the embedded AWS and its rotation."""

    def __init__(self, embedded: Embedded, value: str | None) -> None:
        self.client = secrets_client(embedded.server.endpoint)
        self.ssm = ssm_client(embedded.server.endpoint)
        self.name = f"house/{embedded.account()}"
        self.parameter = f"/house/{embedded.account()}/kill"
        self.clock = Clock(NOW)
        self.hidden = Hidden()
        self.kill = KillToken(self.ssm, self.parameter, self.clock.now)
        self.client.create_secret(Name=self.name)
        if value is not None:
            self.client.put_secret_value(SecretId=self.name, SecretString=value)
        self.rotation = Rotation(self.client, self.hidden)

    def step(self, step: Step, kind: Kind | None = None, version: str = VERSION) -> str:
        return self.rotation.run(Request(self.name, version, step), kind or self.kill)

    def current(self) -> str:
        return self.client.get_secret_value(SecretId=self.name)["SecretString"]

    def versions(self) -> dict[str, list[str]]:
        return dict(self.client.describe_secret(SecretId=self.name)["VersionIdsToStages"])


@pytest.fixture
def desk(embedded: Embedded) -> Desk:
    return Desk(embedded, OLD)


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as server:
        yield server


def test_four_steps_replace_the_kill_token_and_the_old_one_stays_valid_for_a_day(desk: Desk) -> None:
    said = [desk.step(step) for step in STEPS]
    new = desk.current()
    assert new != OLD
    assert len(new) >= LENGTH_MIN
    assert desk.kill.hashes() == KillHashes(hash_of(new), hash_of(OLD), NOW + OVERLAP_NS)
    assert said == [
        "a new value was made",
        "the new token stops trading, the old one for another 24 h",
        "both tokens are known",
        "the new token is the current one",
    ]
    assert not [line for line in said if new in line or OLD in line]


def test_the_parameter_holds_hashes_as_the_kill_function_reads_them(desk: Desk) -> None:
    for step in STEPS:
        desk.step(step)
    stored = json.loads(desk.ssm.get_parameter(Name=desk.parameter)["Parameter"]["Value"])
    assert stored == {"current": hash_of(desk.current()), "previous": hash_of(OLD), "previous_until": NOW + OVERLAP_NS}


def test_the_first_token_ever_has_no_predecessor(embedded: Embedded) -> None:
    desk = Desk(embedded, None)
    for step in STEPS:
        desk.step(step)
    assert desk.kill.hashes() == KillHashes(hash_of(desk.current()), None, 0)


@pytest.mark.parametrize("cut", range(len(STEPS)))
def test_cut_off_after_any_step_and_begun_again_there_is_one_new_secret(desk: Desk, cut: int) -> None:
    for step in STEPS[: cut + 1]:
        desk.step(step)
    for step in STEPS:
        desk.step(step)
    versions = desk.versions()
    assert len(versions) == 2
    assert "AWSCURRENT" in versions[VERSION]
    found = desk.kill.hashes()
    assert found is not None
    assert (found.current, found.previous) == (hash_of(desk.current()), hash_of(OLD))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step.value))
def test_each_step_twice_is_each_step_once(desk: Desk, step: Step) -> None:
    for one in STEPS[: STEPS.index(step) + 1]:
        desk.step(one)
    before = (
        desk.versions(),
        desk.kill.hashes(),
        desk.client.get_secret_value(SecretId=desk.name, VersionId=VERSION)["SecretString"],
    )
    desk.step(step)
    after = (
        desk.versions(),
        desk.kill.hashes(),
        desk.client.get_secret_value(SecretId=desk.name, VersionId=VERSION)["SecretString"],
    )
    assert after == before


def test_each_step_at_once_from_four_sides_makes_one_new_secret(desk: Desk) -> None:
    for step in STEPS:
        threads = [threading.Thread(target=desk.step, args=(step,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = desk.kill.hashes()
    assert found is not None
    assert (found.current, len(desk.versions())) == (hash_of(desk.current()), 2)


class Racing:
    """Secrets Manager as it answers when somebody else has put another value under the same version just before."""

    def __init__(self, client: Any, after: Callable[[], object]) -> None:
        self._client = client
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_secret_value(self, **_: Any) -> None:
        from botocore.exceptions import ClientError

        self._after()
        raise ClientError({"Error": {"Code": "ResourceExistsException", "Message": "exists"}}, "PutSecretValue")


def test_who_comes_second_with_a_new_value_takes_that_of_the_first(desk: Desk) -> None:
    racing: Any = Racing(desk.client, lambda: desk.step(Step.CREATE))
    asked = Request(desk.name, VERSION, Step.CREATE)
    assert Rotation(racing, desk.hidden).run(asked, desk.kill) == "a new value was made at the same time"
    nobody: Any = Racing(desk.client, lambda: None)
    with pytest.raises(Temporary, match="ResourceExistsException"):
        Rotation(nobody, desk.hidden).run(replace(asked, token=VERSION.replace("1", "2")), desk.kill)


def test_a_rotation_that_hangs_locks_nobody_out(desk: Desk) -> None:
    for step in (Step.CREATE, Step.SET):
        desk.step(step)
    desk.clock.at += 30 * OVERLAP_NS
    with pytest.raises(Temporary, match="do not hold the old token"):
        desk.step(Step.TEST)
    desk.step(Step.SET)
    desk.step(Step.TEST)


def test_hashes_of_another_token_are_noticed(desk: Desk) -> None:
    desk.step(Step.CREATE)
    with pytest.raises(Temporary, match="are not those of the new token"):
        desk.step(Step.TEST)
    desk.ssm.put_parameter(Name=desk.parameter, Value="not json", Type="String")
    with pytest.raises(Temporary, match="are not those of the new token"):
        desk.step(Step.TEST)


def test_a_short_token_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="the kill token has 5 characters, the least is 43"):
        desk.kill.set("short", OLD)
    with pytest.raises(BadInput, match="KILL_HASHES"):
        KillToken(desk.ssm, "", desk.clock.now)


def test_a_version_that_is_not_being_rotated_in_takes_no_step(desk: Desk) -> None:
    with pytest.raises(BadInput, match=f"is not {PENDING}: it cannot take the step setSecret"):
        desk.step(Step.SET)


def test_a_finished_rotation_has_nothing_left_to_do(desk: Desk) -> None:
    for step in STEPS:
        desk.step(step)
    assert {desk.step(step) for step in STEPS} == {"this version is the current one already"}


def test_two_rotations_after_each_other_forget_the_oldest_token(desk: Desk) -> None:
    for step in STEPS:
        desk.step(step)
    first = desk.current()
    for step in STEPS:
        desk.step(step, version=VERSION.replace("1", "2"))
    found = desk.kill.hashes()
    assert found is not None
    assert (found.current, found.previous) == (hash_of(desk.current()), hash_of(first))


def test_what_was_made_is_hidden_before_it_is_used(desk: Desk) -> None:
    for step in STEPS:
        desk.step(step)
    assert desk.hidden.text(f"{desk.current()} {OLD}") == f"{HIDDEN} {HIDDEN}"


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({}, "event.SecretId must be a text, not None"),
        ({"SecretId": "a", "ClientRequestToken": 5}, "event.ClientRequestToken must be a text, not 5"),
        ({"SecretId": "a", "ClientRequestToken": "b", "Step": "go"}, "event.Step must be one of createSecret,"),
    ],
)
def test_an_event_that_is_no_call_of_secrets_manager_is_named(event: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        request_of(event)


def test_the_secret_may_be_called_by_its_arn(desk: Desk) -> None:
    arn = desk.client.describe_secret(SecretId=desk.name)["ARN"]
    assert desk.rotation.name_of(arn) == desk.name


# ---------------------------------------------------------------------- the webhook's secret

TELEGRAM = {
    "bot_token": "123:AAtokenOfTheBot",
    "webhook_secret": "old",
    "chat_ids": [5],
    "user_ids": [6],
    "note": "ours",
}
WEBHOOK = "https://api.example.org/telegram"


def test_the_webhooks_secret_is_replaced_and_everything_else_stays(embedded: Embedded, chat: Chat) -> None:
    desk, kind = Desk(embedded, json.dumps(TELEGRAM)), WebhookSecret(chat.url, WEBHOOK)
    chat.usual = Reply(200, {"ok": True, "result": {"url": WEBHOOK}})
    for step in STEPS:
        desk.step(step, kind)
    new = json.loads(desk.current())
    assert {**new, "webhook_secret": "old"} == TELEGRAM
    (_, told), (path, _) = chat.requests
    assert told == {"url": WEBHOOK, "secret_token": new["webhook_secret"], "allowed_updates": ["message"]}
    assert path == "/bot123:AAtokenOfTheBot/getWebhookInfo"
    assert 43 <= len(new["webhook_secret"]) <= 256


@pytest.mark.parametrize("cut", range(len(STEPS)))
def test_cut_off_after_any_step_telegram_and_we_agree_in_the_end(embedded: Embedded, chat: Chat, cut: int) -> None:
    desk, kind = Desk(embedded, json.dumps(TELEGRAM)), WebhookSecret(chat.url, WEBHOOK)
    chat.usual = Reply(200, {"ok": True, "result": {"url": WEBHOOK}})
    for step in (*STEPS[: cut + 1], *STEPS):
        desk.step(step, kind)
    told = {content["secret_token"] for path, content in chat.requests if path.endswith("setWebhook")}
    assert told == {json.loads(desk.current())["webhook_secret"]}


def test_without_a_bot_the_secret_is_replaced_and_telegram_left_alone(embedded: Embedded, chat: Chat) -> None:
    desk, kind = Desk(embedded, "{}"), WebhookSecret(chat.url, WEBHOOK)
    assert [desk.step(step, kind) for step in STEPS][1:3] == [NO_BOT, NO_BOT]
    assert chat.requests == []
    assert "webhook_secret" in json.loads(desk.current())


def test_our_address_is_the_one_that_telegram_knows_where_no_setting_names_it(embedded: Embedded, chat: Chat) -> None:
    desk, kind = Desk(embedded, json.dumps(TELEGRAM)), WebhookSecret(chat.url)
    assert [desk.step(step, kind) for step in STEPS][1:3] == [NO_WEBHOOK, NO_WEBHOOK]
    chat.usual = Reply(200, {"ok": True, "result": {"url": WEBHOOK}})
    said = [desk.step(step, kind, VERSION.replace("1", "2")) for step in STEPS]
    assert said[1:3] == ["Telegram shows the new secret", "Telegram knows our webhook"]


def test_telegrams_troubles_leave_the_old_secret_in_force(embedded: Embedded, chat: Chat) -> None:
    desk, kind = Desk(embedded, json.dumps(TELEGRAM)), WebhookSecret(chat.url, WEBHOOK)
    desk.step(Step.CREATE, kind)
    chat.script.append(Reply(429, {"ok": False, "parameters": {"retry_after": 3}}))
    with pytest.raises(Temporary, match="throttled"):
        desk.step(Step.SET, kind)
    chat.script.append(Reply(200, {"ok": True, "result": {"url": ""}}))
    with pytest.raises(Temporary, match="does not know our webhook"):
        desk.step(Step.TEST, kind)
    assert json.loads(desk.current()) == TELEGRAM


@pytest.mark.parametrize("text", ["no json", '["list"]'])
def test_a_secret_that_people_have_spoilt_is_named_without_its_content(
    embedded: Embedded, chat: Chat, text: str
) -> None:
    desk = Desk(embedded, text)
    with pytest.raises(BadInput, match="the secret of Telegram is not JSON"):
        desk.step(Step.CREATE, WebhookSecret(chat.url))
    with pytest.raises(BadInput, match="not of the form"):
        WebhookSecret(chat.url).set('{"bot_token": 5}', "")


def test_a_service_that_cannot_be_reached_is_asked_again_later(desk: Desk, embedded: Embedded) -> None:
    nowhere = replace(embedded.server.endpoint, host=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Temporary, match="EndpointConnectionError"):
        Rotation(secrets_client(nowhere), desk.hidden).run(Request(desk.name, VERSION, Step.SET), desk.kill)


class Meanwhile:
    """A client that lets something happen right after the secret was described for the first time."""

    def __init__(self, client: Any, happens: Callable[[], None]) -> None:
        self._client, self._happens = client, [happens]

    def describe_secret(self, **asked: Any) -> Any:
        told = self._client.describe_secret(**asked)
        if self._happens:
            self._happens.pop()()
        return told

    def get_secret_value(self, **asked: Any) -> Any:
        return self._client.get_secret_value(**asked)


def test_a_late_run_of_a_step_does_not_take_the_new_token_for_the_old_one(desk: Desk) -> None:
    desk.step(Step.CREATE)
    desk.step(Step.SET)

    def finish() -> None:
        desk.step(Step.TEST)
        desk.step(Step.FINISH)

    late: Any = Meanwhile(desk.client, finish)
    said = Rotation(late, desk.hidden).run(Request(desk.name, VERSION, Step.SET), desk.kill)
    assert said == "this version has just become the current one"
    assert desk.kill.hashes() == KillHashes(hash_of(desk.current()), hash_of(OLD), NOW + OVERLAP_NS)
