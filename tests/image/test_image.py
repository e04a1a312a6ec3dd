"""The image, built without any image registry on a minimal Debian, and looked at from inside. `make image` runs it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE, IMAGE = "localhost/house-base:here", "localhost/house:here"
BUILD_S, RUN_S = 900, 180


class Builder:
    """buildah with its storage in a folder of ours; needs no daemon and no engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._options = ["--root", str(folder / "storage"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]

    def __call__(self, command: str, *words: str, longest_s: float = RUN_S) -> subprocess.CompletedProcess[str]:
        asked = ["buildah", command, *self._options, *words]
        return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=longest_s, check=False)

    def done(self, command: str, *words: str, longest_s: float = RUN_S) -> str:
        """Its answer; the test fails where there is none."""
        ended = self(command, *words, longest_s=longest_s)
        assert ended.returncode == 0, ended.stderr[-3_000:]
        return ended.stdout.strip()


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed, so no image can be built here")
    named = os.environ.get("IMAGE_FOLDER")
    if not named:
        pytest.skip("IMAGE_FOLDER names no folder with a base and wheels: `make image` makes them")
    parts, made = Path(named).resolve(), Builder(tmp_path_factory.mktemp("image"))
    offline = made.folder / "pip.conf"
    offline.write_text("[global]\nno-index = true\nfind-" + "links = /wheels\n", encoding="utf-8")
    empty = made.done("from", "scratch")
    made.done("add", "--quiet", empty, str(parts / "base.tar"), "/")
    made.done("commit", "--quiet", empty, BASE)
    made.done("rm", empty)
    mounts = ["--volume", f"{parts / 'wheels'}:/wheels:ro", "--volume", f"{offline}:/etc/pip.conf:ro"]
    options = ["--isolation", "chroot", "--pull-never", "--format", "docker", "--build-arg", f"BASE={BASE}"]
    names = ["--file", "fargate/Dockerfile", "--tag", IMAGE]
    made.done("bud", *options, *mounts, *names, ".", longest_s=BUILD_S)
    yield made
    shutil.rmtree(made.folder / "storage", ignore_errors=True)


@pytest.fixture(scope="module")
def container(builder: Builder) -> str:
    return builder.done("from", "--pull-never", IMAGE)


def inside(builder: Builder, container: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    named = [word for name, value in env.items() for word in ("--env", f"{name}={value}")]
    return builder("run", "--isolation", "chroot", *named, container, "--", *words)


def test_its_settings_are_those_of_the_file(builder: Builder) -> None:
    config = json.loads(builder.done("inspect", "--type", "image", IMAGE))["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/venv/bin/python", "-m", "fargate"]
    assert config["Cmd"] == ["trade"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/venv/bin/python", "-m", "fargate", "status", "--live"]
    assert list(config["Volumes"]) == ["/state"]


LOOK = """
import importlib.util, json, os
def found(name): return importlib.util.find_spec(name) is not None
import fargate.deployed, functions.rank_whales.handler, functions.discover_whales.handler, awslambdaric
print(json.dumps({
    "user": os.getuid(),
    "parts": sorted(os.listdir("/app")),
    "writable": [place for place in ("/app", "/app/shared", "/venv", "/state", "/etc") if os.access(place, os.W_OK)],
    "not there": [name for name in ("streamlit", "ministack", "pytest", "pip") if not found(name)],
    "compiled": os.path.exists(importlib.util.cache_from_source("/app/shared/settings.py")),
}))
"""


def test_it_holds_our_code_and_what_that_needs_and_can_write_to_its_state_alone(
    builder: Builder, container: str
) -> None:
    ended = inside(builder, container, "/venv/bin/python", "-c", LOOK)
    assert ended.returncode == 0, ended.stderr[-3_000:]
    assert json.loads(ended.stdout) == {
        "user": 10001,
        "parts": ["fargate", "functions", "shared"],
        "writable": ["/state"],
        "not there": ["streamlit", "ministack", "pytest", "pip"],
        "compiled": True,
    }


def test_its_command_says_in_one_sentence_what_is_not_deployed(builder: Builder, container: str) -> None:
    ended = inside(builder, container, "/venv/bin/python", "-m", "fargate", "trade", DEPLOYMENT="live")
    assert ended.returncode != 0
    assert "fargate trade: DEPLOYMENT is live: orders at the venue cannot be sent yet" in ended.stderr


def test_its_health_check_finds_nobody_before_the_trader_runs(builder: Builder, container: str) -> None:
    ended = inside(builder, container, "/venv/bin/python", "-m", "fargate", "status", "--live")
    assert ended.returncode != 0
    assert "fargate status: no trader answers on 127.0.0.1:8502" in ended.stderr
