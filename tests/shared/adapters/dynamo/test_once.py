import threading

from shared.adapters.dynamo.once import CLAIM_NS, claim, finish, is_done
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON


def test_what_is_claimed_is_nobody_elses_until_the_claim_has_run_out(embedded: Embedded) -> None:
    tables, account = embedded.tables, embedded.account()
    assert claim(tables, account, "death#1", NOON)
    assert not claim(tables, account, "death#1", NOON + CLAIM_NS)
    assert claim(tables, account, "death#2", NOON)
    assert claim(tables, account, "death#1", NOON + CLAIM_NS + 1)


def test_what_is_finished_is_never_done_again(embedded: Embedded) -> None:
    tables, account = embedded.tables, embedded.account()
    assert not is_done(tables, account, "death#1")
    assert claim(tables, account, "death#1", NOON)
    assert not is_done(tables, account, "death#1")
    finish(tables, account, "death#1", NOON)
    assert is_done(tables, account, "death#1")
    assert not claim(tables, account, "death#1", NOON + 10 * CLAIM_NS)


def test_of_many_at_once_one_has_it(embedded: Embedded) -> None:
    account, won = embedded.account(), []

    def take() -> None:
        if claim(embedded.tables, account, "death#1", NOON):
            won.append(1)

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
