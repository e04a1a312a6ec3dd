"""Rules on the text of any file: what must never be written down."""

import re
from collections.abc import Iterator

# The words are spelled in two halves, so that this file keeps its own rules.
UNFINISHED = re.compile(
    r"\b("
    + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error", "place" + "holder(?!=)"])
    + r")\b"
)
REGISTRIES = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "pythonhosted" + r"\.org",
            "registry" + r"\.npmjs",
            r"--(extra-)?index" + "-url",
            "--find" + "-links",
            '"resolved": ' + '"http',
        ]
    )
)
MACHINE_PATHS = re.compile(
    r"(?<![\w.])/("
    + "|".join(["wo" + "rk/", "ro" + "ot/", "ho" + r"me/\w+/", "Us" + r"ers/\w+/", "op" + "t/wheels"])
    + ")"
)
SECRETS = {
    "an access key of AWS": r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    "a secret key of AWS": r"(?i)aws.{0,20}['\"][0-9a-z/+]{40}['\"]",
    "a private key": "-----BEGIN (?:[A-Z]+ )*PRIVATE " + "KEY-----",
    "a wallet's private key": r"(?i)(?:priv|private|secret|signing)_?key\w*['\"]?\s*[:=]\s*['\"](?:0x)?[0-9a-f]{64}\b",
    "a Telegram bot's token": r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}\b",
    "a Discord webhook": r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,}",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": r"\b[a-z][a-z+]{1,12}://[^\s/:@'\"{}$]+:[^\s/:@'\"{}$]{6,}@",
}
"""What secrets look like, as scanners of repositories know them."""
SILENCED = re.compile(
    r"#\s*(type:\s*ignore|noqa|pragma:\s*no (?:cover|branch))"
    r"(?P<code>\[[\w, -]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
    r"(?P<rest>.*)"
)


def unfinished_work(path: str, text: str) -> Iterator[str]:
    """Nothing is left for later in a file: it is done, or it is an issue."""
    yield from _lines(path, text, UNFINISHED, "names unfinished work; finish it or open an issue")


def registry_host(path: str, text: str) -> Iterator[str]:
    """No package registry is named: every machine has its own."""
    yield from _lines(path, text, REGISTRIES, "names a package registry; the machine's own configuration does that")


def machine_path(path: str, text: str) -> Iterator[str]:
    """No absolute path of somebody's machine."""
    yield from _lines(path, text, MACHINE_PATHS, "names a path of one machine")


def secret(path: str, text: str) -> Iterator[str]:
    """No secret is written down, not even one that is none any more."""
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in SECRETS.items():
            if re.search(pattern, line):
                yield f"{path}:{number}: looks like {what}"


def bare_silence(path: str, text: str) -> Iterator[str]:
    """A silenced checker says which rule and, in a comment, why."""
    for number, line in enumerate(text.splitlines(), 1):
        match = SILENCED.search(line)
        if match is None:
            continue
        reason = match["rest"].strip(" #-—:")
        is_pragma = match[1].startswith("pragma")
        if not reason or not (is_pragma or match["code"]):
            yield f"{path}:{number}: silences a checker without naming the rule and the reason"


def _lines(path: str, text: str, pattern: re.Pattern[str], sentence: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line):
            yield f"{path}:{number}: {sentence}"
