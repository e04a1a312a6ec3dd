"""What is rehearsed, step by step; each says in a sentence what happened, or fails."""

import json
from collections.abc import Callable, Iterator

from shared.adapters.control.kill_token import HEADER, hash_of
from shared.adapters.dynamo.controls import read_switch
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.domain.notice import Notice
from tests.rehearsal.cloud import PREFIX, Cloud, awaited

ACCOUNT = "paper"
VERSION = "b2c3d4e5-0000-4000-8000-00000000000a"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FIRES_S, POISONED_S = 100.0, 90.0


def rotated(cloud: Cloud) -> Iterator[str]:
    """The kill token is made anew, and the function that checks it knows the new one."""
    secrets = cloud.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=f"{PREFIX}kill")
    for step in STEPS:
        event = {"SecretId": before["ARN"], "ClientRequestToken": VERSION, "Step": step}
        answer = cloud.client("lambda").invoke(
            FunctionName=f"{PREFIX}rotate_secrets", Payload=json.dumps(event).encode()
        )
        told = json.loads(answer["Payload"].read())
        assert told.get("ok") is True, f"{step}: {told}"
    token = secrets.get_secret_value(SecretId=f"{PREFIX}kill")["SecretString"]
    assert token != before["SecretString"]
    hashes = cloud.client("ssm").get_parameter(Name=f"/{PREFIX}kill-hashes", WithDecryption=True)["Parameter"]["Value"]
    assert json.loads(hashes)["current"] == hash_of(token)
    yield "the kill token was rotated in four steps, and its hash published"


def stopped(cloud: Cloud) -> Iterator[str]:
    """A kill through the real route, by token and by signature; a forged one is refused."""
    token = cloud.client("secretsmanager").get_secret_value(SecretId=f"{PREFIX}kill")["SecretString"]
    assert read_switch(cloud.tables, ACCOUNT).trading
    stopper, operator, stranger = cloud.person("ada", "stopper"), cloud.person("bob", "operator"), cloud.person("eve")
    assert cloud.post("/kill/token", "{}", {HEADER: "forged"}) == 403
    assert cloud.post("/kill", "{}") == 403
    assert cloud.post("/kill", "{}", who=stranger) == 403
    assert read_switch(cloud.tables, ACCOUNT).trading
    yield "a forged token, no signature, and a signature without a policy were refused"
    assert cloud.post("/kill/token", '{"reason": "a rehearsal"}', {HEADER: token}) == 200
    switch = read_switch(cloud.tables, ACCOUNT)
    assert not switch.trading
    assert "a rehearsal" in switch.reason
    assert DynamoPaperLog(ACCOUNT, cloud.tables).cancelled_at() > 0
    assert cloud.post("/kill", '{"reason": "once more"}', who=stopper) == 200
    yield "the kill token stopped trading and cancelled every order; so did a signature, once more"
    assert cloud.post("/api/resume", '{"reason": "enough"}', who=operator) == 403
    assert not read_switch(cloud.tables, ACCOUNT).trading
    yield "an operator without a second factor could not resume"


def fired(cloud: Cloud) -> Iterator[str]:
    """The schedule starts the watch by itself."""
    logs = cloud.client("logs")

    def runs() -> int:
        events = logs.filter_log_events(logGroupName=f"/{PREFIX}watch_trader")["events"]
        return sum('"uptime"' in one["message"] for one in events)

    before = runs()
    took = awaited("the schedule of watch_trader", lambda: runs() > before, FIRES_S)
    yield f"the schedule started watch_trader by itself within {took:.0f} s"


def poisoned(cloud: Cloud) -> Iterator[str]:
    """A message that is no notice ends in the dead-letter queue; one beside it is delivered."""
    sqs = cloud.client("sqs")
    url, dead = (sqs.get_queue_url(QueueName=f"{PREFIX}{name}")["QueueUrl"] for name in ("alerts", "alerts-dead"))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})  # or it would take half an hour
    sqs.send_message(QueueUrl=url, MessageBody="no notice")
    sound = Notice(ACCOUNT, 3, "daily_digest", "a rehearsal", 1)
    sqs.send_message(
        QueueUrl=url, MessageBody=json.dumps({name: getattr(sound, name) for name in sound.__struct_fields__})
    )

    def count(queue: str) -> int:
        name = "ApproximateNumberOfMessages"
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return int(found[name]) + int(found.get(f"{name}NotVisible", 0))

    took = awaited("the poisoned message in the dead-letter queue", lambda: count(dead) == 1, POISONED_S)
    awaited("the notice beside it", lambda: count(url) == 0, POISONED_S)
    yield f"a poisoned message was in the dead-letter queue after {took:.0f} s; the notice beside it was taken"


def alarmed(cloud: Cloud) -> Iterator[str]:
    """Every alarm tells somebody."""
    found = cloud.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
    (topic,) = (
        one["TopicArn"] for one in cloud.client("sns").list_topics()["Topics"] if one["TopicArn"].endswith("-alarms")
    )
    silent = [one["AlarmName"] for one in found if one["AlarmActions"] != [topic]]
    assert not silent, silent
    assert len(found) >= 30
    yield f"{len(found)} alarms, each with the topic as its target"


REHEARSED: tuple[Callable[[Cloud], Iterator[str]], ...] = (rotated, stopped, alarmed, poisoned, fired)
