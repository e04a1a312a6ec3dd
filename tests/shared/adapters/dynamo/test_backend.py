"""What only DynamoDB can do to a lease and to single reads; what every backend promises is in tests/contracts/store."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import UpdateError

from shared.adapters.durable.backend import Lease
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.lease import raise_epoch
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.embedded.server import free_port
from shared.domain.errors import BadInput, Corrupt, OutcomeUnknown, Temporary
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON

HELD = Lease(1, "a", at=NOON)
Failing = Callable[[Exception], DynamoBackend]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "UpdateItem")


@pytest.fixture
def failing(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Failing:
    """A backend whose next changes of items end like this."""

    def made(cause: Exception) -> DynamoBackend:
        def update(*_: object, **__: object) -> None:
            raise UpdateError("failed", cause)

        monkeypatch.setattr(embedded.tables.control, "update", update)
        return embedded.backend(embedded.account())

    return made


def test_a_change_of_the_lease_that_is_never_answered_is_unknown(failing: Failing) -> None:
    with pytest.raises(OutcomeUnknown, match="changing the lease"):
        failing(ReadTimeoutError(endpoint_url="loopback")).swap_lease(None, HELD)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TransactionConflictException", Temporary),
        ("ThrottlingException", Temporary),
        ("InternalServerError", OutcomeUnknown),
        ("AccessDeniedException", BadInput),
        ("ValidationException", Corrupt),
    ],
)
def test_a_change_of_the_lease_that_is_turned_away_says_what_to_do(
    failing: Failing, code: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"changing the lease: {code}"):
        failing(refused(code)).swap_lease(None, HELD)


def test_raising_the_epoch_does_not_hide_why_it_failed(failing: Failing, embedded: Embedded) -> None:
    failing(refused("AccessDeniedException"))
    with pytest.raises(BadInput, match="raising the epoch: AccessDeniedException"):
        raise_epoch(embedded.tables, "paper", 1)


def test_a_server_that_is_not_there_is_asked_for_the_lease_once() -> None:
    nowhere = Tables("test-", Endpoint("us-east-1", f"http://127.0.0.1:{free_port()}", "k", "s"))
    backend = DynamoBackend("paper", nowhere)
    with pytest.raises(Temporary, match=r"^reading the lease: Could not connect"):
        backend.lease()
    with pytest.raises(Temporary, match=r"^changing the lease: Could not connect"):
        backend.swap_lease(None, HELD)


def test_a_lease_of_an_earlier_release_is_read_and_replaced(embedded: Embedded) -> None:
    account = embedded.account()
    embedded.tables.control(account=account, item="lease", epoch=3, owner="old", at=NOON).save()
    backend = embedded.backend(account)
    assert backend.lease() == Lease(3, "old", at=NOON)
    assert not backend.swap_lease(Lease(3, "old", 1), Lease(4, "new"))
    assert backend.swap_lease(Lease(3, "old"), Lease(4, "new"))
    assert backend.lease() == Lease(4, "new")


def test_what_is_not_there_is_told_as_not_there(embedded: Embedded) -> None:
    backend = embedded.backend(embedded.account())
    assert (backend.line("none"), backend.order("none"), backend.seq_of_posting("none")) == (None, None, None)
    assert backend.lines() == []
