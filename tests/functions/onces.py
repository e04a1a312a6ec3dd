"""Every function that changes something, as a table: an event of it, and what has come of it when it was done once."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pyarrow as pa
from msgspec import Struct

from shared.adapters.archive.reading import read_archive
from shared.adapters.discovery.discover import ACTIVITY, CANDIDATES, PENDING, RESOLUTIONS
from shared.adapters.discovery.rankings import RANKINGS, published
from shared.adapters.dynamo.controls import read_commands
from shared.adapters.dynamo.notes import read_reviews
from shared.adapters.dynamo.once import is_done
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import Views
from shared.adapters.reports.hourly import QUALITY
from shared.adapters.rotation.kill_token import hash_of
from shared.adapters.rotation.steps import Step
from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.notice import Notice
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, planned
from tests.functions.deployment import record
from tests.functions.events import WHO, event, with_header, written
from tests.functions.lambdas import Event
from tests.functions.test_reconcile import steal
from tests.functions.test_whale_functions import LEADER, TOKEN, condition, market
from tests.functions.world import TOKEN as KILL_TOKEN
from tests.functions.world import World
from tests.recovery.streams import inserts, stream_record

UPDATE, VERSION = 990_001, "b2c3d4e5-0000-4000-8000-00000000000a"
LONG = 4 * MINUTE
"""After so long nobody who died is waited for any more."""
TOLD = Notice("told", 2, "feed_down", "rtds: silent", NOON)


def nothing(_: World) -> None:
    """Nothing has to be made ready."""


def anywhere(_: str) -> bool:
    """It may die after any write."""
    return True


class Case(Struct, frozen=True):
    """``name``: the function, and which way in. ``effects``: what can be seen from outside, ``once``: what that is
    after one run. ``begins``: by how much later the clock of the run goes. ``again``: how much later it is done again
    after a death. ``dies``: after which writes it is killed.
    """

    name: str
    events: Callable[[World], list[Event]]
    effects: Callable[[World], list[str]]
    once: Callable[[World], list[str]]
    ready: Callable[[World], None] = nothing
    begins: int = 0
    again: int = LONG
    dies: Callable[[str], bool] = anywhere

    @property
    def function(self) -> str:
        """Whose handler it is."""
        return self.name.partition(" ")[0]


# ---------------------------------------------------------------------- control


def asked_once(w: World, method: str, path: str, body: dict[str, object]) -> list[Event]:
    """The same request, whoever hands it over: the gateway has named it."""
    asked = event(method, path, body)
    context = {**asked["requestContext"], "requestId": f"request-of-{w.account}"}
    return [{**asked, "requestContext": context}]


def update(w: World) -> list[Event]:
    """What the owner writes to the bot."""
    chat, sender = {"id": -100, "type": "private"}, {"id": 7, "is_bot": False}
    return [written("/kill it burns", UPDATE, "shown-by-telegram", sender, chat=chat)]


def by_telegram(w: World) -> list[str]:
    """Trading is stopped, and the update remembered."""
    return [*w.stopped(), f"remembered {is_done(w.cloud.tables, w.account, f'telegram#{UPDATE}')}"]


def commands(w: World) -> list[str]:
    """What the trader is asked."""
    found = read_commands(w.cloud.tables, w.account)
    return [f"{one.kind.value} {one.reason} {'' if one.change is None else one.change.mode}" for one in found]


def reviews(w: World) -> list[str]:
    """Which failed orders were looked at, by whom."""
    found = read_reviews(w.cloud.tables, w.account)
    return [f"{key} {one.who}: {one.note}" for key, one in found.items()]


def silent(w: World) -> None:
    """The trader died two minutes ago, with an order open."""
    w.open_order()
    Views(w.account, w.cloud.tables).put_live({"written_at": time.time_ns() - 2 * MINUTE})


def of_death(w: World) -> list[str]:
    """What became of orders, and what people are told."""
    return [*w.stopped(), *w.told()]


# ---------------------------------------------------------------------- people


def notices(w: World) -> list[Event]:
    """A batch of one."""
    return [{"Records": [record("message", msgspec.json.encode(TOLD).decode())]}]


def reached(w: World) -> list[str]:
    """Who was told how often."""
    deployment = w.deployment
    return [f"{len(deployment.telegram.texts)} {len(deployment.discord.texts)} {len(deployment.mails())}"]


def telling(name: str) -> bool:
    """Somebody has just been told. (Who dies before that has told nobody; what becomes of his claim: test_delivery.)"""
    return name == "Publish" or name.startswith("POST ")


def in_debt(w: World) -> None:
    """Little of the capital is left."""
    Views(w.account, w.cloud.tables).put_live({"at": time.time_ns(), "capital": 1_000_000_000, "cash": 1})


def this_hour(w: World) -> list[Event]:
    """The instant is in the event, as it is when a run is asked for again."""
    return [{"at": int(time.time())}]


def of_quality(w: World) -> list[str]:
    """One point of figures, and what people are told."""
    now, readers = time.time_ns(), Readers("test-", w.cloud.endpoint)
    points = readers.metrics(f"{w.account}{QUALITY}", now - DAY, now + HOUR)
    return [f"{len(points)} points", *w.told()]


def yesterday(w: World) -> list[Event]:
    """The day that is over."""
    return [{"day": (datetime.now(UTC) - timedelta(days=1)).date().isoformat()}]


# ---------------------------------------------------------------------- books


def traded(w: World) -> None:
    """Eight records in the journal."""
    w.cloud.trade()


def stream(w: World) -> list[Event]:
    """The journal as it was committed, and a line that somebody has removed."""
    lines = w.cloud.journal()
    removed = stream_record(99, {}, event="REMOVE", old=lines[0])
    return [{"Records": [*inserts(lines), removed]}]


def archived(w: World) -> list[str]:
    """What lies in the bucket, and what people are told."""
    archive = read_archive(w.cloud.vault, w.account)
    changes = w.cloud.vault.names("changes/")
    return [f"{archive.objects} {len(archive.entries)} {archive.again} {archive.wrong} {len(changes)}", *w.told()]


def unequal(w: World) -> None:
    """Room that is not what the journal says."""
    w.cloud.trade()
    item = w.cloud.tables.control.get(w.account, "room#cash")
    item.headroom += 1
    item.save()


def sealed(w: World) -> list[str]:
    """Seals, and what people are told."""
    return [f"{len(w.cloud.vault.names('seals/'))} seals", *w.told()]


def unexplained(w: World) -> None:
    """The venue's wallet holds a micro-dollar less than our books say, and a first run has seen that."""
    w.cloud.trade()
    steal(w.cloud.at_venue())
    w.run("reconcile", [{}]).answers()


def unbooked(w: World) -> None:
    """We hold shares of a market that has resolved, and a first run has seen that."""
    cloud = w.cloud
    cloud.write(deposit(w.account))
    order = buy(w.account, "held", market=condition(1), token=str(TOKEN + 2))
    cloud.write(planned(order))
    cloud.write(fill_record(order, None, fill_of(order, order.size, f"{w.account}-1"), NOON, LIMITS))
    w.with_venue().content.markets = [market(1)]
    w.run("settle_markets", [{}]).answers()


# ---------------------------------------------------------------------- secrets


def with_kill_token(w: World) -> None:
    """The token as the deployment has generated it."""
    w.deployment.secrets.create_secret(Name=w.deployment.kill_secret, SecretString=KILL_TOKEN)


def steps(name: str) -> Callable[[World], list[Event]]:
    """The four steps in which a secret is replaced."""
    key = f"{name}_secret"
    return lambda w: [
        {"SecretId": getattr(w.deployment, key), "ClientRequestToken": VERSION, "Step": step.value} for step in Step
    ]


def kill_token(w: World) -> list[str]:
    """Both tokens are good, and the new one is what its owner reads."""
    hashes, now = w.hashes(), w.secret(w.deployment.kill_secret)
    known = hashes.current == hash_of(now), hashes.previous == hash_of(KILL_TOKEN)
    return [f"new {now != KILL_TOKEN} known {known}", w.secret(w.deployment.kill_secret, "AWSPREVIOUS")]


def webhook_secret(w: World) -> list[str]:
    """What Telegram shows is what the webhook expects."""
    shown = [told["secret_token"] for path, told in w.deployment.telegram.requests if path.endswith("setWebhook")]
    expected = json.loads(w.secret(w.deployment.telegram_secret))["webhook_secret"]
    return [f"one {set(shown) == {expected}} new {expected != 'shown-by-telegram'}"]


# ---------------------------------------------------------------------- whales


def discovered(w: World) -> list[str]:
    """Wallets, rows (none twice), winners, and what is still waited for."""
    tables = list(w.lake.tables(f"{ACTIVITY}/"))
    rows = [(row["proxyWallet"], row["transactionHash"]) for table in tables for row in table.to_pylist()]
    won = {one for table in w.lake.tables(f"{RESOLUTIONS}/") for one in table["conditionId"].to_pylist()}
    wallets = {one for table in w.lake.tables(f"{CANDIDATES}/") for one in table["wallet"].to_pylist()}
    waiting = w.lake.read(PENDING).num_rows
    return [f"{len(wallets)} wallets, {len(rows)} rows, {len(set(rows))} of them, {len(won)} won, {waiting} open"]


_found: dict[str, pa.Table] = {}


def with_activity(w: World) -> None:
    """A lake that discovery has filled: what it once found is copied."""
    w.with_whales()
    if not _found:
        w.run("discover_whales", [{}]).answers()
        _found.update({name: w.lake.read(name) for name in w.lake.names("bronze/")})
    for name, table in _found.items():
        w.lake.write(name, table)


def ranking(w: World) -> list[Event]:
    """As of an instant; few draws are enough here."""
    rules = {"resamples": 199, "gates": {"win_rate_min": 0.1, "quality_try": 1}}
    return [{"as_of": int(w.began), "rules": rules}]


def ranked(w: World) -> list[str]:
    """The list that is published, with its voices, and what is stored."""
    found = published(w.cloud.tables, w.account, time.sleep)
    assert found is not None
    names = [one.wallet for one in found.ranking.wallets]
    return [f"{names} {found.voices is not None} {len(w.lake.names(f'{RANKINGS}/'))} {found.run.count('/')}"]


# ---------------------------------------------------------------------- the table

STOPPED = "trading False: {}"
CASES = (
    Case(
        "kill_switch signed",
        lambda w: [event("POST", "/kill", {"reason": "it burns"})],
        World.stopped,
        lambda w: [STOPPED.format(f"{WHO}: it burns"), "CANCELED"],
        World.open_order,
    ),
    Case(
        "kill_switch token",
        lambda w: [with_header(event("POST", "/kill/token", who=""), "X-Kill-Token", KILL_TOKEN)],
        World.stopped,
        lambda w: [STOPPED.format("kill token from 127.0.0.1"), "CANCELED"],
        World.open_order,
    ),
    Case(
        "telegram_webhook",
        update,
        by_telegram,
        lambda w: [STOPPED.format("Telegram 7: it burns"), "CANCELED", "remembered True"],
        World.open_order,
    ),
    Case(
        "control_api POST/api/kill",
        lambda w: asked_once(w, "POST", "/api/kill", {"reason": "it burns"}),
        World.stopped,
        lambda w: [STOPPED.format(f"{WHO}: it burns"), "CANCELED"],
        World.open_order,
    ),
    Case(
        "control_api POST/api/resume",
        lambda w: asked_once(w, "POST", "/api/resume", {"reason": "all well"}),
        commands,
        lambda w: [f"resume {WHO}: all well "],
    ),
    Case(
        "control_api POST/api/dead-letters",
        lambda w: asked_once(w, "POST", "/api/dead-letters", {"reason": "topped up", "order_key": w.failed_key}),
        reviews,
        lambda w: [f"{w.failed_key} {WHO}: topped up"],
        World.failed_order,
    ),
    Case(
        "control_api POST/api/mode",
        lambda w: asked_once(w, "POST", "/api/mode", {"reason": "look only", "mode": "observe"}),
        commands,
        lambda w: [f"set {WHO}: look only Mode.OBSERVE"],
    ),
    Case(
        "control_api PUT/api/markets/config",
        lambda w: asked_once(w, "PUT", "/api/markets/config", {"reason": "as it was", "reset": True}),
        commands,
        lambda w: [f"set {WHO}: as it was None"],
    ),
    Case(
        "watch_trader",
        lambda w: [{}],
        of_death,
        lambda w: ["trading True: ", "CANCELED", "SEV1 trader_silent"],
        silent,
    ),
    Case("send_alerts", notices, reached, lambda w: ["1 1 1"], dies=telling),
    Case("archive_stream", stream, archived, lambda w: ["1 9 0 [] 1", "SEV1 history_changed"], traded),
    Case("audit_ledger sound", lambda w: [{"whole": True}], sealed, lambda w: ["1 seals"], traded),
    Case("audit_ledger", lambda w: [{"whole": True}], sealed, lambda w: ["0 seals", "SEV1 ledger_differs"], unequal),
    Case("reconcile", lambda w: [{}], World.told, lambda w: ["SEV1 books_differ"], unexplained, begins=6 * MINUTE),
    Case(
        "settle_markets",
        lambda w: [{}],
        World.told,
        lambda w: ["SEV2 resolution_not_booked"],
        unbooked,
        begins=16 * MINUTE,
    ),
    Case(
        "rotate_secrets kill",
        steps("kill"),
        kill_token,
        lambda w: ["new True known (True, True)", KILL_TOKEN],
        with_kill_token,
    ),
    Case(
        "rotate_secrets telegram",
        steps("telegram"),
        webhook_secret,
        lambda w: ["one True new True"],
        World.telegram_knows,
    ),
    Case("send_report", yesterday, World.told, lambda w: ["SEV3 daily_digest"]),
    Case("collect_quality", this_hour, of_quality, lambda w: ["1 points", "SEV2 balance_low"], in_debt),
    Case(
        "discover_whales",
        lambda w: [{}],
        discovered,
        lambda w: ["3 wallets, 121 rows, 121 of them, 60 won, 0 open"],
        World.with_whales,
        again=20 * MINUTE,
    ),
    Case("rank_whales", ranking, ranked, lambda w: [f"['{LEADER}'] True 5 1"], with_activity),
)
