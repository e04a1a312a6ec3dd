import re

import pytest

from cdk.settings import Deployment, read_deployment

SOUND_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/house@sha256:" + "a" * 64


def test_nothing_chosen_is_a_paper_deployment() -> None:
    assert read_deployment({"stage": None}) == Deployment()
    assert read_deployment({}).prefix == "house-paper-"


def test_the_live_stage_keeps_its_audit_trail_for_seven_years() -> None:
    found = read_deployment({"stage": "live"})
    assert (found.is_live, found.account, found.audit_days) == (True, "live", 2_555)


def test_what_is_chosen_is_read() -> None:
    found = read_deployment({"image": SOUND_IMAGE, "bundle": False, "network": "private", "budget": 50})
    assert (found.image, found.bundle, found.private, found.budget) == (SOUND_IMAGE, "false", True, 50)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("stage", "test", "context stage='test': must be paper or live"),
        ("bundle", "x86", "context bundle='x86': must be lambda, here or false"),
        ("network", "none", "context network='none': must be public or private"),
        ("account", "a b", "context account='a b': must be letters, digits and hyphens"),
        ("image", "house:1", "context image='house:1': must be an image in ECR with its tag or digest"),
        ("domain", "localhost", "context domain='localhost': must be a host name such as trader.example.com"),
        ("certificate", "arn:aws:s3", "context certificate='arn:aws:s3': must be the ARN of a certificate in ACM"),
        ("email", "me", "context email='me': must be an e-mail address"),
        ("budget", "0", "context budget='0': must be a whole number between 1 and 100000"),
        ("budget", "40.5", "context budget='40.5': must be a whole number between 1 and 100000"),
        ("audit_days", "x", "context audit_days='x': must be a whole number between 1 and 36500"),
    ],
)
def test_a_choice_that_cannot_be_used_is_named_in_one_sentence(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        read_deployment({name: text})


@pytest.mark.parametrize("text", ["0.0.0.0/0", "everybody", "203.0.113.7/33"])
def test_the_dashboard_is_never_shown_to_everybody(text: str) -> None:
    with pytest.raises(ValueError, match="not everybody"):
        read_deployment({"visitors": text})


def test_a_domain_needs_a_certificate_and_visitors() -> None:
    with pytest.raises(ValueError, match="needs also -c certificate=ARN and -c visitors=RANGE"):
        read_deployment({"domain": "trader.example.com"})
