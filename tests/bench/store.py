"""How fast plan transactions commit on the embedded DynamoDB."""

import statistics
import tempfile
import time
from pathlib import Path

from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.embedded.provision import provision
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.domain.ids import fact_id
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import PlanCommitted
from shared.domain.money import Price, Shares, dollars
from shared.domain.order import Order, Purpose, Side
from shared.engine.ledger import deposit_record, plan_record, reserve_for
from shared.engine.limits import Limits

PLANS = 500


def measure_plans() -> tuple[float, float]:
    """(plans per second, median milliseconds) of sequential plans on a fresh server."""
    limits = Limits()
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws(Path(folder), free_port()) as aws:
        tables = provision(aws.endpoint).tables
        backend = DynamoBackend("bench", tables)
        store = DurableStore(backend, acquire(backend, "bench", time.time_ns()))
        store.write(deposit_record("bench", dollars(10_000), 1, "initial"))
        times = []
        began = time.perf_counter()
        for n in range(PLANS):
            record = plan_record(order_of(n), limits)
            started = time.perf_counter_ns()
            answer = store.plan(record)
            times.append((time.perf_counter_ns() - started) / 1e6)
            assert isinstance(answer, PlanCommitted)
        return round(PLANS / (time.perf_counter() - began), 1), round(statistics.median(times), 3)


def order_of(n: int) -> Order:
    """The n-th order of a bench: ten shares at fifty cents."""
    size, limit = Shares(10_000_000), Price(500_000)
    intent = fact_id("bench", n)
    return Order(
        order_key=f"{intent}.1",
        intent_id=intent,
        leg=1,
        account="bench",
        strategy="whale_copy",
        source=f"0x{n % 50:040x}",
        market=f"market-{n % 100}",
        token=f"token-{n % 200}",
        side=Side.BUY,
        purpose=Purpose.ENTRY,
        limit=limit,
        size=size,
        fee_rate=CRYPTO_TAKER_FEE,
        signal_id=f"signal-{n}",
        signal_at=n,
        signal_tx=f"tx-{n}",
        planned_at=n,
        salt=n,
        reserved=reserve_for(size, limit, CRYPTO_TAKER_FEE),
    )
