import itertools
import json
from typing import Any

import pytest

from functions.telegram_webhook.handler import handler
from shared.adapters.dynamo.cancelling import read_cancel_all
from shared.adapters.dynamo.controls import put_switch, read_switch
from shared.adapters.dynamo.views import Views
from shared.domain.instants import SECOND
from shared.domain.ledger import Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import Shares, Usd
from shared.ports import Switch
from tests.functions.context import context
from tests.functions.events import set_up, written
from tests.functions.route import CHAT, Route

_accounts = itertools.count(1)


class Bot:
    def __init__(self, route: Route, account: str) -> None:
        self.route, self.account, self.tables = route, account, route.tables

    def ask(self, asked: dict[str, Any]) -> tuple[int, str]:
        answer = handler(asked, context())
        return answer["statusCode"], answer["body"]

    def says(self, text: str, **changes: Any) -> str:
        status, body = self.ask(written(text, **changes))
        told = json.loads(body)
        assert (status, told["method"], told["chat_id"]) == (200, "sendMessage", CHAT)
        said: str = told["text"]
        return said

    @property
    def trading(self) -> bool:
        return read_switch(self.tables, self.account).trading


@pytest.fixture
def bot(route: Route, monkeypatch: pytest.MonkeyPatch) -> Bot:
    account = f"bot-{next(_accounts)}"
    set_up(monkeypatch, route, account)
    return Bot(route, account)


@pytest.fixture
def trading(bot: Bot) -> Bot:
    """An account with a trader's views."""
    import time

    views = Views(bot.account, bot.tables)
    views.put_live(
        {
            "written_at": time.time_ns() - 3 * SECOND,
            "equity": 10_123_450_000,
            "realized": 100_000_000,
            "unrealized": -1_500_000,
            "fees": 250_000,
            "positions_open": 1,
            "orders_open": 2,
            "breakers": ["HALT daily_loss"],
        }
    )
    views.put_risk({"changes": {"mode": "observe"}})
    views.put_whales([{"wallet": "0x" + "a" * 40, "pnl_usd": 5_000_000, "copies": 3}])
    market = f"market-{bot.account}"
    views.put_market(Market(market, MarketKind.EVENT, question="Will it?", tokens=("t1", "t2"), outcomes=("Yes", "No")))
    held = Position(bot.account, "t1", "whale_copy/w", market, "whale_copy", "w", Shares(100_000_000), Usd(40_000_000))
    from shared.adapters.dynamo.codec import body_of

    bot.tables.positions(account=bot.account, slot=held.key, body=body_of(held)).save()
    return bot


def test_the_status_is_told_in_a_few_lines(trading: Bot) -> None:
    said = trading.says("/status")
    assert f"{trading.account}: Trading." in said
    assert "Equity $10,123.45, mode observe." in said
    assert "1 positions, 2 open orders." in said
    assert "! HALT daily_loss" in said


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/positions", "100 for $40.00: Will it? Yes"),
        ("/pnl", "Unrealised -$1.50"),
        ("/whales", "0xaaaaaaaa $5.00 of 3 copies"),
        ("/mode", "Trading. Mode: observe."),
        ("/mode@our_bot", "Mode: observe."),
        ("/help", "/kill [why] stops trading"),
        ("hello", "/kill [why] stops trading"),
    ],
)
def test_each_command_is_answered(trading: Bot, command: str, words: str) -> None:
    assert words in trading.says(command)


@pytest.mark.parametrize("command", ["/status", "/positions", "/pnl", "/whales", "/mode"])
def test_each_command_is_answered_before_any_trader_has_run(bot: Bot, command: str) -> None:
    assert bot.says(command)


def test_kill_stops_trading_and_says_why_and_by_whom(bot: Bot) -> None:
    said = bot.says("/kill the market is mad")
    assert "Trading is stopped" in said
    assert read_switch(bot.tables, bot.account).reason == f"Telegram {CHAT}: the market is mad"
    assert read_cancel_all(bot.tables, bot.account) is not None


def test_a_live_deployment_is_stopped_once_and_says_what_could_not_be_done(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYMENT", "live")
    assert "there is no venue of deployment live yet" in bot.says("/kill", update=990_002)
    assert not bot.trading
    assert bot.ask(written("/kill", update=990_002)) == (200, "")


def test_a_reply_to_an_alert_stops_trading_and_names_the_alert(bot: Bot) -> None:
    bot.says("/kill", reply_to_message={"message_id": 9, "text": "SEV1 feed_down\nno books for 70 s"})
    assert "in reply to: SEV1 feed_down" in read_switch(bot.tables, bot.account).reason


@pytest.mark.parametrize("command", ["/resume", "/trade", "/live", "/resume now"])
def test_telegram_never_resumes(bot: Bot, command: str) -> None:
    bot.says("/kill")
    assert "never resume" in bot.says(command)
    assert not bot.trading
    assert bot.route.readers.commands(bot.account) == []


def test_an_update_delivered_again_after_a_resume_does_not_stop_again(bot: Bot) -> None:
    asked = written("/kill")
    assert bot.ask(asked)[0] == 200
    put_switch(bot.tables, bot.account, Switch(True, "a person resumed"))
    assert bot.ask(asked) == (200, "")
    assert bot.trading


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (written("/kill", secret="wrong"), 403),
        (written("/kill", secret=""), 403),
        (written("/kill", chat={"id": 1, "type": "private"}), 200),
        (written("/kill", sender={"id": 1}), 200),
        (written("/kill", chat={"id": CHAT, "type": "group"}), 200),
        (written("x" * 20_000), 413),
        ({**written("/kill"), "body": '{"update_id": 1, "edited_message": {}}'}, 200),
        ({**written("/kill"), "body": "{"}, 200),
        ({**written("/kill"), "body": None}, 200),
        ({**written("/kill"), "body": "//4=", "isBase64Encoded": True}, 413),
        ({**written("/kill"), "httpMethod": "GET"}, 403),
    ],
    ids=["secret", "no secret", "chat", "user", "group", "oversize", "edited", "broken", "empty", "binary", "method"],
)
def test_strangers_are_answered_without_a_body_and_change_nothing(
    bot: Bot, asked: dict[str, Any], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert bot.ask(asked) == (status, "")
    assert bot.trading
    assert "refused" in caplog.messages
