import threading

import pytest
from msgspec.structs import replace

from shared.adapters.dynamo.cancelling import PaperCanceller, put_cancel_all, read_cancel_all
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.paper.cancelling import CancelAll
from shared.adapters.paper.orders import Movement, MovementKind, PaperOrder
from shared.domain.errors import BadInput
from shared.domain.order import OrderState
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON, buy


def test_a_later_cancel_all_takes_the_place_of_an_earlier_one_and_never_the_other_way_round(embedded: Embedded) -> None:
    account = embedded.account()
    assert read_cancel_all(embedded.tables, account) is None
    for at in (NOON, NOON + 2, NOON + 1, NOON + 2):
        put_cancel_all(embedded.tables, account, CancelAll(at, "drill"))
    assert read_cancel_all(embedded.tables, account) == CancelAll(NOON + 2, "drill")


def test_of_many_at_once_the_latest_stays(embedded: Embedded) -> None:
    account = embedded.account()

    def put(at: int) -> None:
        put_cancel_all(embedded.tables, account, CancelAll(at, "drill"))

    threads = [threading.Thread(target=put, args=(NOON + number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read_cancel_all(embedded.tables, account)
    assert found is not None
    assert found.at == NOON + 15


@pytest.mark.parametrize("at", [-1, 0, 10**18 - 1, 10**19])
def test_an_instant_that_is_none_is_refused(embedded: Embedded, at: int) -> None:
    with pytest.raises(BadInput, match=f"not {at}"):
        put_cancel_all(embedded.tables, embedded.account(), CancelAll(at))


def test_whoever_reads_the_log_finds_the_orders_before_it_void_and_later_ones_open(embedded: Embedded) -> None:
    account = embedded.account()
    log = DynamoPaperLog(account, embedded.tables)
    early, late = buy(account, "early"), replace(buy(account, "late"), planned_at=NOON + 10)
    for order in (early, late):
        log.put(PaperOrder(order, OrderState.LIVE, order.planned_at))
    log.note(Movement("deposit/a", MovementKind.DEPOSIT, NOON, {"pUSD": 5}))
    told = PaperCanceller(account, embedded.tables).cancel_all(NOON + 5, "drill")
    assert "every paper order planned before" in told
    assert [(one.order, one.state) for one in log.load()] == [(early, OrderState.CANCELED), (late, OrderState.LIVE)]
    assert [one.ref for one in log.movements()] == ["deposit/a"]
