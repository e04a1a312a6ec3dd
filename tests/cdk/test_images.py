import re
from pathlib import Path

import pytest
from aws_cdk import App, Stack

from cdk.constructs import image
from cdk.constructs.image import DASHBOARD, Image
from tests.cdk.synthesis import IMAGE
from tests.house.source import ROOT

TEXT = (ROOT / DASHBOARD).read_text()


def test_the_dashboards_image_is_locked_and_runs_as_nobody() -> None:
    assert "--require-hashes" in TEXT
    assert re.search(r"^USER 10001:10001$", TEXT, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["', TEXT, re.MULTILINE), "exec form, so that signals arrive"
    assert ":latest" not in TEXT
    assert "HEALTHCHECK" in TEXT


def test_what_the_dashboards_image_copies_exists_and_is_sent_to_the_builder() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) ", TEXT, re.MULTILINE)
    assert copied
    ignore = ROOT / ".dockerignore"
    sent = ignore.read_text().splitlines() if ignore.is_file() else []
    for path in copied:
        assert (ROOT / path).exists(), path
        assert "*" not in sent or f"!{path}" in sent, f".dockerignore does not let {path} through"


def test_an_image_that_is_named_needs_no_builder() -> None:
    named = Image(Stack(App(analytics_reporting=False), "s"), "Image", IMAGE)
    assert "house" in named.repository.repository_name


def test_no_image_and_no_way_to_build_one_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "ROOT", tmp_path)
    with pytest.raises(
        ValueError, match=r"^there is no fargate/Dockerfile to build the image from; give -c image=URI$"
    ):
        Image(Stack(App(analytics_reporting=False), "s"), "Image", None)
