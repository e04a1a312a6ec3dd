"""What concerns whoever runs the house, on the real tables of the embedded server."""

import pytest

from dashboard.queries.operations import QUALITY, TableOperations
from dashboard.running import Moment, Operations, Part, Quality
from shared.adapters.durable.lease import acquire
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.notes import put_review, put_run
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import RISK_MAX_BYTES, Views
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.notes import Review, Run
from tests.contracts.embedded import Embedded
from tests.dashboard.fakes import NOW, order


class Account:
    """The questions on one account, and the writers that fill it. ``asked``: questions of curves that were sent."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.tables = embedded.tables
        self.views = Views(self.account, embedded.tables)
        self.asked: list[tuple[int, int]] = []
        self.readers = Readers("test-", embedded.server.endpoint)
        honest = self.readers.metrics

        def metrics(account: str, start: int, end: int) -> list[dict[str, object]]:
            self.asked.append((start, end))
            return honest(account, start, end)

        self.readers.metrics = metrics  # type: ignore[method-assign]  # counts what the real one is asked
        self.ask = TableOperations(self.readers, self.account)

    def wait(self) -> None:
        """What was kept is old."""
        self.ask._days.forget()


@pytest.fixture
def tested(embedded: Embedded) -> Account:
    return Account(embedded)


def test_an_account_nobody_wrote_to_is_empty(tested: Account) -> None:
    ask = tested.ask
    assert ask.view() is None
    assert ask.lease() is None
    assert ask.quality(NOW) is None
    assert [*ask.day(NOW), *ask.orders([]), *ask.reviews(), *ask.runs()] == []


def test_what_the_trader_writes_of_itself_comes_back(tested: Account) -> None:
    tested.views.put_operations(
        {"at": 1, "event_at": 2, "parts": {"store": {"ok": True, "says": "fine"}}, "dead": ["a"]}
    )
    assert tested.ask.view() == Operations(1, 2, {"store": Part(True, "fine")}, ("a",))


def test_an_item_that_cannot_be_read_is_named(tested: Account) -> None:
    tested.views.put_operations({"parts": {"store": {"ok": "perhaps"}}})
    with pytest.raises(BadInput, match="An item of table live cannot be read"):
        tested.ask.view()


def test_an_item_too_large_is_not_written(tested: Account) -> None:
    with pytest.raises(BadInput, match="the view of operations has"):
        tested.views.put_operations({"x": "y" * RISK_MAX_BYTES})


def test_the_lease_is_the_one_that_was_taken(tested: Account) -> None:
    acquire(DynamoBackend(tested.account, tested.tables), "trader-1", NOW)
    found = tested.ask.lease()
    assert found is not None
    assert (found.epoch, found.owner, found.released) == (1, "trader-1", False)


def test_a_day_is_asked_for_once_and_then_only_what_came_since(tested: Account) -> None:
    for n in range(-3, 3):
        tested.views.put_metrics(NOW + n * MINUTE, {"equity": 1, "decided_ms": [n + 5.0, None, None]})
    first = tested.ask.day(NOW)
    assert [one.at for one in first] == [NOW + n * MINUTE for n in range(-3, 1)]
    assert first[0] == Moment(NOW - 3 * MINUTE, (2.0, None, None))
    assert tested.ask.day(NOW + MINUTE) == first  # kept for a while
    tested.wait()
    assert [one.at for one in tested.ask.day(NOW + 2 * MINUTE)] == [NOW + n * MINUTE for n in range(-3, 3)]
    assert tested.asked == [(NOW - DAY, NOW), (NOW + 1, NOW + 2 * MINUTE)]


def test_what_is_older_than_a_day_is_let_go_and_an_earlier_world_is_asked_for_anew(tested: Account) -> None:
    for at in (NOW, NOW + HOUR, NOW + DAY):
        tested.views.put_metrics(at, {"equity": 1})
    tested.ask.day(NOW + HOUR)
    tested.wait()
    assert [one.at for one in tested.ask.day(NOW + DAY + MINUTE)] == [NOW + HOUR, NOW + DAY]
    tested.wait()
    assert [one.at for one in tested.ask.day(NOW)] == [NOW]


def test_a_point_of_an_older_release_is_shown_without_what_it_did_not_measure(tested: Account) -> None:
    tested.views.put_metrics(NOW, {"equity": 1})
    assert tested.ask.day(NOW) == [Moment(NOW)]


def test_orders_reviews_and_runs_are_found(tested: Account) -> None:
    made = order(1)
    tested.tables.orders(order_key=made.order_key, account=tested.account, body=body_of(made)).save()
    assert tested.ask.orders([made.order_key, "none"]) == [made]
    assert tested.ask.reviews() == {}
    review = Review(made.order_key, "ana", "seen", NOW)
    put_review(tested.tables, tested.account, review)
    assert tested.ask.reviews() == {}  # kept for a while
    tested.ask.forget()
    assert tested.ask.reviews() == {made.order_key: review}
    put_run(tested.tables, tested.account, Run("reconcile", NOW, True))
    assert list(tested.ask.runs()) == ["reconcile"]


def test_the_hourly_figures_are_the_last_ones_of_two_days(tested: Account) -> None:
    hourly = Views(f"{tested.account}{QUALITY}", tested.tables)
    hourly.put_metrics(NOW - DAY, {"orders": 4, "fill_rate": 900_000, "slippage": [None, 5]})
    assert tested.ask.quality(NOW) == Quality(NOW - DAY, 4, fill_rate=900_000)
