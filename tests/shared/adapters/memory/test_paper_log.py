from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.venue import PaperOrder
from shared.domain.order import OrderState
from tests.shared.engine.builders import NOON, order


def test_it_keeps_each_order_as_last_put_oldest_first() -> None:
    log = MemoryPaperLog()
    for key in ("b", "a"):
        log.put(PaperOrder(order(order_key=key), OrderState.LIVE, NOON))
    log.put(PaperOrder(order(order_key="b"), OrderState.FILLED, NOON))
    assert [(kept.order.order_key, kept.state) for kept in log.load()] == [
        ("b", OrderState.FILLED),
        ("a", OrderState.LIVE),
    ]
