"""The functions of the house as one table: what runs when, how large, and what each may touch.

A function may do what its row says and nothing else; ``cdk.constructs.function`` turns rows into roles.
"""

from dataclasses import dataclass
from typing import Literal

BOOKS = ("control", "orders", "positions", "ledger", "journal")
"""The trader's belief."""
SHOWN = ("metrics", "live", "whales", "markets", "decisions")
"""What people look at."""
Source = Literal["api", "alerts", "streams", "rotation"]


@dataclass(frozen=True)
class Row:
    """One function. ``heavy``: runs in the container image. ``every``: a schedule (UTC), else ``source`` calls it.

    ``reads``, ``writes``: tables; writing is put and update, never delete. ``scans``: tables read from end to end.
    ``lake``: reads or writes objects of it. ``archives``: adds objects to the audit bucket. ``secrets``: may read
    these. ``rotates``: renews these. ``hashes``: reads or writes the hashes of the kill token. ``notifies``: may queue
    notices. ``mails``: may publish to the topic. ``late_s``: how long a delayed run is still worth doing. ``retries``:
    how often an asynchronous run is repeated. ``dated``: under which name its schedule tells the instant it runs for,
    so that a run that is repeated is the same one.
    """

    name: str
    purpose: str
    memory: int = 256
    timeout_s: int = 60
    heavy: bool = False
    every: str | None = None
    source: Source | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    lake: Literal["read", "write"] | None = None
    archives: bool = False
    secrets: tuple[str, ...] = ()
    rotates: tuple[str, ...] = ()
    hashes: Literal["read", "write"] | None = None
    notifies: bool = True
    mails: bool = False
    late_s: int = 3_600
    retries: int = 2
    dated: str | None = None


FUNCTIONS = (
    Row(
        "kill_switch",
        "stops trading and cancels every order, with the trader dead or alive",
        memory=512,  # people wait for it, and the processor comes with the memory
        timeout_s=20,
        source="api",
        reads=("control", "paper"),
        writes=("control", "paper"),
        hashes="read",
    ),
    Row(
        "telegram_webhook",
        "answers what allow-listed people ask in Telegram; can stop, never resume",
        memory=512,
        timeout_s=20,
        source="api",
        reads=(*BOOKS, *SHOWN, "paper"),
        writes=("control", "paper"),
        secrets=("telegram",),
    ),
    Row(
        "control_api",
        "health, mode, positions, history, markets, resume and kill over HTTP",
        memory=1_024,
        timeout_s=25,
        source="api",
        reads=(*BOOKS, *SHOWN, "paper"),
        writes=("control", "paper"),
        scans=("markets",),
    ),
    Row(
        "watch_trader",
        "cancels every order and tells people when the trader's heartbeat stops",
        timeout_s=30,
        every="rate(1 minute)",
        reads=("control", "live", "paper"),
        writes=("control", "paper"),
        late_s=60,
        retries=0,
    ),
    Row(
        "send_alerts",
        "brings notices to Telegram, Discord and e-mail",
        timeout_s=60,
        source="alerts",
        reads=("control",),
        writes=("control",),
        secrets=("telegram", "discord"),
        mails=True,
    ),
    Row(
        "archive_stream",
        "writes the journal into the audit bucket as it is committed",
        timeout_s=60,
        source="streams",
        reads=("journal",),
        writes=("control",),
        archives=True,
    ),
    Row(
        "audit_ledger",
        "compares the ledger with journal, positions and room",
        memory=1_024,
        timeout_s=300,
        every="rate(1 hour)",
        reads=BOOKS,
        writes=("control",),
        archives=True,
    ),
    Row(
        "reconcile",
        "compares our books with the venue's statement, independent of the trader",
        memory=512,
        timeout_s=120,
        every="rate(5 minutes)",
        reads=(*BOOKS, "paper", "markets"),
        writes=("control",),
        late_s=300,
    ),
    Row(
        "settle_markets",
        "sees whether resolved markets were booked",
        timeout_s=120,
        every="rate(15 minutes)",
        reads=(*BOOKS, "markets"),
        writes=("control",),
        late_s=900,
    ),
    Row(
        "rotate_secrets",
        "renews the kill token and the webhook's secret",
        timeout_s=60,
        source="rotation",
        rotates=("kill", "telegram"),
        hashes="write",
    ),
    Row(
        "send_report",
        "the daily digest",
        timeout_s=120,
        every="cron(0 7 * * ? *)",
        reads=(*BOOKS, *SHOWN),
        writes=("control",),
        mails=True,
        secrets=("telegram", "discord"),
    ),
    Row(
        "collect_quality",
        "quality of execution, uptime, and the conditions people are told of",
        memory=512,
        timeout_s=120,
        every="rate(1 hour)",
        reads=(*BOOKS, *SHOWN),
        writes=("control", "metrics"),
        dated="at",
    ),
    Row(
        "discover_whales",
        "finds wallets worth scoring and brings their activity into the lake",
        memory=2_048,
        timeout_s=900,
        heavy=True,
        every="cron(0 0/6 * * ? *)",
        reads=("control",),
        writes=("control",),
        lake="write",
    ),
    Row(
        "rank_whales",
        "scores every wallet in the lake and publishes the watch list",
        memory=3_008,
        timeout_s=900,
        heavy=True,
        every="cron(30 0/6 * * ? *)",
        reads=("control",),
        writes=("control",),
        lake="write",
        dated="as_of",
    ),
)

ROUTES = (
    *("GET/api/health", "GET/api/mode", "GET/api/markets/config", "GET/api/markets/available", "GET/api/positions"),
    *("GET/api/positions/pnl", "GET/api/history/snapshots", "GET/api/history/trades", "GET/api/whales"),
    *("GET/api/decisions", "GET/api/dead-letters", "GET/api/openapi.json"),
)
"""What people may look at over the API."""
STOPS = ("POST/kill", "POST/api/kill", "POST/api/dead-letters")
"""One factor is enough to stop, and to note that a failed order was looked at: neither lets anything trade."""
UNSIGNED = ("POST/kill/token", "POST/telegram")
"""What nobody signs: the functions check a token, or the webhook's secret."""
GUARDED = ("POST/api/resume", "POST/api/mode", "PUT/api/markets/config")
"""What can make the house trade more than it does: refused by the API itself without a second factor."""
