from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.journal.lines import LinesFile
from shared.adapters.journal.paper_log import FilePaperLog
from shared.adapters.memory.paper_log import MemoryPaperLog
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
