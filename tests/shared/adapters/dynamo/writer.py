"""A process with several writers of one account, for ``test_concurrency``: each tells what it has committed."""

import sys
import threading

from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.domain.messages import PlanCommitted
from tests.contracts.store.records import buy, deposit_micro, planned

LOCK = threading.Lock()


def tell(text: str) -> None:
    with LOCK:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def work(tables: Tables, account: str, writer: str, rounds: int) -> None:
    """Plan orders against the shared room and pay in one micro-dollar each round, until killed or done."""
    store = DurableStore(DynamoBackend(account, tables), 1, writer)
    for n in range(rounds):
        record = planned(buy(account, f"{writer}-{n}", size=5_000_000, market=f"m{n % 7}"))
        if isinstance(store.plan(record), PlanCommitted):
            tell(f"plan {writer}-{n}")
        key = f"{writer}-{n}"
        store.write(deposit_micro(account, 1, key))
        tell(f"paid {key}")


def main() -> None:
    url, account, process, threads, rounds = sys.argv[1:]
    tables = Tables("test-", Endpoint("us-east-1", url, "embedded", "embedded"))
    assert tables.connection.client is not None  # made before the threads start: making it is not thread-safe
    made = [
        threading.Thread(target=work, args=(tables, account, f"w{process}-{n}", int(rounds)), daemon=True)
        for n in range(int(threads))
    ]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()
    tell("done")


if __name__ == "__main__":
    main()
