"""What the command line and the pages read, from the real tables."""

import pytest

from shared.adapters.dynamo.codec import account_day, body_of
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import Views
from shared.domain.decision import Decision
from shared.domain.ids import intent_id
from shared.domain.instants import day_of
from shared.domain.ledger import Record
from shared.domain.money import dollars
from shared.domain.order import Order, Side
from shared.domain.screens import Screen, Stored, Tab, Tabs, TokenScreen, View, Why, owner
from shared.engine.ledger import deposit_record
from tests.contracts.embedded import Embedded
from tests.fargate.test_explain import SIGNAL, decision, leg
from tests.shared.engine.builders import NOON


class Account:
    """An account of the embedded server, written as the trader writes it."""

    def __init__(self, embedded: Embedded) -> None:
        self.name = embedded.account()
        self.tables = embedded.tables
        self.readers = Readers("test-", embedded.server.endpoint)
        self.views = Views(self.name, embedded.tables)

    def decide(self, *made: Decision) -> None:
        with self.tables.decisions.batch_write() as batch:
            for number, one in enumerate(made):
                key = account_day(self.name, one.at)
                batch.save(self.tables.decisions(account_day=key, moment=f"{number:09d}", body=body_of(one)))

    def put(self, order: Order) -> None:
        self.tables.orders(order_key=order.order_key, account=self.name, body=body_of(order)).save()

    def commit(self, place: str, record: Record) -> None:
        self.tables.journal(account=self.name, seq=place, day="", body=body_of(record)).save()
        made = record.posting
        assert made is not None
        day = account_day(self.name, made.at)
        body = body_of(made)
        self.tables.ledger(posting_id=made.posting_id, account=self.name, account_day=day, seq=place, body=body).save()


@pytest.fixture
def account(embedded: Embedded) -> Account:
    return Account(embedded)


def test_a_days_decisions_are_read_page_by_page_newest_first(account: Account) -> None:
    made = [decision(tx=f"0x{n}") for n in range(5)]
    account.decide(*made)
    account.readers.page = 2
    assert list(account.readers.decisions_of(account.name, day_of(NOON))) == made[::-1]
    assert list(account.readers.decisions_of(account.name, day_of(NOON) + 1)) == []


def test_the_orders_of_a_decision_are_found_beyond_a_gap_in_their_numbers(account: Account) -> None:
    name = intent_id(account.name, "whale_copy", SIGNAL, "m:yes", "BUY", "ENTRY")
    legs = [leg(number, order_key=f"{name}.{number}") for number in (1, 3, 26)]
    for one in legs:
        account.put(one)
    assert account.readers.legs(account.name, decision()) == legs
    assert account.readers.legs(account.name, decision(side=Side.SELL)) == []


def test_how_risk_stands_is_read_as_it_was_written(account: Account) -> None:
    assert account.readers.risk(account.name) is None
    account.views.put_risk({"limits": [{"name": "drawdown", "used": 2**53 + 1}]})
    assert account.readers.risk(account.name) == {"limits": [{"name": "drawdown", "used": 2**53 + 1}]}
    assert account.readers.live(account.name) is None


def test_screens_are_read_as_they_were_written(account: Account) -> None:
    assert account.readers.tabs(account.name) is None
    assert account.readers.screen(account.name, 3) is None
    tabs = Tabs(NOON, (Tab(3, "m", Why.HELD, end_at=2**53 + 1),))
    screen = Screen(owner("m"), NOON, 10_000, 10, (TokenScreen(2**53 + 1, old=True, bids=(1, 2)),))
    account.views.put_screen("screens", tabs)
    account.views.put_screen("screen#3", screen)
    assert account.readers.tabs(account.name) == tabs
    assert account.readers.screen(account.name, 3) == View(screen)
    stored = Stored("m", 10, ((1, 2, 3, 4, 5, 6),))
    account.views.put_screen("candles#3", stored)
    assert account.readers.screen(account.name, 3) == View(screen, stored)
    assert account.readers.screen(account.name, 2) is None


def test_postings_of_a_day_come_with_their_places_and_the_lines_there_are_the_records(account: Account) -> None:
    first, second = (deposit_record(account.name, dollars(n), NOON + n, f"d{n}") for n in (1, 2))
    for place, record in (("0001.w.2", second), ("0001.w.1", first)):
        account.commit(place, record)
    readers, day = account.readers, day_of(NOON)
    assert readers.began(account.name) == NOON + 1
    assert readers.postings(account.name, day, 9) == [("0001.w.1", first.posting), ("0001.w.2", second.posting)]
    assert readers.postings(account.name, day, 1) == [("0001.w.1", first.posting)]
    assert readers.postings(account.name, day, 9, "0001.w.1") == [("0001.w.2", second.posting)]
    assert readers.postings(account.name, day + 1, 9) == []
    assert readers.lines(account.name, ["0001.w.2", "0001.w.1"]) == [first, second]
    assert readers.lines(account.name, []) == []


def test_an_account_without_records_has_not_begun(account: Account) -> None:
    assert account.readers.began(account.name) is None
