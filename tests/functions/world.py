"""Everything that functions may write to, on the embedded AWS, for tests that run each of them in its own process."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from msgspec.structs import replace

from shared.adapters.dynamo.controls import read_switch
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.transaction import order_item
from shared.adapters.paper.orders import PaperOrder
from shared.adapters.rotation.kill_token import KillHashes, hash_of
from shared.adapters.s3.lake import Lake
from shared.domain.order import OrderState
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import buy
from tests.exchange.server import LocalVenue
from tests.functions.cloud import Cloud
from tests.functions.deployment import Deployment
from tests.functions.deployment import deployed as deployment_of
from tests.functions.lambdas import Event, Run
from tests.functions.tap import Tap
from tests.functions.test_whale_functions import Venue, fill
from tests.shared.adapters.notices.chat import Reply

TOKEN = "the-kill-token-as-the-deployment-generated-it-first"
LANES = ("one", "two")


class World:
    """An account of its own. ``tap`` is between the functions and all of this."""

    def __init__(self, deployment: Deployment, cloud: Cloud, tap: Tap, stack: ExitStack) -> None:
        self.deployment, self.cloud, self.account = deployment, cloud, deployment.account
        self._stack, self.began = stack, time.time()
        self.env = {**deployment.env, "AUDIT_BUCKET": cloud.bucket, "LAKE_BUCKET": f"lake-{self.account}"}
        self._ways = {lane: stack.enter_context(tap.front(cloud.endpoint.host or "", lane)) for lane in LANES}
        self.env["TELEGRAM_URL"] = stack.enter_context(tap.front(deployment.telegram.url))
        url = f"{stack.enter_context(tap.front(deployment.discord.url))}/api/webhooks/1/secret"
        deployment.secrets.put_secret_value(SecretId=deployment.discord_secret, SecretString=json.dumps({"url": url}))
        hashes = json.dumps({"current": hash_of(TOKEN)})
        deployment.ssm.put_parameter(Name=self.env["KILL_HASHES"], Value=hashes, Type="String")

    def run(self, function: str, events: list[Event], later: int = 0, lane: str = LANES[0]) -> Run:
        """A run that has begun."""
        return Run(function, events, {**self.env, "AWS_ENDPOINT_URL": self._ways[lane]}, later)

    # ------------------------------------------------------------------ what makes it ready

    def open_order(self) -> None:
        """An order lies open at the paper venue."""
        order = buy(self.account, "open", at=time.time_ns())
        self._log.put(PaperOrder(order, OrderState.LIVE, order.planned_at))

    @property
    def failed_key(self) -> str:
        """The order that failed for good."""
        return buy(self.account, "failed").order_key

    def failed_order(self) -> None:
        """An order of ours was rejected and is not tried again."""
        order = replace(buy(self.account, "failed"), state=OrderState.REJECTED, dead=True)
        order_item(self.cloud.tables, order).save()

    def with_venue(self) -> LocalVenue:
        """The venue's public interfaces, on loopback."""
        venue = self._stack.enter_context(Venue())
        self.env |= {"DATA_API_URL": venue.data_url, "GAMMA_URL": venue.gamma_url, "CLOB_URL": venue.clob_url}
        return venue

    def with_whales(self) -> None:
        """Wallets to discover at the venue, and a lake."""
        fill(self.with_venue())
        self.cloud.embedded.s3.create_bucket(Bucket=self.env["LAKE_BUCKET"])

    def telegram_knows(self) -> None:
        """The bot has a webhook."""
        told = {"ok": True, "result": {"url": "https://api.example.org/telegram"}}
        self.deployment.telegram.usual = Reply(200, told)

    # ------------------------------------------------------------------ what came of it

    @property
    def _log(self) -> DynamoPaperLog:
        return DynamoPaperLog(self.account, self.cloud.tables)

    @property
    def lake(self) -> Lake:
        return Lake(self.cloud.embedded.s3, self.env["LAKE_BUCKET"])

    def stopped(self) -> list[str]:
        """Why trading is stopped, and what has become of the orders."""
        switch = read_switch(self.cloud.tables, self.account)
        return [f"trading {switch.trading}: {switch.reason}", *(one.state.value for one in self._log.load())]

    def hashes(self) -> KillHashes:
        """The hashes by which the kill token is known."""
        value = self.deployment.ssm.get_parameter(Name=self.env["KILL_HASHES"])["Parameter"]["Value"]
        told = json.loads(value)
        return KillHashes(told["current"], told.get("previous"))

    def secret(self, name: str, stage: str = "AWSCURRENT") -> str:
        """The text of a secret."""
        text: str = self.deployment.secrets.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"]
        return text

    def told(self) -> list[str]:
        """What people are told; the same notice in the queue twice (word for word, instant and all) is told once."""
        found = {(one.at, one.severity, one.name, one.text) for one in self.cloud.notices()}
        return [f"SEV{severity} {name}" for _, severity, name, _ in sorted(found)]


@contextmanager
def world(embedded: Embedded, monkeypatch: pytest.MonkeyPatch, tap: Tap) -> Iterator[World]:
    with ExitStack() as stack:
        deployment = stack.enter_context(deployment_of(embedded, monkeypatch))
        cloud = Cloud(embedded, monkeypatch, deployment.account)
        yield World(deployment, cloud, tap, stack)
