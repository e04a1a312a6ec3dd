"""The synthesised app as the embedded AWS can take it: what is left out, resource by resource, is told to people."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.house.source import ROOT

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/house:rehearsal"
"""Nobody pulls it: the embedded AWS starts no tasks."""
UNKNOWN = {
    "AWS::Budgets::Budget": "the budget's alarm",
    "AWS::EC2::FlowLog": "the network's flow log",
    "AWS::SecretsManager::RotationSchedule": "the clock of the rotations (their four steps are called by hand)",
}
"""Kinds of resources that the embedded AWS refuses."""
PRETENDED = {
    "AWS::ECS::Service": "the services are kept, and no task is started",
    "AWS::CloudWatch::Alarm": "the alarms are kept, and none is evaluated",
}
"""Kinds that it keeps and does not execute."""
INSECURE = "aws:SecureTransport"
ROOT_ARN = "arn:aws:iam::000000000000:root"
POLICIES = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy")
CLI = ("npx", "--no-install", "cdk", "--no-notices", "--no-version-reporting")


def cdk(words: list[str], env: dict[str, str]) -> str:
    """Run the stock CDK command line; what it said. ``AssertionError`` with its last lines when it failed."""
    quiet = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1", "CDK_DISABLE_CLI_TELEMETRY": "1", "CI": "true"}
    done = subprocess.run(
        [*CLI, *words], cwd=ROOT, env={**os.environ, **quiet, **env}, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise AssertionError(f"cdk {words[0]} failed: " + "\n".join(said.strip().splitlines()[-15:]))
    return said


def synthesised(folder: Path, env: dict[str, str]) -> Path:
    """The app's templates, with the light functions' libraries for this machine."""
    out = folder / "cdk.out"
    cdk(["synth", "--quiet", "-c", f"image={IMAGE}", "-c", "bundle=here", "--output", str(out)], env)
    return out


def reduced(out: Path) -> Iterator[str]:
    """Leave out of every template what the embedded AWS does not know; a line for each thing left out."""
    for path in sorted(out.glob("*.template.json")):
        template = json.loads(path.read_text(encoding="utf-8"))
        resources = template["Resources"]
        for name in [name for name, one in resources.items() if one["Type"] in UNKNOWN]:
            yield f"left out: {UNKNOWN[resources[name]['Type']]} ({name})"
            del resources[name]
        for name, one in resources.items():
            _forget(one, resources)
            if one["Type"] in POLICIES and _without_tls(one["Properties"]["PolicyDocument"]):
                yield f"left out: that {name} takes TLS only (loopback has none)"
        path.write_text(json.dumps(template), encoding="utf-8")


def pretended(out: Path) -> Iterator[str]:
    """What is deployed and not executed."""
    kinds = [
        one["Type"]
        for path in sorted(out.glob("*.template.json"))
        for one in json.loads(path.read_text(encoding="utf-8"))["Resources"].values()
    ]
    for kind, what in PRETENDED.items():
        yield f"pretended: {kinds.count(kind)} of {kind}: {what}"


def _forget(resource: dict[str, Any], known: dict[str, Any]) -> None:
    waits = resource.pop("DependsOn", [])
    waits = [name for name in ([waits] if isinstance(waits, str) else waits) if name in known]
    if waits:
        resource["DependsOn"] = waits


def _without_tls(document: dict[str, Any]) -> bool:
    statements = document["Statement"]
    kept = [one for one in statements if INSECURE not in json.dumps(one.get("Condition", {}))]
    document["Statement"] = kept or [
        {**statements[0], "Effect": "Allow", "Condition": {}, "Principal": {"AWS": ROOT_ARN}}
    ]
    return len(kept) < len(statements)
