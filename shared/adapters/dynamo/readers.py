"""What people want to know of an account, read for pages and reports; nothing here decides about money.

Reads are eventually consistent, a failed one is tried once more and then told: whoever looks will look again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace
from pynamodb.exceptions import PynamoDBException

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import LEASE, SWITCH
from shared.adapters.dynamo.codec import COMMAND, account_day, body_of, moment
from shared.adapters.dynamo.failures import Verdict, judge, raised_for
from shared.adapters.dynamo.tables import Endpoint, Metrics, Tables
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.errors import BadInput, HouseError, Temporary
from shared.domain.ids import intent_id, order_key
from shared.domain.instants import DAY, day_of
from shared.domain.ledger import Position, Posting, PostingKind, Record
from shared.domain.market import Market
from shared.domain.order import Order, Purpose, Side
from shared.domain.screens import Screen, Stored, Tabs, View
from shared.ports import Switch

Result = TypeVar("Result")
Item = dict[str, Any]
ATTEMPTS = 2
MARKS = "#marks"
RISK = "#risk"
OPERATIONS = "#operations"
PAGE = 2_000
LEGS_AT_ONCE = 25
_PASSING = (Verdict.NOT_WRITTEN, Verdict.UNKNOWN)


class Readers:
    """Questions about accounts, answered from the tables under a prefix.

    Every call raises ``Temporary`` when DynamoDB does not answer, and ``BadInput`` when tables or credentials are
    missing or an item cannot be read.
    """

    def __init__(self, prefix: str, endpoint: Endpoint) -> None:
        self.page = PAGE
        """Decisions that one question brings."""
        self._tables = self.tables = Tables(prefix, endpoint)
        """The same tables, for whoever writes as well."""
        self._where = endpoint.host or f"AWS region {endpoint.region}"

    def live(self, account: str) -> Item | None:
        """The live item as the trader wrote it; ``None`` before its first.

        Last prices of many positions do not fit into it; those of an item ``<account>#marks`` are added to ``marks``.
        """
        bodies = self._bodies("live", (account, account + MARKS), self._tables.live.batch_get, "account")
        if account not in bodies:
            return None
        item = _decoded("live", bodies[account], Item)
        more = _decoded("live", bodies.get(account + MARKS, "{}"), Item)
        return {**item, "marks": {**more.get("marks", {}), **item.get("marks", {})}}

    def risk(self, account: str) -> Item | None:
        """How risk stands, as the trader wrote it; ``None`` before its first."""
        name = account + RISK
        bodies = self._bodies("live", (name,), self._tables.live.batch_get, "account")
        return _decoded("live", bodies[name], Item) if name in bodies else None

    def tabs(self, account: str) -> Tabs | None:
        """The markets that have a screen; ``None`` before the trader has written any."""
        name = f"{account}#screens"
        bodies = self._bodies("live", (name,), self._tables.live.batch_get, "account")
        return _decoded("live", bodies[name], Tabs) if name in bodies else None

    def screen(self, account: str, slot: int) -> View | None:
        """What is kept in one of the places for screens, of whichever market; ``None`` while it is empty."""
        moving, stored = f"{account}#screen#{slot}", f"{account}#candles#{slot}"
        bodies = self._bodies("live", (moving, stored), self._tables.live.batch_get, "account")
        if moving not in bodies:
            return None
        candles = _decoded("live", bodies[stored], Stored) if stored in bodies else None
        return View(_decoded("live", bodies[moving], Screen), candles)

    def operations(self, account: str) -> Item | None:
        """What the trader tells those who run the house; ``None`` before its first."""
        name = account + OPERATIONS
        bodies = self._bodies("live", (name,), self._tables.live.batch_get, "account")
        return _decoded("live", bodies[name], Item) if name in bodies else None

    def metrics(self, account: str, start: int, end: int) -> list[Item]:
        """The points of the curves from ``start`` to ``end`` (nanoseconds, both included), oldest first."""
        found: list[Item] = []
        for day in range(day_of(start), day_of(end) + 1):
            key = account_day(account, day * DAY)  # not money: days to nanoseconds
            rows = self._ask("metrics", partial(self._between, key, start, end))
            found.extend(_decoded("metrics", row.body, Item) for row in rows)
        return found

    def _between(self, key: str, start: int, end: int) -> list[Metrics]:
        table = self._tables.metrics
        return list(table.query(key, table.at.between(start, end)))

    def last_metric(self, account: str, day: int, before: int) -> Item | None:
        """The last point of the numbered UTC day that is earlier than ``before`` (nanoseconds)."""
        table = self._tables.metrics
        key = account_day(account, day * DAY)  # not money: days to nanoseconds
        # Of a whole day nothing is left out; the embedded server then need not look at each of its points.
        rest = None if day < day_of(before) else table.at < before
        found = self._ask("metrics", lambda: list(table.query(key, rest, scan_index_forward=False, limit=1)))
        return _decoded("metrics", found[0].body, Item) if found else None

    def positions(self, account: str) -> list[Position]:
        """Every position of the account, those of size 0 included."""
        found = self._ask("positions", lambda: list(self._tables.positions.query(account)))
        return [_decoded("positions", row.body, Position) for row in found]

    def open_orders(self, account: str) -> list[Order]:
        """Orders that are not final."""
        index = self._tables.orders.open_orders
        found = self._ask("orders", lambda: list(index.query(f"open#{account}")))
        return [_decoded("orders", row.body, Order) for row in found]

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """The named orders in the order of ``keys``, as far as they exist."""
        bodies = self._bodies("orders", keys, self._tables.orders.batch_get, "order_key")
        return [_decoded("orders", bodies[key], Order) for key in keys if key in bodies]

    def legs(self, account: str, decision: Decision) -> list[Order]:
        """The orders of a decision's intent, in their order. A plan that the store refused leaves a gap in the numbers;
        so many in a row are taken for the end.
        """
        side, strategy = decision.side, decision.strategy
        purpose = Purpose.ENTRY if side is Side.BUY else Purpose.EXIT
        name = intent_id(account, strategy, decision.signal_id, decision.token, side.value, purpose.value)
        legs: list[Order] = []
        first = 1
        while True:
            found = self.orders([order_key(name, number) for number in range(first, first + LEGS_AT_ONCE)])
            if not found:
                return legs
            legs += found
            first += LEGS_AT_ONCE

    def latest_decisions(self, account: str, day: int, most: int, since: int | None = None) -> list[Decision]:
        """The latest decisions of the numbered UTC day, newest first; none made before ``since`` (nanoseconds)."""
        table = self._tables.decisions
        key = account_day(account, day * DAY)  # not money: days to nanoseconds
        rest = None if since is None else table.moment >= moment(since)
        found = self._ask("decisions", lambda: list(table.query(key, rest, scan_index_forward=False, limit=most)))
        return [_decoded("decisions", row.body, Decision) for row in found]

    def decisions_of(self, account: str, day: int) -> Iterator[Decision]:
        """Every decision of the numbered UTC day, newest first, asked for page by page as they are taken."""
        table = self._tables.decisions
        key = account_day(account, day * DAY)  # not money: days to nanoseconds
        last: dict[str, Any] | None = None
        while True:
            asked = partial(table.query, key, scan_index_forward=False, limit=self.page, last_evaluated_key=last)
            found, last = self._ask("decisions", partial(_page, asked))
            for row in found:
                yield _decoded("decisions", row.body, Decision)
            if last is None:
                return

    def whales(self, account: str) -> list[Item]:
        """The followed wallets as the trader wrote them."""
        found = self._ask("whales", lambda: list(self._tables.whales.query(account)))
        return [_decoded("whales", row.body, Item) for row in found]

    def markets(self, names: Sequence[str]) -> dict[str, Market]:
        """What is known of the named markets."""
        bodies = self._bodies("markets", names, self._tables.markets.batch_get, "market")
        return {name: _decoded("markets", body, Market) for name, body in bodies.items()}

    def known_markets(self, most: int, after: str = "") -> list[Market]:
        """Market data kept, in no order that means anything, at most so many, going on after the market named."""
        table = self._tables.markets
        last = {"market": {"S": after}} if after else None
        found = self._ask("markets", lambda: list(table.scan(limit=most, last_evaluated_key=last)))
        return [_decoded("markets", row.body, Market) for row in found]

    def trades(self, account: str, day: int, most: int, after: str = "") -> tuple[list[Record], str]:
        """Executions of the numbered UTC day in the order they were booked, out of at most so many postings, going on
        after a place in the journal; and the place to go on from (empty: that was the last).
        """
        found = self.postings(account, day, most, after)
        records = self.lines(account, [seq for seq, made in found if made.kind is PostingKind.FILL])
        return records, found[-1][0] if len(found) == most else ""

    def postings(self, account: str, day: int, most: int, after: str = "") -> list[tuple[str, Posting]]:
        """At most so many postings of the numbered UTC day, each with the place in the journal of the record that made
        it, in the order they were committed, going on after such a place.
        """
        index = self._tables.ledger.days
        key = account_day(account, day * DAY)  # not money: days to nanoseconds
        rest = self._tables.ledger.seq > after if after else None
        found = self._ask("ledger", lambda: list(index.query(key, rest, limit=most)))
        return [(row.seq, _decoded("ledger", row.body, Posting)) for row in found]

    def lines(self, account: str, places: Sequence[str]) -> list[Record]:
        """The records at these places of the journal, in the order they were committed."""
        journal = self._tables.journal
        keys = [(account, place) for place in places]
        lines = self._ask("journal", lambda: list(journal.batch_get(keys))) if keys else []
        lines.sort(key=lambda line: line.seq)
        return [_decoded("journal", line.body, Record) for line in lines]

    def began(self, account: str) -> int | None:
        """When the account's first record was made (nanoseconds); ``None`` before it."""
        journal = self._tables.journal
        found = self._ask("journal", lambda: list(journal.query(account, limit=1)))
        return _decoded("journal", found[0].body, Record).at if found else None

    def lease(self, account: str) -> Lease | None:
        """Who may write for the account; ``None`` when nobody ever did."""
        table = self._tables.control
        found = self._ask("control", lambda: list(table.query(account, table.item == LEASE)))
        if not found:
            return None
        row = found[0]
        return Lease(int(row.epoch or 0), row.owner or "", int(row.beat or 0), bool(row.released), int(row.at or 0))

    def switch(self, account: str) -> Switch:
        """The kill switch; trading when it was never set."""
        table = self._tables.control
        found = self._ask("control", lambda: list(table.query(account, table.item == SWITCH)))
        if not found:
            return Switch(True)
        return Switch(bool(found[0].trading), found[0].reason or "", int(found[0].at or 0))

    def commands(self, account: str) -> list[Command]:
        """Commands not taken yet, oldest first."""
        table = self._tables.control
        found = self._ask("control", lambda: list(table.query(account, table.item.startswith(COMMAND))))
        found.sort(key=lambda row: (row.at or 0, row.item))
        return [_decoded("control", row.body or "", Command) for row in found]

    def request(self, account: str, command: Command, at: int) -> None:
        """Put a command for the trader to take; ``at`` (nanoseconds) orders commands, the same id twice is one."""
        body = body_of(replace(command, at=at))
        item = self._tables.control(account, f"{COMMAND}{command.command_id}", at=at, body=body)
        self._ask("control", item.save)

    def _bodies(self, table: str, keys: Iterable[str], fetch: Callable[[list[str]], Any], name: str) -> dict[str, str]:
        wanted = list(dict.fromkeys(keys))
        found = self._ask(table, lambda: list(fetch(wanted))) if wanted else []
        return {str(getattr(row, name)): row.body for row in found}

    def _ask(self, table: str, call: Callable[[], Result]) -> Result:
        attempt = 0
        while True:
            try:
                return call()
            except PynamoDBException as error:
                attempt += 1
                if attempt == ATTEMPTS or judge(error) not in _PASSING:
                    raise self._failure(table, error) from error

    def _failure(self, table: str, error: PynamoDBException) -> HouseError:
        verdict = judge(error)
        if verdict in _PASSING:
            return Temporary(f"the database at {self._where} does not answer; is the system running (`make run`)?")
        if error.cause_response_code == "ResourceNotFoundException":
            name = f"{self._tables.prefix}{table}"
            return BadInput(f"the table {name} does not exist at {self._where}; `make run` creates it.")
        return raised_for(error, verdict, f"table {table} at {self._where}")


def _page(ask: Callable[[], Any]) -> tuple[list[Any], dict[str, Any] | None]:
    """One page of an answer, and where the next one begins (None: it was the last)."""
    asked = ask()
    return list(asked), asked.last_evaluated_key


def _decoded(table: str, body: str, wanted: type[Result]) -> Result:
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput(f"an item of table {table} cannot be read: {error}") from None
