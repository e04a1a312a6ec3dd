"""What the trader shows people: the live item, points of the curves, the followed wallets, market data."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from shared.adapters.dynamo.codec import account_day, body_of
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.domain.errors import BadInput
from shared.domain.market import Market
from shared.domain.screens import Screen, Stored, Tabs

LIVE_MAX_BYTES = 2048
RISK_MAX_BYTES = 64 * 1024
SCREEN_MAX_BYTES = 16 * 1024


class Views:
    """Writers for one account. Every call raises ``Temporary`` when DynamoDB does not answer: no money hangs on it."""

    def __init__(self, account: str, tables: Tables, pause: Pause = time.sleep) -> None:
        self.account = account
        self._tables = tables
        self._pause = pause

    def put_live(self, live: Mapping[str, Any]) -> None:
        """Replace the live item; ``BadInput`` above 2 KB, because it is written every two seconds."""
        body = body_of(live)
        if len(body.encode()) > LIVE_MAX_BYTES:
            raise BadInput(f"the live view has {len(body.encode())} bytes, the most is {LIVE_MAX_BYTES}")
        patiently("putting the live view", self._tables.live(account=self.account, body=body).save, self._pause)

    def put_marks(self, marks: Mapping[str, int]) -> None:
        """Replace the last prices of the tokens held; an item of its own, since token ids are long."""
        item = self._tables.live(account=f"{self.account}#marks", body=body_of({"marks": dict(marks)}))
        patiently("putting the marks", item.save, self._pause)

    def put_risk(self, risk: Mapping[str, Any]) -> None:
        """Replace how risk stands; an item of its own, written seldom. ``BadInput`` above 64 KB."""
        body = body_of(risk)
        if len(body.encode()) > RISK_MAX_BYTES:
            raise BadInput(f"the view of risk has {len(body.encode())} bytes, the most is {RISK_MAX_BYTES}")
        item = self._tables.live(account=f"{self.account}#risk", body=body)
        patiently("putting the view of risk", item.save, self._pause)

    def put_operations(self, operations: Mapping[str, Any]) -> None:
        """Replace what those who run the house are shown; an item of its own. ``BadInput`` above 64 KB."""
        body = body_of(operations)
        if len(body.encode()) > RISK_MAX_BYTES:
            raise BadInput(f"the view of operations has {len(body.encode())} bytes, the most is {RISK_MAX_BYTES}")
        item = self._tables.live(account=f"{self.account}#operations", body=body)
        patiently("putting the view of operations", item.save, self._pause)

    def put_metrics(self, at: int, point: Mapping[str, Any]) -> None:
        """Keep one point of the curves under its instant (nanoseconds), which is put into it as ``at``."""
        key = account_day(self.account, at)
        item = self._tables.metrics(account_day=key, at=at, body=body_of({**point, "at": at}))
        patiently("putting a metric", item.save, self._pause)

    def put_whales(self, whales: Sequence[Mapping[str, Any]]) -> None:
        """Keep each followed wallet's row; ``BadInput`` for a row without ``wallet``."""
        items = []
        for whale in whales:
            wallet = whale.get("wallet")
            if not isinstance(wallet, str) or not wallet:
                raise BadInput(f"a whale's row needs a wallet, not {wallet!r}")
            items.append(self._tables.whales(account=self.account, wallet=wallet, body=body_of(whale)))

        def put() -> None:
            with self._tables.whales.batch_write() as batch:
                for item in items:
                    batch.save(item)

        patiently("putting whales", put, self._pause)

    def put_market(self, market: Market) -> None:
        """Keep a market's data."""
        item = self._tables.markets(market=market.market, body=body_of(market))
        patiently(f"putting market {market.market}", item.save, self._pause)

    def put_screen(self, name: str, screen: Tabs | Screen | Stored) -> None:
        """Replace a part of the screens under its name; ``BadInput`` above 16 KB, because they are written often."""
        body = body_of(screen)
        if len(body.encode()) > SCREEN_MAX_BYTES:
            raise BadInput(f"the item {name} has {len(body.encode())} bytes, the most is {SCREEN_MAX_BYTES}")
        item = self._tables.live(account=f"{self.account}#{name}", body=body)
        patiently(f"putting {name}", item.save, self._pause)
