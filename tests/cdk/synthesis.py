"""The house synthesised for tests: once per set of choices and session, into a folder of its own, offline."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from aws_cdk import App

from cdk.house import build
from cdk.settings import read_deployment
from tests.house.source import ROOT

IMAGE = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/house:1"
DOMAIN = {
    "domain": "trader.example.com",
    "certificate": "arn:aws:acm:eu-west-1:000000000000:certificate/11111111-2222-3333-4444-555555555555",
    "visitors": "203.0.113.0/24",
}
CHOICES: dict[str, dict[str, str]] = {
    "paper": {"stage": "paper", "email": "owner@example.com"},
    "live": {"stage": "live", "network": "private", **DOMAIN},
}


@dataclass(frozen=True)
class Resource:
    """One resource of one template."""

    stack: str
    name: str
    kind: str
    properties: Mapping[str, Any]
    whole: Mapping[str, Any]


@dataclass(frozen=True)
class Synthesised:
    """What one set of choices became. ``folder``: the cloud assembly."""

    choice: str
    folder: Path

    @cached_property
    def templates(self) -> dict[str, Mapping[str, Any]]:
        """Every stack's template, by the last word of its name."""
        paths = sorted(self.folder.glob("*.template.json"))
        return {path.name.split(".")[0].rpartition("-")[2]: json.loads(path.read_text()) for path in paths}

    @cached_property
    def resources(self) -> list[Resource]:
        """Every resource of every stack."""
        return [
            Resource(stack, name, one["Type"], one.get("Properties", {}), one)
            for stack, template in self.templates.items()
            for name, one in template["Resources"].items()
        ]

    def of(self, kind: str) -> list[Resource]:
        """The resources of one type; never none, since a test over nothing shows nothing."""
        found = [one for one in self.resources if one.kind == kind]
        assert found, f"no {kind} in {self.choice}"
        return found

    def named(self, kind: str, words: str) -> Resource:
        """The one resource of a type whose logical name begins so."""
        (found,) = (one for one in self.of(kind) if one.name.startswith(words))
        return found

    def statements(self) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
        """Every statement of every policy of roles, with the policy."""
        for one in self.resources:
            if one.kind in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
                documents = [one.properties["PolicyDocument"]]
            elif one.kind == "AWS::IAM::Role":
                documents = [policy["PolicyDocument"] for policy in one.properties.get("Policies", [])]
            else:
                continue
            for document in documents:
                yield from ((one, statement) for statement in document["Statement"])


def synthesise(choice: str, folder: Path) -> Synthesised:
    """The house of one set of choices; what cdk-nag finds is in the folder too."""
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "1"
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(analytics_reporting=False, outdir=str(folder), context=context)
    build(app, read_deployment({"image": IMAGE, "bundle": "false", **CHOICES[choice]}))
    app.synth()
    return Synthesised(choice, folder)


def several(found: object) -> list[Any]:
    """What a policy writes as one word or as a list of words."""
    return list(found) if isinstance(found, list) else [found]
