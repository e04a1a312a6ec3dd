"""Orders that failed for good, as the control API tells them, and who has looked at them."""

from msgspec.structs import replace

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.views import Views
from shared.domain.ids import fact_id
from tests.contracts.store.records import buy
from tests.functions.events import WHO, event
from tests.functions.test_control_api import Api, api

__all__ = ["api"]


def failed(api: Api, name: str = "a", *, dead: bool = True) -> str:
    """An order that failed for good, as the trader stores and names it; its key."""
    bought = buy(api.account, name, market=f"m-{api.account}")
    key = f"{fact_id('intent', api.account, name)}.4"
    order = replace(bought, order_key=key, dead=dead, note="not enough balance")
    api.tables.orders(order_key=order.order_key, account=api.account, body=body_of(order)).save()
    Views(api.account, api.tables).put_operations({"dead": [order.order_key]})
    return order.order_key


def test_a_failed_order_is_told_and_its_review_is_kept_beside_it(api: Api) -> None:
    key = failed(api)
    (told,) = api.get("/api/dead-letters")
    assert (told["order_key"], told["note"], told["reviewed_by"]) == (key, "not enough balance", "")
    assert api.headers["cache-control"] == "no-store"
    done = api.ask("POST", "/api/dead-letters", {"order_key": key, "reason": "topped the wallet up"})
    assert (done["who"], done["note"], done["was_reviewed"]) == (WHO, "topped the wallet up", False)
    (told,) = api.get("/api/dead-letters")
    assert (told["reviewed_by"], told["review"]) == (WHO, "topped the wallet up")
    assert told["reviewed_at"] == done["at"]
    assert api.commands() == []


def test_the_first_review_of_an_order_stays(api: Api) -> None:
    key = failed(api)
    first = api.ask("POST", "/api/dead-letters", {"order_key": key, "reason": "topped up"})
    second = api.ask("POST", "/api/dead-letters", {"order_key": key, "reason": "another view"})
    assert second == {**first, "was_reviewed": True}


def test_only_what_has_failed_for_good_can_be_reviewed(api: Api) -> None:
    well = failed(api, "b", dead=False)
    other = Api(api.route, f"{api.account}-other")
    foreign = failed(other, "c")
    for key, sentence in (
        (well, "has not failed for good"),
        (foreign, "names no order of account"),
        ("none.1", "names no order of account"),
    ):
        status, told = api.send(event("POST", "/api/dead-letters", {"order_key": key, "reason": "looked"}))
        assert status == 400
        assert f"order_key={key!r} {sentence}" in told["error"]


def test_nobody_has_failed_orders_before_a_trader_has_run(api: Api) -> None:
    assert api.get("/api/dead-letters") == []
