from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.journal.lines import LinesFile
from shared.adapters.journal.paper_log import FilePaperLog
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.cancelling import CANCEL_ALL
from shared.adapters.paper.orders import Movement, MovementKind
from shared.adapters.paper.venue import PaperLog, PaperOrder
from shared.domain.errors import Corrupt
from shared.domain.order import OrderState
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON, buy, fill_of


def states(account: str) -> list[PaperOrder]:
    first, second = buy(account, "a"), buy(account, "b", at=NOON + 1)
    return [
        PaperOrder(first, OrderState.LIVE, NOON),
        PaperOrder(second, OrderState.LIVE, NOON + 1),
        PaperOrder(first, OrderState.PARTIAL, NOON, (fill_of(first, 1_000_000),)),
        PaperOrder(first, OrderState.FILLED, NOON, (fill_of(first, 1_000_000), fill_of(first, 99_000_000, "u"))),
    ]


def movements() -> list[Movement]:
    return [
        Movement("deposit/first", MovementKind.DEPOSIT, NOON, {"pUSD": 5}),
        Movement("payout/m", MovementKind.PAYOUT, NOON + 1, {"m:yes": 1_000_000, "m:no": 0}, "m"),
    ]


@pytest.fixture(params=["memory", "dynamo", "file"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, PaperLog]]:
    if request.param == "memory":
        yield "paper", MemoryPaperLog()
    elif request.param == "file":
        made = FilePaperLog(tmp_path / "paper")
        yield "paper", made
        made.close()
    else:
        embedded = request.getfixturevalue("embedded")
        assert isinstance(embedded, Embedded)
        account = embedded.account()
        yield account, DynamoPaperLog(account, embedded.tables)


def test_every_log_gives_back_the_last_state_of_each_order_oldest_first(log: tuple[str, PaperLog]) -> None:
    account, kept = log
    assert kept.load() == []
    put = states(account)
    for order in put:
        kept.put(order)
    assert kept.load() == [put[3], put[1]]


def test_every_log_gives_back_movements_apart_from_orders(log: tuple[str, PaperLog]) -> None:
    account, kept = log
    assert kept.movements() == []
    first, second = movements()
    kept.note(first)
    kept.put(states(account)[0])
    kept.note(second)
    assert kept.movements() == [first, second]
    assert kept.load() == [states(account)[0]]


def test_whoever_has_all_cancelled_says_so_in_the_table_and_it_is_no_order(embedded: Embedded, tmp_path: Path) -> None:
    account = embedded.account()
    log = DynamoPaperLog(account, embedded.tables)
    log.put(states(account)[0])
    log.note(movements()[0])
    assert log.cancelled_at() == 0
    put = embedded.tables.paper(account=account, order_key=CANCEL_ALL, body='{"at":5,"reason":"enough","by":"me"}')
    put.save()
    assert log.cancelled_at() == 5
    assert (log.load(), log.movements()) == ([states(account)[0]], [movements()[0]])
    beside = FilePaperLog(tmp_path / "paper", log)
    assert (beside.cancelled_at(), len(beside.load())) == (5, 1)
    beside.close()
    alone = FilePaperLog(tmp_path / "alone")
    assert alone.cancelled_at() == 0
    alone.close()


@pytest.mark.parametrize("body", ["enough", "{}", '{"at":"now"}'])
def test_a_wish_that_cannot_be_read_stops_everything(embedded: Embedded, body: str) -> None:
    account = embedded.account()
    embedded.tables.paper(account=account, order_key=CANCEL_ALL, body=body).save()
    with pytest.raises(Corrupt, match=rf"^table paper, account {account}: item cancel#all cannot be read: "):
        DynamoPaperLog(account, embedded.tables).cancelled_at()


def test_a_file_gives_back_its_movements_to_the_next_process(tmp_path: Path) -> None:
    log = FilePaperLog(tmp_path / "paper")
    for movement in movements():
        log.note(movement)
    log.close()
    again = FilePaperLog(tmp_path / "paper")
    assert again.movements() == movements()
    again.close()


def test_a_movement_that_only_the_file_or_only_the_table_has_is_given_to_the_other(tmp_path: Path) -> None:
    first, second = movements()
    table = MemoryPaperLog()
    table.note(first)
    log = FilePaperLog(tmp_path / "paper")
    log.note(second)
    log.close()
    both = FilePaperLog(tmp_path / "paper", table)
    both.note(second)
    both.close()
    assert sorted(table.movements(), key=lambda one: one.ref) == [first, second]
    alone = FilePaperLog(tmp_path / "paper")
    assert sorted(alone.movements(), key=lambda one: one.ref) == [first, second]
    alone.close()


def test_the_file_survives_the_loss_of_the_table(tmp_path: Path, embedded: Embedded) -> None:
    account = embedded.account()
    put = states(account)
    first = FilePaperLog(tmp_path / "paper", DynamoPaperLog(account, embedded.tables))
    for order in put:
        first.put(order)
    first.close()
    table = DynamoPaperLog(account, embedded.tables)
    assert table.load() == [put[3], put[1]]
    embedded.tables.paper(account=account, order_key=put[1].order.order_key).delete()
    table.put(put[0])
    again = FilePaperLog(tmp_path / "paper", table)
    assert again.load() == table.load() == [put[3], put[1]]
    again.close()


def test_an_order_only_the_table_has_is_taken_into_the_file(tmp_path: Path) -> None:
    table = MemoryPaperLog()
    order = states("paper")[0]
    table.put(order)
    log = FilePaperLog(tmp_path / "paper", table)
    assert log.load() == [order]
    log.close()
    alone = FilePaperLog(tmp_path / "paper")
    assert alone.load() == [order]
    alone.close()


def test_a_line_that_is_no_order_is_corrupt(tmp_path: Path) -> None:
    lines = LinesFile(tmp_path / "paper")
    lines.append([b'{"no":"order"}'])
    lines.close()
    with pytest.raises(Corrupt, match="line 1 is not a paper order"):
        FilePaperLog(tmp_path / "paper")
