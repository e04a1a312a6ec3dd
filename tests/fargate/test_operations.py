"""What those who run the house are shown."""

import msgspec
from msgspec.structs import replace

from dashboard.running import Operations, Part
from dashboard.running import operations_of as read
from fargate.condition import Component
from fargate.operations import DEAD_SHOWN, TEXT_MAX, operations_of
from shared.adapters.dynamo.views import RISK_MAX_BYTES
from shared.domain.market import market_from_slug
from shared.domain.updown import Listed, Window
from tests.shared.engine.builders import House


def test_an_account_at_rest_has_no_failed_order_and_no_window() -> None:
    house = House().ready()
    told = operations_of(house.engine, {}, house.now)
    assert (told["dead"], told["dead_count"], told["updown"], told["event_at"]) == ([], 0, [], house.now)


def test_failed_orders_are_named_the_last_one_planned_first_and_counted() -> None:
    house = House().ready()
    sent = house.copied()
    orders = house.engine.desk.books.orders
    for n in range(DEAD_SHOWN + 5):
        orders[f"dead-{n}"] = replace(sent, order_key=f"dead-{n}", dead=True)
    told = operations_of(house.engine, {}, house.now)
    assert told["dead_count"] == DEAD_SHOWN + 5
    assert told["dead"] == [f"dead-{n}" for n in range(DEAD_SHOWN + 4, 4, -1)]


def test_the_dashboard_reads_what_is_written_and_it_stays_small() -> None:
    house = House().ready()
    for n in range(2_000):
        slug = f"btc-updown-5m-{1_773_307_200 + 300 * n}"
        house.engine.markets[slug] = market_from_slug(slug, slug)
    parts = {f"feed {n}": Component(False, "x" * 500) for n in range(20)}
    told = {"at": 5, **operations_of(house.engine, parts, house.now), "spot": {"binance": ["BTC"]}}
    body = msgspec.json.encode(told)
    assert len(body) < RISK_MAX_BYTES // 4
    found = read(msgspec.json.decode(body))
    assert isinstance(found, Operations)
    assert found.parts["feed 3"] == Part(False, "x" * TEXT_MAX)
    (one,) = found.updown
    assert isinstance(one, Listed)
    assert (one.coin, one.window, one.known) == ("BTC", Window.MINUTES_5, 2_000)
    assert found.spot == {"binance": ("BTC",)}
