"""What the person who deploys may choose, from the CDK's context (``-c name=text`` or cdk.json), checked once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal, cast

Stage = Literal["paper", "live"]
Bundle = Literal["lambda", "here", "false"]

IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[a-z0-9._/-]+)"
    r"(?P<version>:[\w.-]+|@sha256:[0-9a-f]{64})"
)
CERTIFICATE = re.compile(r"arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate/[\w-]+")
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ACCOUNT = re.compile(r"[A-Za-z0-9-]{1,64}")
AUDIT_DAYS = {"paper": 30, "live": 2_555}
"""How long nobody may delete the audit trail, in days: a month for paper, seven years for live."""


@dataclass(frozen=True)
class Deployment:
    """One deployment as its owner wants it.

    ``account``: the trading account (not AWS's). ``image``: the container image in ECR (None: built from
    fargate/Dockerfile); ``dashboard_image``: the dashboard's (None: ``image``, or built from dashboard/Dockerfile).
    ``bundle``: for which machine the light functions' libraries are collected (``false``: only our sources, for tests
    of the templates). ``private``: tasks behind a NAT gateway. ``domain``: under which name the dashboard is served
    (None: by port forwarding only), with ``certificate`` (ARN) to ``visitors`` (an IPv4 range). ``email``: who is told
    of alarms. ``budget``: the month's alarm, in dollars. ``audit_days``: how long nobody may delete the audit trail.
    """

    stage: Stage = "paper"
    account: str = "paper"
    image: str | None = None
    dashboard_image: str | None = None
    bundle: Bundle = "lambda"
    private: bool = False
    domain: str | None = None
    certificate: str | None = None
    visitors: str | None = None
    email: str | None = None
    budget: int = 40
    audit_days: int = 30

    @property
    def prefix(self) -> str:
        """What every name of this deployment begins with."""
        return f"house-{self.stage}-"

    @property
    def webhook(self) -> str:
        """The name of the parameter that says where Telegram finds the bot."""
        return f"/{self.prefix}webhook"

    @property
    def namespace(self) -> str:
        """Where CloudWatch keeps our own metrics: those of two stages in one account are never taken for each other."""
        return f"House/{self.stage}"

    @property
    def is_live(self) -> bool:
        """Whether real money is meant."""
        return self.stage == "live"


def read_deployment(context: Mapping[str, object]) -> Deployment:
    """The deployment a context asks for; ``ValueError`` with one sentence naming the word and its text."""
    texts = {name: str(text).strip() for name, text in context.items() if text is not None}
    stage = cast("Stage", _one_of(texts, "stage", "paper", ("paper", "live")))
    found = Deployment(
        stage=stage,
        account=_matching(texts, "account", ACCOUNT, "letters, digits and hyphens") or stage,
        image=_matching(texts, "image", IMAGE, "an image in ECR with its tag or digest"),
        dashboard_image=_matching(texts, "dashboard_image", IMAGE, "an image in ECR with its tag or digest"),
        bundle=cast("Bundle", _one_of(texts, "bundle", "lambda", ("lambda", "here", "false")).lower()),
        private=_one_of(texts, "network", "public", ("public", "private")) == "private",
        domain=_matching(texts, "domain", DOMAIN, "a host name such as trader.example.com"),
        certificate=_matching(texts, "certificate", CERTIFICATE, "the ARN of a certificate in ACM"),
        visitors=_network(texts, "visitors"),
        email=_matching(texts, "email", EMAIL, "an e-mail address"),
        budget=_whole(texts, "budget", 40, 1, 100_000),
        audit_days=_whole(texts, "audit_days", AUDIT_DAYS[stage], 1, 36_500),
    )
    if found.domain and not (found.certificate and found.visitors):
        raise ValueError(
            f"context domain={found.domain!r}: needs also -c certificate=ARN and -c visitors=RANGE (who may connect)"
        )
    return found


def _one_of(texts: Mapping[str, str], name: str, default: str, words: tuple[str, ...]) -> str:
    text = texts.get(name, "").lower() or default
    if text not in words:
        raise ValueError(f"context {name}={text[:80]!r}: must be {', '.join(words[:-1])} or {words[-1]}")
    return text


def _matching(texts: Mapping[str, str], name: str, pattern: re.Pattern[str], meaning: str) -> str | None:
    return _read(texts, name, lambda text: pattern.fullmatch(text) is not None, meaning)


def _read(texts: Mapping[str, str], name: str, holds: Callable[[str], bool], meaning: str) -> str | None:
    text = texts.get(name, "")
    if not text:
        return None
    if not holds(text):
        raise ValueError(f"context {name}={text[:80]!r}: must be {meaning}")
    return text


def _network(texts: Mapping[str, str], name: str) -> str | None:
    """A range that is not everybody: the dashboard shows positions."""

    def holds(text: str) -> bool:
        try:
            return IPv4Network(text).prefixlen > 0
        except ValueError:
            return False

    return _read(texts, name, holds, "a range of IPv4 addresses such as 203.0.113.7/32, not everybody")


def _whole(texts: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = texts.get(name, "") or str(default)
    number = int(text) if text.isdecimal() else 0
    if not least <= number <= most:
        raise ValueError(f"context {name}={text[:80]!r}: must be a whole number between {least} and {most}")
    return number
