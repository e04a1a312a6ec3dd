from collections.abc import Iterator

import pytest

from functions.reconcile import handler as reconcile
from shared.adapters.audit.venue import Reader
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.paper.orders import Movement, MovementKind, PaperOrder
from shared.domain.errors import Corrupt
from shared.domain.instants import HOUR, MINUTE
from shared.domain.ledger import PUSD, Fill, Record
from shared.domain.money import Usd
from shared.domain.order import OrderState
from tests.contracts.store.records import NOON
from tests.functions.cloud import Cloud

HANDLER = reconcile.handler


@pytest.fixture
def at_venue(deployed: Cloud) -> Iterator[DynamoPaperLog]:
    """Our books and the paper venue's memory of the same two purchases."""
    deployed.trade()
    yield deployed.at_venue()
    reconcile.readers.clear()


def at(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    now = NOON + HOUR + int(minutes * MINUTE)
    monkeypatch.setattr("functions.reconcile.handler.time.time_ns", lambda: now)


def steal(log: DynamoPaperLog, ref: str = "theft", amount: int = -1) -> None:
    """The venue's wallet moves by one micro-dollar, for no reason that we know."""
    log.note(Movement(ref, MovementKind.MERGE, NOON, {PUSD: amount}))


def test_equal_books_say_nothing(deployed: Cloud, at_venue: DynamoPaperLog, monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes in (0, 5, 10):
        at(monkeypatch, minutes)
        assert deployed.call(HANDLER)["differences"] == []
    assert deployed.notices() == []


def test_a_difference_of_one_micro_dollar_that_stands_over_two_runs_is_told(
    deployed: Cloud, at_venue: DynamoPaperLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steal(at_venue)
    at(monkeypatch, 0)
    first = deployed.call(HANDLER)
    assert (len(first["differences"]), first["standing"]) == (1, [])
    assert deployed.notices() == []
    at(monkeypatch, 5)
    assert deployed.call(HANDLER)["told"] == 1
    (notice,) = deployed.notices()
    assert (notice.severity, notice.name, notice.source) == (1, "books_differ", "reconcile")
    assert "unexplained: pUSD: the wallet holds" in notice.text
    assert '"books_differences":[1.0]' in capsys.readouterr().out
    at(monkeypatch, 10)
    assert deployed.call(HANDLER)["told"] == 0  # told again after an hour only
    assert deployed.store.commands() == []


def test_a_difference_that_is_gone_at_the_next_run_is_not_told(
    deployed: Cloud, at_venue: DynamoPaperLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    steal(at_venue)
    at(monkeypatch, 0)
    deployed.call(HANDLER)
    steal(at_venue, "found", 1)
    for minutes in (5, 10):
        at(monkeypatch, minutes)
        assert deployed.call(HANDLER)["standing"] == []
    assert deployed.notices() == []


def test_the_same_run_asked_for_twice_is_no_second_run(
    deployed: Cloud, at_venue: DynamoPaperLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    steal(at_venue)
    at(monkeypatch, 0)
    deployed.call(HANDLER)
    at(monkeypatch, 0.1)
    assert deployed.call(HANDLER)["standing"] == []
    assert deployed.notices() == []


def test_an_execution_that_the_trader_never_books_is_told_too(
    deployed: Cloud, at_venue: DynamoPaperLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.write(_planned(deployed))
    order = deployed.books.orders[list(deployed.books.orders)[-1]]
    fill = Fill("missed", order.order_key, order.limit, order.size, Usd(0), NOON)
    at_venue.put(PaperOrder(order, OrderState.FILLED, NOON, (fill,), ended_at=NOON))
    for minutes in (0, 5):
        at(monkeypatch, minutes)
        deployed.call(HANDLER)
    told = [(one.severity, one.text) for one in deployed.notices()]
    assert any(severity == 2 and text.startswith("repaired: ") for severity, text in told)


def _planned(cloud: Cloud) -> Record:
    from tests.contracts.store.records import buy, planned

    return planned(buy(cloud.account, "missed", token="t9"))


def test_a_warm_reader_reads_only_what_is_new(deployed: Cloud) -> None:
    deployed.trade(1)
    reader = Reader(deployed.account, deployed.tables)
    assert reader.read().balances == deployed.books.balances
    deployed.buy("later")
    assert reader.read().balances == deployed.books.balances
    assert Reader(deployed.account, deployed.tables).read().positions == reader.read().positions


def test_a_journal_that_makes_no_sense_is_corrupt(deployed: Cloud) -> None:
    deployed.tables.journal(account=deployed.account, seq="1.a.0", day="d", body="{}").save()
    with pytest.raises(Corrupt, match=r"journal line 1\.a\.0 of account"):
        Reader(deployed.account, deployed.tables).read()
