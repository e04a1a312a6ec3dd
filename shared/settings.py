"""Settings from the environment, typed and checked, read once by an entrance and by nobody else."""

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import Fraction, Usd, dollars, format_micro, parse_micro
from shared.domain.whale import is_wallet

T = TypeVar("T")

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")

DATA_API_URL = "https://data-api.polymarket.com"
GAMMA_URL = "https://gamma-api.polymarket.com"
CLOB_URL = "https://clob.polymarket.com"
CLOB_WS_URL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"
RTDS_URL = "wss://ws-live-data.polymarket.com"
BINANCE_URL = "wss://stream.binance.com:9443"
BINANCE_DATA_URL = "wss://data-stream.binance.vision"
TELEGRAM_URL = "https://api.telegram.org"
COINBASE_URL = "wss://ws-feed.exchange.coinbase.com"
LIMIT_PREFIX = "LIMIT_"
PERCENT_LIMITS = {"STOP_LOSS_PCT": "stop_loss", "TAKE_PROFIT_PCT": "take_profit", "TRAILING_STOP_PCT": "trailing_stop"}
SYMBOLS = ("BTC", "ETH", "SOL", "XRP", "DOGE")


class VenueSettings(Struct, frozen=True):
    """Where the venue's public interfaces are."""

    data_api_url: str = DATA_API_URL
    gamma_url: str = GAMMA_URL
    clob_url: str = CLOB_URL


class FeedSettings(Struct, frozen=True):
    """Where the streams are (an empty address: that source is off) and when one counts as silent.

    ``rtds_sockets``: parallel sockets of the activity stream, each on a connection of its own. ``binance_data_url``:
    where to turn when the exchange refuses this country. ``polygon_ws_url``: the user's own RPC node, for the
    exchange's logs. ``symbols``: coins whose spot price is followed. ``raw_megabytes``: disk for raw frames (0: none).
    """

    clob_ws_url: str = CLOB_WS_URL
    rtds_url: str = RTDS_URL
    rtds_sockets: int = 3
    rtds_silence_s: float = 12.0
    binance_url: str = BINANCE_URL
    binance_data_url: str = BINANCE_DATA_URL
    coinbase_url: str = COINBASE_URL
    polygon_ws_url: str = ""
    symbols: tuple[str, ...] = SYMBOLS
    raw_megabytes: int = 0


class StateSettings(Struct, frozen=True):
    """Where state lives: ``state_dir`` (local files), the AWS endpoint (None: AWS itself) and the table prefix."""

    state_dir: Path = Path(".state")
    aws_endpoint_url: str | None = None
    table_prefix: str = "house-"
    region: str = "eu-west-1"
    tape_days: int = 30
    """How long the tape is kept in the lake."""


class Retention(Struct, frozen=True):
    """How long objects under a prefix of the lake are kept, in days (None: for good).

    ``hot_days``: after so many they move to where keeping costs less and reading more; None: never.
    """

    prefix: str
    days: int | None
    hot_days: int | None = None


def retention(state: StateSettings) -> tuple[Retention, ...]:
    """The table of rules for the lake's bucket, the same on the embedded AWS and in the cloud."""
    return (
        Retention("tape/", state.tape_days, hot_days=1),
        Retention("bronze/", None, hot_days=30),
    )


class CopySettings(Struct, frozen=True):
    """What is copied and how much is risked; amounts in micro-dollars, fractions in millionths.

    ``backfill_hours``: past read when a live run starts. ``rank_every_hours``: how often wallets are ranked anew.
    """

    capital: Usd = dollars(10_000)
    trade_max: Usd = dollars(1_000)
    daily_loss: Usd = dollars(500)
    kelly: Fraction = Fraction(250_000)
    pinned_wallets: tuple[str, ...] = ()
    backfill_hours: int = 6
    rank_every_hours: int = 6


class RiskSettings(Struct, frozen=True):
    """Which named profile of limits is in force, in which capital stage (empty: none), and limits set by their names.

    ``limits`` holds names and texts as written; whoever knows the limits reads them.
    """

    profile: str = "copy"
    stage: str = ""
    limits: tuple[tuple[str, str], ...] = ()


class HealthSettings(Struct, frozen=True):
    """Where the trader tells how it stands. ``port`` 0: nowhere."""

    host: str = "127.0.0.1"
    port: int = 8502


class LeaseSettings(Struct, frozen=True):
    """How long things last between processes that want to trade one account (nanoseconds).

    ``ttl_ns``: silence after which another takes over. ``beat_ns``: how often the holder renews. ``margin_ns``: how
    long the holder acts on a renewal; what is left to ``ttl_ns`` is for what it began to have its effect. ``BadInput``
    when they do not go together.
    """

    ttl_ns: int = 30 * SECOND
    beat_ns: int = 10 * SECOND
    margin_ns: int = 20 * SECOND

    def __post_init__(self) -> None:
        """Check that they go together."""
        ttl, beat, margin = (at / SECOND for at in (self.ttl_ns, self.beat_ns, self.margin_ns))
        if beat <= 0:
            raise BadInput(f"setting LEASE_BEAT_S='{beat:g}': must be above 0")
        if beat >= margin:
            raise BadInput(f"setting LEASE_BEAT_S='{beat:g}': must be less than LEASE_MARGIN_S={margin:g}")
        if margin + beat > ttl:
            raise BadInput(
                f"setting LEASE_TTL_S='{ttl:g}': must be at least LEASE_MARGIN_S={margin:g} and LEASE_BEAT_S={beat:g} "
                "together"
            )


class CloudSettings(Struct, frozen=True):
    """What a deployment calls its parts; everything but the buckets is empty where there is none (``make run``).

    ``deployment``: ``paper`` or ``live``. ``alerts_queue_url``: where notices go. ``alerts_topic``: the ARN by which
    people get them as e-mail. ``kill_hashes``: name of the parameter with the hashes of the kill token.
    ``kill_secret``, ``telegram_secret``, ``discord_secret``: names in Secrets Manager. ``webhook_parameter``: name of
    the parameter that says where Telegram finds us (empty: where it was told before).
    """

    deployment: str = "paper"
    lake_bucket: str = "house-lake"
    audit_bucket: str = "house-audit"
    alerts_queue_url: str = ""
    alerts_topic: str = ""
    kill_hashes: str = ""
    kill_secret: str = ""
    telegram_secret: str = ""
    discord_secret: str = ""
    telegram_url: str = TELEGRAM_URL
    webhook_parameter: str = ""


class Settings(Struct, frozen=True):
    """All settings of one process. ``synthetic_hours``: how long the synthetic day lasts."""

    account: str
    venue: VenueSettings
    feeds: FeedSettings
    state: StateSettings
    copy: CopySettings
    dashboard_port: int
    aws_port: int
    synthetic_hours: int = 24
    risk: RiskSettings = RiskSettings()
    health: HealthSettings = HealthSettings()
    lease: LeaseSettings = LeaseSettings()
    cloud: CloudSettings = CloudSettings()


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
        if not is_wallet(wallet):
            raise BadInput(f"{wallet!r} is not a wallet address (0x and 40 hex digits)")
    return wallets


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 1024 <= port <= 65_535:
        raise BadInput("must be a port number between 1024 and 65535")
    return port


def _port_or_none(text: str) -> int:
    """A port, or 0."""
    try:
        return 0 if text == "0" else _port(text)
    except BadInput as error:
        raise BadInput(f"{error}, or 0 for none") from None


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise BadInput("must be an IPv4 address such as 127.0.0.1") from None


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise BadInput("must start with http:// or https://")
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:  # a port that is no number raises here, and is told as such
        raise BadInput("must name a host")
    return text.rstrip("/")


def _stream(text: str) -> str:
    """A WebSocket address, or ``off``."""
    if text == "off":
        return ""
    if not text.startswith(("ws://", "wss://")):
        raise BadInput("must start with ws:// or wss://, or be off")
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:
        raise BadInput("must name a host")
    return text.rstrip("/")


def _whole(least: int, most: int, unit: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isdecimal() else -1
        if not least <= number <= most:
            raise BadInput(f"must be a whole number of {unit} between {least} and {most}")
        return number

    return parse


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        seconds = float(text)
        if not least <= seconds <= most:
            raise BadInput(f"must be a number of seconds between {least:g} and {most:g}")
        return seconds

    return parse


def _span(least: float, most: float) -> Callable[[str], int]:
    """Seconds as written, in nanoseconds."""
    seconds = _seconds(least, most)
    return lambda text: round(seconds(text) * SECOND)


def _symbols(text: str) -> tuple[str, ...]:
    symbols = tuple(part.strip().upper() for part in text.split(",") if part.strip())
    for symbol in symbols:
        if not symbol.isalnum() or not symbol.isascii():
            raise BadInput(f"{symbol!r} is not a coin's symbol such as BTC")
    return symbols


def _prefix(text: str) -> str:
    if _PREFIX.fullmatch(text) is None:
        raise BadInput("must consist of letters, digits, dots, underscores and hyphens, at most 64")
    return text


def _account(text: str) -> str:
    if not text.replace("-", "").isalnum():
        raise BadInput("must consist of letters, digits and hyphens")
    return text


def _deployment(text: str) -> str:
    if text not in ("paper", "live"):
        raise BadInput("must be paper or live")
    return text


def _limits(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """``LIMIT_STOP_LOSS=10%`` sets the limit ``stop_loss``; a few have a name of their own, in percent."""
    found: dict[str, str] = {}
    for name, limit in PERCENT_LIMITS.items():
        text = env.get(name, "").strip()
        if text:
            found[limit] = f"{text.removesuffix('%')}%"
    for name, text in env.items():
        if name.startswith(LIMIT_PREFIX) and text.strip():
            found[name.removeprefix(LIMIT_PREFIX).lower()] = text.strip()
    return tuple(sorted(found.items()))


def _cloud(env: Mapping[str, str]) -> CloudSettings:
    names = ("ALERTS_TOPIC", "KILL_HASHES", "KILL_SECRET", "TELEGRAM_SECRET", "DISCORD_SECRET", "WEBHOOK_PARAMETER")
    return CloudSettings(
        _read(env, "DEPLOYMENT", "paper", _deployment),
        _read(env, "LAKE_BUCKET", "house-lake", str),
        _read(env, "AUDIT_BUCKET", "house-audit", str),
        _read(env, "ALERTS_QUEUE_URL", "", _url),
        telegram_url=_read(env, "TELEGRAM_URL", TELEGRAM_URL, _url),
        **{name.lower(): _read(env, name, "", str) for name in names},
    )


def read_settings(env: Mapping[str, str]) -> Settings:
    """Settings from environment variables; ``BadInput`` with one sentence naming the variable and its value."""
    return Settings(
        account=_read(env, "ACCOUNT", "paper", _account),
        venue=VenueSettings(
            _read(env, "DATA_API_URL", DATA_API_URL, _url),
            _read(env, "GAMMA_URL", GAMMA_URL, _url),
            _read(env, "CLOB_URL", CLOB_URL, _url),
        ),
        feeds=FeedSettings(
            _read(env, "CLOB_WS_URL", CLOB_WS_URL, _stream),
            _read(env, "RTDS_URL", RTDS_URL, _stream),
            _read(env, "RTDS_SOCKETS", 3, _whole(1, 4, "sockets")),
            _read(env, "RTDS_SILENCE_S", 12.0, _seconds(1.0, 60.0)),
            _read(env, "BINANCE_URL", BINANCE_URL, _stream),
            _read(env, "BINANCE_DATA_URL", BINANCE_DATA_URL, _stream),
            _read(env, "COINBASE_URL", COINBASE_URL, _stream),
            _read(env, "POLYGON_WS_URL", "", _stream),
            _read(env, "SYMBOLS", SYMBOLS, _symbols),
            _read(env, "RAW_MEGABYTES", 0, _whole(0, 1_000_000, "megabytes")),
        ),
        state=StateSettings(
            _read(env, "STATE_DIR", Path(".state"), Path),
            _read(env, "AWS_ENDPOINT_URL", None, _url),
            _read(env, "TABLE_PREFIX", "house-", _prefix),
            _read(env, "AWS_REGION", "eu-west-1", str),
            _read(env, "TAPE_DAYS", 30, _whole(2, 3_650, "days")),
        ),
        copy=CopySettings(
            _read(env, "CAPITAL", dollars(10_000), _amount),
            _read(env, "MAX_POSITION_SIZE", dollars(1_000), _amount),
            _read(env, "MAX_DAILY_LOSS", dollars(500), _amount),
            _read(env, "KELLY_FRACTION", Fraction(250_000), _kelly),
            _read(env, "PINNED_WALLETS", (), _wallets),
            _read(env, "BACKFILL_HOURS", 6, _whole(0, 168, "hours")),
            _read(env, "RANK_EVERY_HOURS", 6, _whole(1, 168, "hours")),
        ),
        dashboard_port=_read(env, "DASHBOARD_PORT", 8501, _port),
        aws_port=_read(env, "AWS_PORT", 4566, _port),
        synthetic_hours=_read(env, "SYNTHETIC_HOURS", 24, _whole(1, 168, "hours")),
        risk=RiskSettings(
            _read(env, "PROFILE", "copy", str),
            _read(env, "STAGE", "", str),
            _limits(env),
        ),
        health=HealthSettings(
            _read(env, "HEALTH_HOST", "127.0.0.1", _ipv4),
            _read(env, "HEALTH_PORT", 8502, _port_or_none),
        ),
        lease=LeaseSettings(
            _read(env, "LEASE_TTL_S", 30 * SECOND, _span(0.1, 600.0)),
            _read(env, "LEASE_BEAT_S", 10 * SECOND, _span(0.01, 600.0)),
            _read(env, "LEASE_MARGIN_S", 20 * SECOND, _span(0.01, 600.0)),
        ),
        cloud=_cloud(env),
    )
