import msgspec
import pytest

from shared.adapters.dynamo.views import RISK_MAX_BYTES, SCREEN_MAX_BYTES, Views
from shared.domain.errors import BadInput
from shared.domain.market import Market, MarketKind
from shared.domain.screens import Stored
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON


@pytest.fixture
def views(embedded: Embedded) -> Views:
    return Views(embedded.account(), embedded.tables)


def test_the_live_view_is_one_item_that_is_replaced(views: Views, embedded: Embedded) -> None:
    views.put_live({"equity": 2**53 + 1})
    views.put_live({"equity": 2**53 + 3, "mode": "paper"})
    (item,) = embedded.tables.live.query(views.account)
    assert msgspec.json.decode(item.body) == {"equity": 2**53 + 3, "mode": "paper"}


def test_a_live_view_above_two_kilobytes_is_refused(views: Views) -> None:
    views.put_live({"x": "é" * 1020})
    with pytest.raises(BadInput, match="2058 bytes, the most is 2048"):
        views.put_live({"x": "é" * 1025})


def test_how_risk_stands_is_an_item_of_its_own_and_bounded(views: Views, embedded: Embedded) -> None:
    views.put_live({"equity": 1})
    views.put_risk({"x": "y" * (RISK_MAX_BYTES - 8)})
    (item,) = embedded.tables.live.query(f"{views.account}#risk")
    assert len(item.body) == RISK_MAX_BYTES
    with pytest.raises(BadInput, match="the view of risk has 65537 bytes, the most is 65536"):
        views.put_risk({"x": "y" * (RISK_MAX_BYTES - 7)})


def test_a_part_of_the_screens_is_an_item_of_its_own_that_is_replaced_and_bounded(
    views: Views, embedded: Embedded
) -> None:
    views.put_screen("candles#0", Stored("old", 10))
    views.put_screen("candles#0", Stored("new", 10))
    (item,) = embedded.tables.live.query(f"{views.account}#candles#0")
    assert msgspec.json.decode(item.body, type=Stored).market == "new"
    with pytest.raises(BadInput, match=r"the item candles#0 has \d+ bytes, the most is 16384"):
        views.put_screen("candles#0", Stored("m" * SCREEN_MAX_BYTES, 10))


def test_points_of_the_curves_are_kept_by_day_in_order_of_time(views: Views, embedded: Embedded) -> None:
    for at in (NOON + 2, NOON, NOON + 1):
        views.put_metrics(at, {"equity": at})
    items = list(embedded.tables.metrics.query(f"{views.account}#2026-03-22"))
    assert [msgspec.json.decode(item.body) for item in items] == [
        {"equity": NOON + n, "at": NOON + n} for n in range(3)
    ]
    assert [item.at for item in items] == [NOON, NOON + 1, NOON + 2]


def test_whales_are_kept_by_wallet(views: Views, embedded: Embedded) -> None:
    views.put_whales([{"wallet": f"0x{n:02d}", "rank": n} for n in range(60)])
    views.put_whales([{"wallet": "0x00", "rank": 99}])
    items = list(embedded.tables.whales.query(views.account))
    assert [msgspec.json.decode(item.body)["rank"] for item in items] == [99, *range(1, 60)]


@pytest.mark.parametrize("row", [{}, {"wallet": ""}, {"wallet": 7}])
def test_a_whale_without_a_wallet_is_refused(views: Views, row: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="needs a wallet"):
        views.put_whales([row])


def test_a_market_is_kept_as_last_put(views: Views, embedded: Embedded) -> None:
    name = f"m-{views.account}"
    views.put_market(Market(name, MarketKind.EVENT, "old"))
    views.put_market(Market(name, MarketKind.EVENT, "new"))
    item = embedded.tables.markets.get(name)
    assert msgspec.json.decode(item.body, type=Market).slug == "new"
