from collections.abc import Callable

import msgspec
import pytest

from shared.adapters.archive.seals import last_seal
from shared.adapters.audit.books import Audit, audit_books
from shared.adapters.dynamo.codec import account_day, body_of
from shared.adapters.dynamo.stored import stored_orders
from shared.adapters.dynamo.tables import Tables
from shared.domain.ledger import Entry, PostingKind, posting
from shared.domain.money import Shares
from shared.domain.order import Order
from tests.contracts.store.records import NOON
from tests.functions.cloud import Cloud


def audit(cloud: Cloud, *, whole: bool = True) -> Audit:
    return audit_books(cloud.account, cloud.tables, cloud.vault, whole=whole)


@pytest.fixture
def trading(deployed: Cloud) -> Cloud:
    deployed.trade()
    return deployed


def test_books_in_order_leave_a_seal(trading: Cloud) -> None:
    found = audit(trading)
    assert (found.read, found.postings, found.positions, found.differences) == (9, 7, 2, 0)
    seal = last_seal(trading.vault, trading.account)
    assert seal is not None
    assert (seal.seq, seal.records) == (found.seq, 9)
    assert seal.books().balances == {key: amount for key, amount in trading.books.balances.items() if amount}
    assert seal.books().positions == trading.books.positions


def test_the_next_audit_reads_only_what_is_new_and_comes_to_the_same_seal(trading: Cloud) -> None:
    audit(trading)
    trading.buy("later", token="t1")
    part = audit(trading, whole=False)
    assert (part.read, part.differences) == (4, 0)
    assert audit(trading).seal == part.seal
    assert audit(trading, whole=False).read == 0
    assert len(trading.vault.names("seals/")) == 2


def test_a_fill_of_an_order_from_before_the_seal_finds_its_order(trading: Cloud) -> None:
    audit(trading)
    trading.buy("again", token="t0")
    assert audit(trading, whole=False).differences == 0


def test_an_account_without_a_journal_has_nothing_to_seal(deployed: Cloud) -> None:
    found = audit(deployed)
    assert (found.read, found.differences, found.seal) == (0, 0, "")


def change_posting(cloud: Cloud) -> None:
    item = next(iter(cloud.tables.ledger.days.query(account_day(cloud.account, NOON))))
    item.body = item.body.replace('"v":1', '"v":2')
    item.save()


def remove_posting(cloud: Cloud) -> None:
    next(iter(cloud.tables.ledger.days.query(account_day(cloud.account, NOON)))).delete()


def plant_posting(cloud: Cloud) -> None:
    lines = (Entry("cash", "pUSD", 5), Entry("deposits", "pUSD", -5))
    made = posting(PostingKind.DEPOSIT, f"{cloud.account}/forged", NOON, lines)
    day = account_day(cloud.account, NOON)
    seq = "0000000001.trader.0000000000"
    item = cloud.tables.ledger(posting_id=made.posting_id, account=cloud.account, account_day=day, seq=seq)
    item.body = body_of(made)
    item.save()


def grow_position(cloud: Cloud) -> None:
    name, position = next(iter(cloud.books.positions.items()))
    grown = msgspec.structs.replace(position, size=Shares(position.size + 1))
    cloud.tables.positions(account=cloud.account, slot=name, body=body_of(grown)).save()


def plant_position(cloud: Cloud) -> None:
    position = msgspec.structs.replace(next(iter(cloud.books.positions.values())), token="forged")
    cloud.tables.positions(account=cloud.account, slot=position.key, body=body_of(position)).save()


def change_order(cloud: Cloud) -> None:
    name = next(iter(cloud.books.orders))
    item = cloud.tables.orders.get(name)
    item.body = item.body.replace('"filled":100000000', '"filled":99999999', 1)
    item.save()


def widen_room(cloud: Cloud) -> None:
    item = cloud.tables.control.get(cloud.account, "room#cash")
    item.headroom += 1
    item.save()


@pytest.mark.parametrize(
    ("meddle", "sentence"),
    [
        (change_posting, "differs: journal line"),
        (remove_posting, "the ledger None"),
        (plant_posting, "is in the ledger, but not in the journal"),
        (grow_position, "position t0#whale_copy/whale is"),
        (plant_position, "position forged#whale_copy/whale is"),
        (change_order, "order "),
        (widen_room, "room cash is"),
    ],
)
def test_a_difference_of_one_micro_unit_is_told_and_nothing_is_sealed(
    trading: Cloud, meddle: Callable[[Cloud], None], sentence: str
) -> None:
    meddle(trading)
    found = audit(trading)
    assert found.differences == 1
    assert sentence in found.told[0]
    assert (found.seal, trading.vault.names("seals/")) == ("", [])


def test_what_the_trader_moves_meanwhile_is_left_to_the_next_audit(
    trading: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trade_first(tables: Tables, keys: list[str]) -> dict[str, Order]:
        monkeypatch.undo()
        trading.buy("meanwhile", token="t0")
        return stored_orders(tables, keys)

    monkeypatch.setattr("shared.adapters.audit.books.stored_orders", trade_first)
    found = audit(trading)
    assert (found.read, found.differences) == (9, 0)
    assert audit(trading, whole=False).read == 4


def test_a_journal_line_that_makes_no_sense_is_a_difference(trading: Cloud) -> None:
    key = "0000000001.trader.0000000009"
    trading.tables.journal(account=trading.account, seq=key, day="2026-03-22", body="{}").save()
    found = audit(trading)
    assert found.differences == 1
    assert found.told[0].startswith("the journal cannot be followed after 0000000001.trader.0000000008: journal line")
    assert f"{key} is no record" in found.told[0]


def test_a_posting_that_is_not_balanced_is_a_difference(trading: Cloud) -> None:
    entry = trading.store.entries()[0]
    made = entry.record.posting
    assert made is not None
    lame = msgspec.structs.replace(made, entries=(Entry("cash", "pUSD", 5),))
    record = msgspec.structs.replace(entry.record, posting=lame, headroom=())
    item = trading.tables.journal.get(trading.account, entry.key)
    item.body = body_of(record)
    item.save()
    told = audit(trading).told
    assert any(f"posting {made.posting_id}: pUSD sums to 5, not 0" in one for one in told)
    assert any("away from 0" in one for one in told)
