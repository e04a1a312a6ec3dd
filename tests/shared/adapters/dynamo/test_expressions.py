"""Every expression we send is within the grammar AWS documents: the emulator would accept more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.durable.lease import Keeper
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.cancelling import put_cancel_all
from shared.adapters.dynamo.controls import put_command, put_switch
from shared.adapters.dynamo.lease import raise_epoch
from shared.adapters.dynamo.once import claim, finish
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.rebuild import rebuild, verify_books
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.cancelling import CancelAll
from shared.domain.command import Command, CommandKind
from shared.domain.money import dollars
from shared.domain.order import OrderCause
from shared.ports import Switch
from tests.contracts.embedded import Embedded
from tests.contracts.store.lives import life
from tests.contracts.store.records import LIMITS, NOON, Limits, buy, deposit, fill_of, fill_record, move_record, planned
from tests.shared.adapters.dynamo.grammar import check_condition, check_update

CONDITIONS = ("ConditionExpression", "KeyConditionExpression", "FilterExpression")


class Sent:
    """The bodies of the requests a connection has sent."""

    def __init__(self, tables: Tables) -> None:
        self.bodies: list[dict[str, Any]] = []
        tables.connection.client.meta.events.register("before-call.dynamodb", self._keep)

    def _keep(self, params: dict[str, Any], **_: object) -> None:
        self.bodies.append(json.loads(params["body"]))

    def expressions(self, *names: str) -> Iterator[str]:
        waiting: list[object] = list(self.bodies)
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, dict):
                yield from (text for name, text in thing.items() if name in names)
                waiting.extend(thing.values())
            elif isinstance(thing, list):
                waiting.extend(thing)

    def transactions(self) -> list[list[dict[str, Any]]]:
        return [body["TransactItems"] for body in self.bodies if "TransactItems" in body]


@pytest.fixture(scope="module")
def sent(embedded: Embedded) -> Sent:
    """All a life does, seen on the wire."""
    tables = Tables("test-", embedded.server.endpoint)
    seen = Sent(tables)
    account = embedded.account()
    backend = DynamoBackend(account, tables)
    store = life(backend)
    keeper = Keeper(backend, "two", lambda: 0)
    assert not keeper.take()
    lease = backend.lease()
    assert lease is not None
    assert backend.swap_lease(lease, replace(lease, released=True))
    assert backend.swap_lease(replace(lease, released=True), lease)
    store.write(deposit(account))
    order = buy(account, "a")
    store.plan(planned(order))
    store.plan(planned(order))
    store.plan(planned(buy(account, "b"), Limits(portfolio_usd=dollars(1))))
    store.write(fill_record(order, None, fill_of(order, 40_000_000), NOON, LIMITS))
    moved = move_record(buy(account, "c"), OrderCause.CANCELED, NOON, LIMITS)
    assert moved is not None
    put_switch(tables, account, Switch(False, "drill", NOON))
    store.plan(planned(buy(account, "d")))
    put_command(tables, account, Command("k", CommandKind.KILL, "drill"), NOON)
    assert [command.command_id for command in store.commands()] == ["k"]
    store.taken("k")
    entries = store.entries()
    raise_epoch(tables, account, 1)
    rebuild(account, tables, entries)
    verify_books(account, tables, entries)
    put_cancel_all(tables, account, CancelAll(NOON, "drill"))
    DynamoPaperLog(account, tables).load()
    assert claim(tables, account, "death#1", NOON)
    finish(tables, account, "death#1", NOON)
    return seen


def test_conditions_have_no_arithmetic_and_parse_as_documented(sent: Sent) -> None:
    found = set(sent.expressions(*CONDITIONS))
    assert len(found) >= 6
    for text in found:
        check_condition(text)


def test_updates_parse_as_documented(sent: Sent) -> None:
    found = set(sent.expressions("UpdateExpression"))
    assert any("if_not_exists" in text and "-" in text for text in found)
    for text in found:
        check_update(text)


def test_no_transaction_touches_an_item_twice_or_has_too_many_actions(sent: Sent) -> None:
    keys = {"control": ("account", "item"), "orders": ("order_key",), "ledger": ("posting_id",)}
    keys |= {"positions": ("account", "slot"), "journal": ("account", "seq")}
    assert sent.transactions()
    for actions in sent.transactions():
        touched = []
        for action in actions:
            ((_, asked),) = action.items()
            item = asked.get("Key") or asked["Item"]
            table = asked["TableName"].removeprefix("test-")
            touched.append((table, *(item[name]["S"] for name in keys[table])))
        assert len(touched) == len(set(touched)) <= 100


@pytest.mark.parametrize(
    "text",
    [
        "headroom - :x >= :zero",
        "#0 >= :x + :y",
        "size(#0) + :x < :y",
        "attribute_not_exists (#0) OR",
        "(#0 = :0",
        "if_not_exists(#0, :0) >= :1",
        "#0 == :0",
    ],
)
def test_the_parser_refuses_what_aws_refuses_in_a_condition(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|unexpected|unknown"):
        check_condition(text)


@pytest.mark.parametrize("text", ["SET #0 = :0 + :1 + :2", "SET #0 = :0 * :1", "SET #0 = (:0)", "ADD #0 #1", "#0 = :0"])
def test_the_parser_refuses_what_aws_refuses_in_an_update(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|unexpected|unknown"):
        check_update(text)
