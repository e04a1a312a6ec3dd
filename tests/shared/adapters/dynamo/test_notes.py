"""Notes in control items: a review stays, a run is replaced."""

import pytest

from shared.adapters.dynamo.notes import REVIEW, put_review, put_run, read_reviews, read_runs
from shared.domain.errors import BadInput
from shared.domain.notes import Review, Run
from tests.contracts.embedded import Embedded

FIRST = Review("o.1", "ana", "topped up", 5)


def test_the_first_review_of_an_order_stays(embedded: Embedded) -> None:
    account = embedded.account()
    assert put_review(embedded.tables, account, FIRST)
    assert not put_review(embedded.tables, account, Review("o.1", "ben", "me too", 6))
    other = Review("o.2", "ben", "nothing to do", 7)
    assert put_review(embedded.tables, account, other)
    assert read_reviews(embedded.tables, account) == {"o.1": FIRST, "o.2": other}
    assert read_reviews(embedded.tables, embedded.account()) == {}


def test_only_the_last_run_of_a_function_is_kept(embedded: Embedded) -> None:
    account = embedded.account()
    put_run(embedded.tables, account, Run("reconcile", 1, False, 9, "odd"))
    put_run(embedded.tables, account, Run("reconcile", 2, True, 8))
    put_run(embedded.tables, account, Run("audit_ledger", 3, True))
    assert read_runs(embedded.tables, account) == {
        "reconcile": Run("reconcile", 2, True, 8),
        "audit_ledger": Run("audit_ledger", 3, True),
    }
    assert read_reviews(embedded.tables, account) == {}


@pytest.mark.parametrize("body", ["", "{", '{"order_key": 1}'])
def test_an_item_that_cannot_be_read_is_named(embedded: Embedded, body: str) -> None:
    account = embedded.account()
    embedded.tables.control(account=account, item=f"{REVIEW}o.1", body=body).save()
    with pytest.raises(BadInput, match=r"control item review#o\.1 cannot be read"):
        read_reviews(embedded.tables, account)
