"""The meter counts as DynamoDB does, and passes everything on as it is."""

from typing import Any

import pytest

from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import Views
from shared.domain.instants import DAY, MINUTE
from tests.browser.metering import Meter, halves, size
from tests.contracts.embedded import Embedded, embedded

__all__ = ["embedded"]
NOW = 1_774_216_800_000_000_000


def item(length: int) -> dict[str, dict[str, str]]:
    return {"body": {"S": "x" * (length - 4)}}


@pytest.mark.parametrize(
    ("value", "length"),
    [({"S": "abc"}, 3), ({"S": "é"}, 2), ({"N": "12345"}, 4), ({"N": "-1.5"}, 3), ({"BOOL": True}, 1)],
)
def test_an_item_is_as_long_as_its_names_and_values(value: dict[str, str], length: int) -> None:
    assert size({"ab": value}) == 2 + length


@pytest.mark.parametrize(
    ("lengths", "units"), [([], 1), ([4_096], 1), ([4_097], 2), ([2_048, 2_048], 1), ([3_000] * 3, 3)]
)
def test_a_query_rounds_up_its_sum(lengths: list[int], units: int) -> None:
    answered = {"Items": [item(length) for length in lengths]}
    assert halves("Query", {"TableName": "t"}, answered) == {"t": units}
    assert halves("Query", {"TableName": "t", "ConsistentRead": True}, answered) == {"t": 2 * units}


def test_a_batch_rounds_up_each_item_and_what_is_missing_costs_as_well() -> None:
    asked: dict[str, Any] = {"RequestItems": {"t": {"Keys": [{}, {}, {}]}}}
    assert halves("BatchGetItem", asked, {"Responses": {"t": [item(100), item(5_000)]}}) == {"t": 4}


def test_one_item_counts_like_a_query_of_it() -> None:
    assert halves("GetItem", {"TableName": "t"}, {"Item": item(5_000)}) == {"t": 2}
    assert halves("GetItem", {"TableName": "t"}, {}) == {"t": 1}


def test_questions_are_answered_as_without_it_and_counted_by_table(embedded: Embedded) -> None:
    account = embedded.account()
    views = Views(account, embedded.tables)
    views.put_live({"equity": 5})
    for n in range(100):
        views.put_metrics(NOW + n * MINUTE, {"equity": n, "words": "x" * 100})
    with Meter(embedded.server.endpoint) as meter:
        readers = Readers("test-", meter.front)
        assert readers.live(account) == Readers("test-", embedded.server.endpoint).live(account)
        assert meter.take().by_table == {"test-live": 1.0}
        assert len(readers.metrics(account, NOW, NOW + DAY - 1)) == 100
        used = meter.take()
        assert (used.questions, used.by_table) == (2, {"test-metrics": used.units})
        assert 0.5 + 100 * 130 // 4_096 / 2 <= used.units <= 1.0 + 100 * 220 // 4_096 / 2
        assert meter.take().units == 0
