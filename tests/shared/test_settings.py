from pathlib import Path

import pytest

from shared.domain.errors import BadInput
from shared.domain.money import dollars
from shared.settings import DATA_API_URL, CloudSettings, LeaseSettings, read_settings

WALLET = "0x" + "aB" * 20


def told(name: str, value: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_settings({name: value})
    return str(caught.value)


def test_an_empty_environment_gives_the_defaults() -> None:
    found = read_settings({})
    assert (found.account, found.dashboard_port, found.aws_port, found.synthetic_hours) == ("paper", 8501, 4566, 24)
    assert found.venue.data_api_url == DATA_API_URL
    assert (found.copy.capital, found.copy.trade_max, found.copy.daily_loss) == (
        dollars(10_000),
        dollars(1_000),
        dollars(500),
    )
    assert (found.state.state_dir, found.state.aws_endpoint_url) == (Path(".state"), None)


def test_the_health_port_is_on_loopback_unless_told_else_and_can_be_switched_off() -> None:
    found = read_settings({}).health
    assert (found.host, found.port) == ("127.0.0.1", 8502)
    assert read_settings({"HEALTH_PORT": "0"}).health.port == 0


def test_blank_settings_count_as_unset() -> None:
    assert read_settings({"CAPITAL": "  ", "AWS_PORT": ""}) == read_settings({})


def test_every_setting_is_read() -> None:
    found = read_settings(
        {
            "ACCOUNT": "paper-2",
            "DATA_API_URL": "http://127.0.0.1:1/data/",
            "GAMMA_URL": "http://127.0.0.1:1/gamma",
            "CLOB_URL": "http://127.0.0.1:1/clob",
            "STATE_DIR": "elsewhere",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4567",
            "TABLE_PREFIX": "mine-",
            "AWS_REGION": "eu-central-1",
            "CAPITAL": "2500.50",
            "MAX_POSITION_SIZE": "100",
            "MAX_DAILY_LOSS": "50",
            "KELLY_FRACTION": "0.5",
            "PINNED_WALLETS": f" {WALLET}, ,",
            "BACKFILL_HOURS": "0",
            "DASHBOARD_PORT": "9000",
            "AWS_PORT": "9001",
            "HEALTH_HOST": "127.0.0.2",
            "HEALTH_PORT": "9002",
            "SYNTHETIC_HOURS": "2",
            "CLOB_WS_URL": "ws://127.0.0.1:1/ws/market/",
            "RTDS_URL": "ws://127.0.0.1:1/rtds",
            "RTDS_SOCKETS": "2",
            "RTDS_SILENCE_S": "1.5",
            "BINANCE_URL": "off",
            "BINANCE_DATA_URL": "wss://host:443",
            "COINBASE_URL": "off",
            "POLYGON_WS_URL": "wss://node.example/key",
            "SYMBOLS": "btc, eth",
            "RAW_MEGABYTES": "500",
            "TAPE_DAYS": "90",
            "RANK_EVERY_HOURS": "12",
            "LEASE_TTL_S": "2",
            "LEASE_BEAT_S": "0.5",
            "LEASE_MARGIN_S": "1.5",
        }
    )
    assert found.account == "paper-2"
    assert (found.venue.data_api_url, found.venue.gamma_url) == ("http://127.0.0.1:1/data", "http://127.0.0.1:1/gamma")
    assert found.venue.clob_url == "http://127.0.0.1:1/clob"
    assert (found.state.state_dir, found.state.table_prefix) == (Path("elsewhere"), "mine-")
    assert (found.state.aws_endpoint_url, found.state.region) == ("http://127.0.0.1:4567", "eu-central-1")
    assert found.state.tape_days == 90
    copy = found.copy
    assert (copy.capital, copy.trade_max, copy.daily_loss) == (2_500_500_000, dollars(100), dollars(50))
    assert (copy.kelly, copy.pinned_wallets, copy.backfill_hours) == (500_000, (WALLET.lower(),), 0)
    assert copy.rank_every_hours == 12
    feeds = found.feeds
    assert (feeds.clob_ws_url, feeds.rtds_url) == ("ws://127.0.0.1:1/ws/market", "ws://127.0.0.1:1/rtds")
    assert (feeds.rtds_sockets, feeds.rtds_silence_s, feeds.raw_megabytes) == (2, 1.5, 500)
    assert (feeds.binance_url, feeds.binance_data_url, feeds.coinbase_url) == ("", "wss://host:443", "")
    assert (feeds.polygon_ws_url, feeds.symbols) == ("wss://node.example/key", ("BTC", "ETH"))
    assert (found.dashboard_port, found.aws_port, found.synthetic_hours) == (9000, 9001, 2)
    assert (found.health.host, found.health.port) == ("127.0.0.2", 9002)
    assert found.lease == LeaseSettings(2_000_000_000, 500_000_000, 1_500_000_000)


def test_what_a_deployment_calls_its_parts_is_read() -> None:
    env = {
        "DEPLOYMENT": "live",
        "LAKE_BUCKET": "lake",
        "AUDIT_BUCKET": "audit",
        "ALERTS_QUEUE_URL": "https://queue/alerts",
        "ALERTS_TOPIC": "arn:topic",
        "KILL_HASHES": "/house/kill",
        "KILL_SECRET": "kill",
        "TELEGRAM_SECRET": "telegram",
        "DISCORD_SECRET": "discord",
        "TELEGRAM_URL": "http://127.0.0.1:1",
        "WEBHOOK_PARAMETER": "/house/webhook",
    }
    assert read_settings(env).cloud == CloudSettings(
        "live",
        "lake",
        "audit",
        "https://queue/alerts",
        "arn:topic",
        "/house/kill",
        "kill",
        "telegram",
        "discord",
        "http://127.0.0.1:1",
        "/house/webhook",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCOUNT", "my account"),
        ("ACCOUNT", "a#b"),
        ("DATA_API_URL", "data-api.example"),
        ("DATA_API_URL", "http://"),
        ("GAMMA_URL", "http://host:port"),
        ("CLOB_URL", "http://host:99999"),
        ("AWS_ENDPOINT_URL", "ftp://host"),
        ("TABLE_PREFIX", "with space"),
        ("DEPLOYMENT", "production"),
        ("ALERTS_QUEUE_URL", "queue"),
        ("CAPITAL", "-1"),
        ("CAPITAL", "0"),
        ("CAPITAL", "much"),
        ("CAPITAL", "nan"),
        ("CAPITAL", "1e30"),
        ("MAX_POSITION_SIZE", "-5"),
        ("MAX_DAILY_LOSS", "none"),
        ("KELLY_FRACTION", "0.51"),
        ("KELLY_FRACTION", "0"),
        ("PINNED_WALLETS", "0x12"),
        ("PINNED_WALLETS", "0x" + "zz" * 20),
        ("BACKFILL_HOURS", "1.5"),
        ("BACKFILL_HOURS", "999"),
        ("RANK_EVERY_HOURS", "0"),
        ("DASHBOARD_PORT", "80"),
        ("DASHBOARD_PORT", "http"),
        ("AWS_PORT", "70000"),
        ("HEALTH_PORT", "80"),
        ("HEALTH_PORT", "00"),
        ("HEALTH_PORT", "off"),
        ("HEALTH_HOST", "localhost"),
        ("HEALTH_HOST", "::1"),
        ("HEALTH_HOST", "127.0.0.256"),
        ("SYNTHETIC_HOURS", "0"),
        ("TAPE_DAYS", "1"),
        ("RTDS_URL", "https://host"),
        ("RTDS_URL", "ws://"),
        ("RTDS_SOCKETS", "5"),
        ("RTDS_SILENCE_S", "nan"),
        ("RTDS_SILENCE_S", "soon"),
        ("SYMBOLS", "BTC-USD"),
        ("RAW_MEGABYTES", "-1"),
        ("LEASE_TTL_S", "0"),
        ("LEASE_TTL_S", "29"),
        ("LEASE_TTL_S", "long"),
        ("LEASE_BEAT_S", "0"),
        ("LEASE_BEAT_S", "20"),
        ("LEASE_MARGIN_S", "nan"),
    ],
)
def test_a_bad_value_is_told_in_one_sentence_with_variable_and_value(name: str, value: str) -> None:
    sentence = told(name, value)
    assert sentence.startswith(f"setting {name}={value!r}: ")
    assert "\n" not in sentence


def test_a_value_without_end_is_shown_in_part() -> None:
    assert len(told("CAPITAL", "x" * 10_000)) < 250


def test_limits_are_set_by_name_and_a_few_have_a_name_of_their_own() -> None:
    env = {"LIMIT_SPREAD_MAX": " 0.05 ", "STOP_LOSS_PCT": "10", "TAKE_PROFIT_PCT": "40%", "LIMIT_KELLY": ""}
    found = read_settings(env)
    assert found.risk.limits == (("spread_max", "0.05"), ("stop_loss", "10%"), ("take_profit", "40%"))
    assert (found.risk.profile, found.risk.stage) == ("copy", "")
    assert read_settings({"PROFILE": "model", "STAGE": "micro"}).risk.profile == "model"


def test_the_name_of_a_limit_wins_over_its_shorthand() -> None:
    assert read_settings({"LIMIT_STOP_LOSS": "0.2", "STOP_LOSS_PCT": "10"}).risk.limits == (("stop_loss", "0.2"),)
