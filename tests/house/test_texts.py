from collections.abc import Callable, Iterator

import pytest

from tests.house import texts
from tests.house.source import ROOT, files

TextRule = Callable[[str, str], Iterator[str]]
EVERYWHERE: list[TextRule] = [texts.unfinished_work, texts.registry_host, texts.machine_path, texts.secret]
BINARY = (".png", ".jpg", ".gif", ".ico", ".parquet", ".woff2")

BROKEN: list[tuple[TextRule, str]] = [
    (texts.unfinished_work, "# TO" + "DO: round it"),
    (texts.unfinished_work, "raise NotImplemented" + "Error"),
    (texts.registry_host, "pip install -i https://pypi" + ".org/simple msgspec"),
    (texts.registry_host, '"resolved": ' + '"https://example.org/aws-cdk.tgz"'),
    (texts.machine_path, "path = '/ho" + "me/ada/data'"),
    (texts.machine_path, "see /wo" + "rk/main/README.md"),
    (texts.secret, "key = 'AK" + "IAIOSFODNN7EXAMPLE'"),
    (texts.secret, "aws_secret = '" + "wJalrXUtnFEMIK7MDENG" * 2 + "'"),
    (texts.secret, "-----BEGIN EC PRIVATE " + "KEY-----"),
    (texts.secret, "PRIVATE_KEY = '0x" + "ab" * 32 + "'"),
    (texts.secret, "https://api.telegram.org/bot123456789:AA" + "x" * 33 + "/getMe"),
    (texts.secret, "https://discord.com/api/webhooks/" + "1" * 18 + "/" + "a" * 68),
    (texts.secret, "token: gh" + "p_" + "a1" * 18),
    (texts.secret, "xo" + "xb-1234567890-abc"),
    (texts.secret, "ey" + "J" + "a" * 20 + ".ey" + "J" + "b" * 20 + "." + "c" * 20),
    (texts.secret, "postgres" + "://user:" + "hunter2x@host/db"),
    (texts.bare_silence, "x = f()  # type: " + "ignore"),
    (texts.bare_silence, "x = f()  # type: " + "ignore[arg-type]"),
    (texts.bare_silence, "x = f()  # no" + "qa"),
    (texts.bare_silence, "x = f()  # no" + "qa: S105"),
    (texts.bare_silence, "if x:  # pragma: no " + "cover"),
]
SOUND: list[tuple[TextRule, str]] = [
    (texts.unfinished_work, "a method to do it"),
    (texts.registry_host, "packages come from the machine's index"),
    (texts.machine_path, "a relative/folder/path and https://example.org/home/index.html"),
    (texts.secret, "condition = '0x" + "ab" * 32 + "'"),
    (texts.secret, "the key's name is in the setting KMS_KEY_ID"),
    (texts.bare_silence, "x = f()  # type: " + "ignore[arg-type]  # the stub lacks the overload"),
    (texts.bare_silence, "x = f()  # no" + "qa: S105, S106 - a table name, not a password"),
    (texts.bare_silence, "if x:  # pragma: no " + "cover - only on Windows"),
]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_no_file_of_the_house_breaks_the_rule(rule: TextRule) -> None:
    findings = [finding for path, text in _texts() for finding in rule(path, text)]
    assert not findings, f"{rule.__doc__}\n" + "\n".join(findings)


def test_no_checker_is_silenced_without_a_reason() -> None:
    findings = [
        finding for path, text in _texts() if path.endswith(".py") for finding in texts.bare_silence(path, text)
    ]
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_a_text_rule_finds_what_breaks_it(rule: TextRule, text: str) -> None:
    assert list(rule("x.py", text))


@pytest.mark.parametrize(("rule", "text"), SOUND)
def test_a_text_rule_leaves_sound_text_alone(rule: TextRule, text: str) -> None:
    assert not list(rule("x.py", text))


def _texts() -> Iterator[tuple[str, str]]:
    for path in files():
        if not path.endswith(BINARY):
            yield path, (ROOT / path).read_text(encoding="utf-8")
