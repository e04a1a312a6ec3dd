"""Settings from the environment, typed and checked, read once by an entrance and by nobody else."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.money import Fraction, Usd, dollars, format_micro, parse_micro

T = TypeVar("T")

_WALLET = re.compile(r"0x[0-9a-f]{40}")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")

DATA_API_URL = "https://data-api.polymarket.com"
GAMMA_URL = "https://gamma-api.polymarket.com"
CLOB_URL = "https://clob.polymarket.com"


class VenueSettings(Struct, frozen=True):
    """Where the venue's public interfaces are."""

    data_api_url: str = DATA_API_URL
    gamma_url: str = GAMMA_URL
    clob_url: str = CLOB_URL


class StateSettings(Struct, frozen=True):
    """Where state lives: ``state_dir`` (local files), the AWS endpoint (None: AWS itself) and the table prefix."""

    state_dir: Path = Path(".state")
    aws_endpoint_url: str | None = None
    table_prefix: str = "house-"
    region: str = "eu-west-1"


class CopySettings(Struct, frozen=True):
    """What is copied and how much is risked; amounts in micro-dollars, fractions in millionths."""

    capital: Usd = dollars(10_000)
    trade_max: Usd = dollars(1_000)
    daily_loss: Usd = dollars(500)
    kelly: Fraction = Fraction(250_000)
    pinned_wallets: tuple[str, ...] = ()
    backfill_hours: int = 6


class Settings(Struct, frozen=True):
    """All settings of one process. ``synthetic_hours``: how long the synthetic day lasts."""

    account: str
    venue: VenueSettings
    state: StateSettings
    copy: CopySettings
    dashboard_port: int
    aws_port: int
    synthetic_hours: int = 24


def _read(env: Mapping[str, str], name: str, default: T, parse: Callable[[str], T]) -> T:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        return parse(text)
    except (BadInput, ValueError) as error:
        raise BadInput(f"setting {name}={text[:80]!r}: {error}") from None


def _amount(text: str) -> Usd:
    micro = parse_micro(text)
    if micro <= 0:
        raise BadInput(f"must be a positive amount of dollars, not {format_micro(micro)}")
    return Usd(micro)


def _kelly(text: str) -> Fraction:
    micro = parse_micro(text)
    if not 0 < micro <= 500_000:
        raise BadInput(f"must lie above 0 and at most at 0.5, not {format_micro(micro)}")
    return Fraction(micro)


def _wallets(text: str) -> tuple[str, ...]:
    wallets = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for wallet in wallets:
        if _WALLET.fullmatch(wallet) is None:
            raise BadInput(f"{wallet!r} is not a wallet address (0x and 40 hex digits)")
    return wallets


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 1024 <= port <= 65_535:
        raise BadInput("must be a port number between 1024 and 65535")
    return port


def _hours(text: str) -> int:
    hours = int(text) if text.isdecimal() else -1
    if not 0 <= hours <= 168:
        raise BadInput("must be a whole number of hours between 0 and 168")
    return hours


def _day(text: str) -> int:
    hours = int(text) if text.isdecimal() else -1
    if not 1 <= hours <= 168:
        raise BadInput("must be a whole number of hours between 1 and 168")
    return hours


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise BadInput("must start with http:// or https://")
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:  # a port that is no number raises here, and is told as such
        raise BadInput("must name a host")
    return text.rstrip("/")


def _prefix(text: str) -> str:
    if _PREFIX.fullmatch(text) is None:
        raise BadInput("must consist of letters, digits, dots, underscores and hyphens, at most 64")
    return text


def _account(text: str) -> str:
    if not text.replace("-", "").isalnum():
        raise BadInput("must consist of letters, digits and hyphens")
    return text


def read_settings(env: Mapping[str, str]) -> Settings:
    """Settings from environment variables; ``BadInput`` with one sentence naming the variable and its value."""
    return Settings(
        account=_read(env, "ACCOUNT", "paper", _account),
        venue=VenueSettings(
            _read(env, "DATA_API_URL", DATA_API_URL, _url),
            _read(env, "GAMMA_URL", GAMMA_URL, _url),
            _read(env, "CLOB_URL", CLOB_URL, _url),
        ),
        state=StateSettings(
            _read(env, "STATE_DIR", Path(".state"), Path),
            _read(env, "AWS_ENDPOINT_URL", None, _url),
            _read(env, "TABLE_PREFIX", "house-", _prefix),
            _read(env, "AWS_REGION", "eu-west-1", str),
        ),
        copy=CopySettings(
            _read(env, "CAPITAL", dollars(10_000), _amount),
            _read(env, "MAX_POSITION_SIZE", dollars(1_000), _amount),
            _read(env, "MAX_DAILY_LOSS", dollars(500), _amount),
            _read(env, "KELLY_FRACTION", Fraction(250_000), _kelly),
            _read(env, "PINNED_WALLETS", (), _wallets),
            _read(env, "BACKFILL_HOURS", 6, _hours),
        ),
        dashboard_port=_read(env, "DASHBOARD_PORT", 8501, _port),
        aws_port=_read(env, "AWS_PORT", 4566, _port),
        synthetic_hours=_read(env, "SYNTHETIC_HOURS", 24, _day),
    )
