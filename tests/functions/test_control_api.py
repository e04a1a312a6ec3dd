import itertools
import json
import time
from typing import Any

import pytest

from functions.control_api.app import openapi
from functions.control_api.handler import handler
from shared.adapters.control.watching import WRITTEN_AT
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.cancelling import read_cancel_all
from shared.adapters.dynamo.controls import put_switch, read_commands, read_switch
from shared.adapters.dynamo.views import Views
from shared.domain.change import Change, Mode
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Decision, Reason
from shared.domain.instants import SECOND, iso
from shared.domain.market import Market, MarketKind
from shared.domain.order import Side
from shared.ports import Switch
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, planned
from tests.functions.context import context
from tests.functions.events import WHO, event, set_up
from tests.functions.route import Route

_accounts = itertools.count(1)
DAY = "2026-03-22"


class Api:
    def __init__(self, route: Route, account: str) -> None:
        self.route, self.account, self.tables = route, account, route.tables
        self.headers: dict[str, str] = {}

    def send(self, asked: dict[str, Any]) -> tuple[int, Any]:
        answer = handler(asked, context())
        given = {**(answer.get("headers") or {})}
        given.update({name: values[0] for name, values in (answer.get("multiValueHeaders") or {}).items()})
        self.headers = {name.lower(): value for name, value in given.items()}
        return answer["statusCode"], json.loads(answer["body"])

    def get(self, path: str) -> Any:
        status, told = self.send(event("GET", path))
        assert status == 200, told
        return told

    def ask(self, method: str, path: str, body: Any) -> Any:
        status, told = self.send(event(method, path, body))
        assert status == 200, told
        return told

    def commands(self) -> list[Command]:
        return read_commands(self.tables, self.account)


@pytest.fixture
def api(route: Route, monkeypatch: pytest.MonkeyPatch) -> Api:
    account = f"api-{next(_accounts)}"
    set_up(monkeypatch, route, account)
    return Api(route, account)


@pytest.fixture
def lived(api: Api) -> Api:
    """An account whose trader has bought something and shows it."""
    backend = DynamoBackend(api.account, api.tables)
    store = DurableStore(backend, acquire(backend, "one", time.time_ns()))
    store.write(deposit(api.account))
    order = buy(api.account, "a", market=f"m-{api.account}")
    store.plan(planned(order))
    store.write(fill_record(order, None, fill_of(order, 40_000_000), NOON, LIMITS))
    store.decide(
        [
            Decision(
                NOON,
                NOON,
                api.account,
                "whale_copy",
                "s",
                "0xw",
                "m1",
                "t1",
                Side.BUY,
                400_000,
                7,
                "0xt",
                Reason.COPIED,
            )
        ]
    )
    views = Views(api.account, api.tables)
    views.put_live(
        {
            WRITTEN_AT: time.time_ns(),
            "equity": 10_000_000_000,
            "cash": 9_000_000_000,
            "realized": 5_000_000,
            "unrealized": -1_000_000,
            "fees": 2_000_000,
            "breakers": [],
            "marks": {"t1": 410_000},
        }
    )
    views.put_risk(
        {
            "settlement": {"broken": ""},
            "changes": {
                "in_force": {"stop_loss": 100_000},
                "limits": {"stop_loss": "10%"},
                "mode": "trade",
                "pinned": ["0x" + "a" * 40],
                "unpinned": [],
                "unfit": "",
                "refused": {},
            },
        }
    )
    views.put_metrics(NOON, {"equity": 10_000_000_000})
    views.put_whales([{"wallet": "0x" + "a" * 40, "rank": 1}])
    return api


def test_health_names_every_component_and_is_well_only_when_all_are(lived: Api) -> None:
    told = lived.get("/api/health")
    assert told["ok"]
    assert set(told["components"]) == {"trader", "switch", "books", "breakers", "changes", "store"}
    put_switch(lived.tables, lived.account, Switch(False, "drill", time.time_ns()))
    told = lived.get("/api/health")
    assert (told["ok"], told["components"]["switch"]) == (False, {"ok": False, "says": "stopped: drill"})


def test_a_trader_that_is_silent_is_not_well(lived: Api) -> None:
    Views(lived.account, lived.tables).put_live({WRITTEN_AT: time.time_ns() - 90 * SECOND})
    trader = lived.get("/api/health")["components"]["trader"]
    assert not trader["ok"]
    assert "silent since" in trader["says"]


def test_the_mode_says_why_trading_is_stopped_and_what_waits(lived: Api) -> None:
    assert lived.get("/api/mode") == {
        "account": lived.account,
        "deployment": "paper",
        "mode": "trade",
        "trading": True,
        "stopped_because": "",
        "stopped_at": "",
        "waiting": [],
    }
    at = time.time_ns()
    put_switch(lived.tables, lived.account, Switch(False, "drill", at))
    lived.ask("POST", "/api/resume", {"reason": "all well"})
    told = lived.get("/api/mode")
    assert (told["stopped_because"], told["stopped_at"], told["waiting"]) == ("drill", iso(at), ["resume"])


def test_the_configuration_is_told_as_the_trader_wrote_it(lived: Api) -> None:
    told = lived.get("/api/markets/config")
    assert told["in_force"] == {"stop_loss": 100_000}
    assert told["changed"] == {"stop_loss": "10%"}
    assert told["pinned"] == ["0x" + "a" * 40]


def test_positions_and_profit_are_told_in_micro_dollars(lived: Api) -> None:
    (held,) = lived.get("/api/positions")
    assert (held["size"], held["source"], held["mark"]) == (40_000_000, "whale", 410_000)
    told = lived.get("/api/positions/pnl")
    assert (told["equity"], told["unrealized"], told["by_source"]) == (10_000_000_000, -1_000_000, {"whale": 0})


def test_the_trades_of_a_day_are_told_page_by_page(lived: Api) -> None:
    found, after, pages = [], "", 0
    while pages < 10:
        told = lived.get(f"/api/history/trades?day={DAY}&most=1" + (f"&after={after}" if after else ""))
        found += told["trades"]
        after, pages = told["after"], pages + 1
        if not after:
            break
    assert [(one["trade_id"], one["size"], one["price"], one["side"]) for one in found] == [
        ("trade-1", 40_000_000, 400_000, "BUY")
    ]
    assert pages > 1
    assert lived.get("/api/history/trades?day=2026-03-23")["trades"] == []


def test_snapshots_whales_and_decisions_are_told_and_may_be_kept_for_a_minute(lived: Api) -> None:
    assert lived.get(f"/api/history/snapshots?start={DAY}") == [{"equity": 10_000_000_000, "at": NOON}]
    assert lived.headers["cache-control"] == "private, max-age=60"
    assert lived.get("/api/whales")[0]["rank"] == 1
    (decision,) = lived.get(f"/api/decisions?day={DAY}")
    assert (decision["reason"], decision["wallet"]) == (Reason.COPIED.value, "0xw")
    assert lived.get("/api/decisions") == []


def test_the_configuration_says_which_requests_hold(lived: Api) -> None:
    assert lived.get("/api/markets/config")["made"] == []
    Views(lived.account, lived.tables).put_risk({"changes": {"made": ["c1"], "refused": {"c2": "no"}}})
    told = lived.get("/api/markets/config")
    assert (told["made"], told["refused"]) == (["c1"], {"c2": "no"})


def test_what_may_change_within_a_minute_is_never_kept(lived: Api) -> None:
    for path in ("/api/health", "/api/mode", "/api/markets/config", "/api/positions", "/api/positions/pnl"):
        lived.get(path)
        assert lived.headers["cache-control"] == "no-store"


def test_every_market_is_told_once_over_the_pages(api: Api) -> None:
    views = Views(api.account, api.tables)
    names = {f"page-{api.account}-{number}" for number in range(7)}
    for name in sorted(names):
        views.put_market(Market(name, MarketKind.EVENT, question="Will it?", end_at=NOON))
    found: list[str] = []
    after = ""
    while True:
        told = api.get("/api/markets/available?most=3" + (f"&after={after}" if after else ""))
        found += [one["market"] for one in told["markets"]]
        after = told["after"]
        if not after:
            break
    assert len(found) == len(set(found))
    assert names <= set(found)


@pytest.mark.parametrize("path", ["/api/health", "/api/mode", "/api/markets/config", "/api/positions", "/api/whales"])
def test_everything_is_answered_before_any_trader_has_run(api: Api, path: str) -> None:
    api.get(path)


# ---------------------------------------------------------------------- changing


def test_kill_stops_at_once_without_the_trader(api: Api) -> None:
    told = api.ask("POST", "/api/kill", {"reason": "drill"})
    assert (told["trading"], told["was_stopped"]) == (False, False)
    assert read_switch(api.tables, api.account).reason == f"{WHO}: drill"
    assert read_cancel_all(api.tables, api.account) is not None


def test_resume_asks_the_trader_and_leaves_the_switch_alone(api: Api) -> None:
    put_switch(api.tables, api.account, Switch(False, "drill", time.time_ns()))
    told = api.ask("POST", "/api/resume", {"reason": "  all well  "})
    (command,) = api.commands()
    assert (command.kind, command.reason) == (CommandKind.RESUME, f"{WHO}: all well")
    assert command.command_id == told["command_id"]
    assert not read_switch(api.tables, api.account).trading


def test_the_mode_and_the_configuration_become_set_commands(api: Api) -> None:
    api.ask("POST", "/api/mode", {"reason": "watch only", "mode": "observe"})
    wallet = "0x" + "A" * 40
    api.ask(
        "PUT",
        "/api/markets/config",
        {"reason": "tighter", "limits": {"stop_loss": "10%"}, "pinned": [wallet], "reset": True},
    )
    changes = [command.change for command in api.commands()]
    expected = [Change(mode=Mode.OBSERVE), Change((("stop_loss", "10%"),), None, (wallet.lower(),), (), True)]
    assert sorted(map(repr, changes)) == sorted(map(repr, expected))
    assert {command.kind for command in api.commands()} == {CommandKind.SET}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/resume", {"reason": "all well"}),
        ("POST", "/api/mode", {"reason": "all well", "mode": "trade"}),
        ("PUT", "/api/markets/config", {"reason": "all well", "reset": True}),
    ],
)
def test_another_request_in_the_same_words_is_another_command(api: Api, method: str, path: str, body: Any) -> None:
    for _ in range(2):
        api.ask(method, path, body)
    assert len(api.commands()) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "/api/resume", {}, "reason: Field required"),
        ("POST", "/api/resume", {"reason": "no"}, "reason: String should have at least 3 characters, not 'no'"),
        ("POST", "/api/resume", {"reason": "x" * 201}, "reason: String should have at most 200 characters"),
        ("POST", "/api/resume", {"reason": "well", "force": True}, "force: Extra inputs are not permitted"),
        ("POST", "/api/resume", "{", "JSON"),
        ("POST", "/api/resume", None, "body"),
        ("POST", "/api/mode", {"reason": "well", "mode": "live"}, "mode: Input should be 'trade' or 'observe'"),
        ("PUT", "/api/markets/config", {"reason": "well"}, "nothing is asked for"),
        ("PUT", "/api/markets/config", {"reason": "well", "limits": {"no_such": "1"}}, "there is no limit 'no_such'"),
        ("PUT", "/api/markets/config", {"reason": "well", "limits": {"stop_loss": "x"}}, "limit stop_loss='x'"),
        ("PUT", "/api/markets/config", {"reason": "well", "pinned": ["0x1"]}, "pinned.0: "),
        ("GET", "/api/history/snapshots?start=yesterday", None, "start: "),
        ("GET", "/api/history/snapshots?start=2026-02-30", None, "'2026-02-30' is not a date"),
        ("GET", "/api/history/snapshots?start=2026-01-01&end=2026-03-01", None, "from 0 to 30 days"),
        ("GET", "/api/history/trades", None, "day: Field required"),
        ("GET", f"/api/history/trades?day={DAY}&most=501", None, "most: "),
    ],
)
def test_what_cannot_be_used_is_named_in_one_sentence(
    api: Api, method: str, path: str, body: Any, sentence: str
) -> None:
    status, told = api.send(event(method, path, body))
    assert status == 400
    assert sentence in told["error"]
    assert "\n" not in told["error"]
    assert api.commands() == []


def test_what_there_is_not_is_told_and_an_unsigned_request_is_refused(api: Api) -> None:
    assert api.send(event("GET", "/api/nothing"))[0] == 404
    assert api.send(event("DELETE", "/api/mode"))[0] == 404
    assert api.send(event("GET", "/api/mode", who="")) == (403, {"error": "not allowed"})
    assert api.send(event("POST", "/api/resume", {"reason": "x" * 20_000}))[0] == 400


def test_a_store_that_does_not_answer_is_told_with_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    status, told = api.send(event("GET", "/api/mode"))
    assert (status, told["error"]) == (503, "the store does not answer; ask again")
    assert api.headers["retry-after"] == "1"


# ---------------------------------------------------------------------- the document

QUESTIONS = {
    "/api/health": {"get"},
    "/api/mode": {"get", "post"},
    "/api/markets/config": {"get", "put"},
    "/api/markets/available": {"get"},
    "/api/positions": {"get"},
    "/api/positions/pnl": {"get"},
    "/api/history/snapshots": {"get"},
    "/api/history/trades": {"get"},
    "/api/whales": {"get"},
    "/api/decisions": {"get"},
    "/api/dead-letters": {"get", "post"},
    "/api/kill": {"post"},
    "/api/resume": {"post"},
}


def test_the_openapi_document_is_made_of_the_routes_and_served(api: Api) -> None:
    document = json.loads(openapi())
    assert document["openapi"].startswith("3.")
    assert {path: set(ways) for path, ways in document["paths"].items()} == QUESTIONS
    assert api.get("/api/openapi.json") == document


def test_every_question_of_the_document_says_what_it_takes_and_gives() -> None:
    document = json.loads(openapi())
    schemas = document["components"]["schemas"]
    for path, ways in document["paths"].items():
        for method, way in ways.items():
            assert way["summary"], path
            assert way["responses"]["200"]["content"]["application/json"]["schema"], path
            if method != "get":
                name = way["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert "reason" in schemas[name]["required"]
                assert schemas[name]["additionalProperties"] is False
    assert document["security"] == [{"sigv4": []}]
