"""The command ``explain``: why a whale trade was or was not copied, and what became of the copy, with the numbers.

Everything is read from the running system's tables. JSON carries the integers of the engine (micro-dollars, millionths,
nanoseconds) under names that stay, and each number in words beside them.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from fargate.commands import endpoint_of
from fargate.story import Explanation, page_of, told
from shared.adapters.dynamo.readers import Item, Readers
from shared.domain.decision import Decision
from shared.domain.errors import BadInput
from shared.domain.instants import day_of, iso_day
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.order import Order, Side
from shared.settings import Settings

DAYS = 30
"""How many UTC days are looked through, the newest first."""
FOUND_MOST = 50
"""Of a wallet and a token, the latest decisions are told."""
SHORTEST = 6
PROGRESS_EVERY_S = 2.0
ORDER_KEY = re.compile(r"[0-9a-f]{32}\.\d{1,6}")

Say = Callable[[str], None]


class Asked(Protocol):
    """What is asked of the tables."""

    def live(self, account: str) -> Item | None:
        """The live item."""

    def decisions_of(self, account: str, day: int) -> Iterator[Decision]:
        """Every decision of a UTC day, newest first."""

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """The named orders, as far as they exist."""

    def legs(self, account: str, decision: Decision) -> list[Order]:
        """The orders of a decision's intent, in their order."""

    def positions(self, account: str) -> list[Position]:
        """Every position of the account."""

    def markets(self, names: Sequence[str]) -> dict[str, Market]:
        """What is known of the named markets."""


class Search(Struct):
    """What is looked for: ``wanted`` tells a decision that is meant, ``last`` one after whose day nothing older is.

    ``most``: so many are enough (0: all). ``oldest``: no day before this one can have any.
    """

    wanted: Callable[[Decision], bool]
    last: Callable[[Decision], bool]
    most: int = 0
    oldest: int = 0


class Found(Struct):
    """Decisions that were meant, and those by which we acted (orders and exits by rule), the oldest first."""

    meant: list[Decision]
    acted: list[Decision]


def explain(options: argparse.Namespace, settings: Settings) -> int:
    """Tell why a trade was or was not copied; ``BadInput`` for an id that nothing is known of."""
    readers = Readers(settings.state.table_prefix, endpoint_of(settings))
    found = explained(readers, settings.account, options.trade, _say)
    print(json.dumps(told(found)) if options.json else "\n".join(page_of(found)))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def explained(ask: Asked, account: str, name: str, say: Say) -> Explanation:
    """The explanation of a trade by its id; ``BadInput`` in one sentence where there is none, or more than one."""
    live = ask.live(account)
    if live is None:
        raise BadInput(f"account {account} has decided nothing yet: the trader has not written its first figures")
    newest = day_of(int(live.get("event_at", 0)))
    found = _scan(ask, account, newest, _search(ask, name), say)
    if not found.meant:
        raise BadInput(
            f"TRADE_ID {name!r} names no decision of the last {DAYS} days: give a transaction hash (or its beginning), "
            "a signal id, an order key, or wallet:token of a followed wallet"
        )
    _check_unique(name, found.meant)
    marks = live.get("marks", {})
    return _gathered(ask, account, found, {str(token): int(mark) for token, mark in marks.items()})


# ---------------------------------------------------------------------- finding


def _search(ask: Asked, name: str) -> Search:
    if ORDER_KEY.fullmatch(name):
        orders = ask.orders([name])
        if not orders:
            raise BadInput(f"TRADE_ID {name!r} names no order")
        signal = orders[0].signal_id
        return Search(lambda d: d.signal_id == signal, lambda _: False, oldest=day_of(orders[0].signal_at))
    wallet, colon, token = name.partition(":")
    if colon:
        return Search(lambda d: d.wallet == wallet and d.token == token, lambda _: False, FOUND_MOST)
    if len(name) < SHORTEST:
        raise BadInput(f"TRADE_ID must have at least {SHORTEST} characters, not {name!r}")
    return Search(
        lambda d: d.tx.startswith(name) or d.signal_id.startswith(name), lambda d: name in (d.tx, d.signal_id)
    )


def _scan(ask: Asked, account: str, newest: int, search: Search, say: Say) -> Found:
    """Look through the days; says how far it is when that takes longer than a moment."""
    meant: list[Decision] = []
    acted: list[Decision] = []
    said, seen = time.monotonic(), 0
    for day in range(newest, max(newest - DAYS, search.oldest - 1), -1):
        ends = False
        for decision in ask.decisions_of(account, day):
            seen += 1
            if search.wanted(decision):
                meant.append(decision)
                ends = ends or search.last(decision) or len(meant) == search.most
            if decision.order_key or not decision.tx:
                acted.append(decision)
            if search.most and len(meant) == search.most:
                break
            if time.monotonic() - said >= PROGRESS_EVERY_S:
                said = time.monotonic()
                say(f"  {seen:,} decisions looked through, back to {iso_day(decision.at)}")
        if ends:
            break
    return Found(meant[::-1], acted[::-1])


def _check_unique(name: str, meant: list[Decision]) -> None:
    """The beginning of a hash must belong to one trade."""
    hashes = list(dict.fromkeys(d.tx for d in meant if d.tx.startswith(name)))
    signals = list(dict.fromkeys(d.signal_id for d in meant if d.signal_id.startswith(name)))
    if ":" in name or "." in name:
        return
    if len(hashes) > 1 or len(signals) > 1:
        first, second = (hashes if len(hashes) > 1 else signals)[:2]
        count = max(len(hashes), len(signals))
        raise BadInput(
            f"TRADE_ID {name!r} is the beginning of {count} ids, such as {first} and {second}: give more of it"
        )


# ---------------------------------------------------------------------- gathering


def _gathered(ask: Asked, account: str, found: Found, marks: dict[str, int]) -> Explanation:
    """What the tables say about the decisions: their orders, later exits, the positions, the markets."""
    slots = list(dict.fromkeys((d.wallet, d.token) for d in found.meant))
    since = min(d.at for d in found.meant)
    signals = {d.signal_id: None for d in found.meant}
    exits = [
        d
        for d in found.acted
        if d.side is Side.SELL and d.at >= since and (d.wallet, d.token) in slots and d.signal_id not in signals
    ]
    firsts = {d.signal_id: d for d in [*exits, *found.meant]}
    orders = {signal: ask.legs(account, decision) for signal, decision in firsts.items()}
    held = [p for p in ask.positions(account) if (p.source, p.token) in slots]
    markets = ask.markets(list(dict.fromkeys(d.market for d in found.meant)))
    return Explanation(found.meant, exits, orders, held, markets, marks)
