import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import ManualArgs, lint

from cdk.acknowledgements import ACKNOWLEDGED, acknowledge
from tests.cdk.synthesis import Synthesised
from tests.house.source import ROOT


def findings(folder: Path) -> list[str]:
    report = json.loads((folder / "validation-report.json").read_text())
    return [
        f"{one['ruleName']} {[at['constructPath'] for at in one['violatingConstructs']]}"
        for plugin in report["pluginReports"]
        for one in plugin["violations"]
    ]


def test_no_finding_of_the_architects_rules_is_left_without_an_answer(house: Synthesised) -> None:
    assert not findings(house.folder)


def test_a_finding_without_an_answer_would_be_seen(tmp_path: Path) -> None:
    app = App(analytics_reporting=False, outdir=str(tmp_path))
    sns.Topic(Stack(app, "bad"), "Open")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    assert findings(tmp_path) == ["AwsSolutions-SNS3 ['bad/Open/Resource']"]


def test_an_acknowledgement_of_what_is_gone_is_refused() -> None:
    app = App(analytics_reporting=False)
    names = list(dict.fromkeys(one.stack for one in ACKNOWLEDGED))
    with pytest.raises(ValueError, match="there is no Buckets/LakeRead in stack data"):
        acknowledge([Stack(app, f"house-paper-{name}") for name in names])


def test_there_are_few_acknowledgements_and_each_says_why() -> None:
    assert len(ACKNOWLEDGED) <= 15
    assert all(len(one.reason) >= 40 for one in ACKNOWLEDGED)
    assert all(one.path for one in ACKNOWLEDGED), "a whole stack is never acknowledged"


def test_no_resource_is_acknowledged_twice_for_one_thing() -> None:
    counted = Counter((one.rule, one.stack, one.path) for one in ACKNOWLEDGED)
    assert not [one for one, count in counted.items() if count > 1]


# The choices of the live house change these stacks only; linting the rest twice takes long and shows nothing.
@pytest.mark.parametrize(("choice", "stacks"), [("paper", "*"), ("live", "dashboard"), ("live", "network")])
def test_every_template_is_what_cloudformation_takes(
    choice: str, stacks: str, houses: Callable[[str], Synthesised]
) -> None:
    # W3005: CDK writes down dependencies that a reference already makes; they change nothing.
    config = ManualArgs(regions=["eu-west-1"], ignore_checks=["W3005"])
    paths = sorted(houses(choice).folder.glob(f"*-{stacks}.template.json"))
    assert paths
    for path in paths:
        said = lint(path.read_text(), config=config)
        assert not [f"{one.rule.id} {one.message}" for one in said], path.name


def test_a_template_that_cloudformation_refuses_would_be_seen() -> None:
    bad = {"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "soon"}}}}
    assert lint(json.dumps(bad))


def test_the_entrance_stays_small() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 40
