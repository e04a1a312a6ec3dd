"""The command: one line when ready, an exchange that works, an end with 0."""

import asyncio
import json
import signal
import subprocess
import sys
import time

import httpx
import pytest
from websockets.asyncio.client import connect

from shared.settings import read_settings
from tests.exchange.__main__ import main
from tests.exchange.clients import dial, furnish, hear_json, listing, run, subscribe
from tests.exchange.load import Load
from tests.exchange.troubles import FAULTS
from tests.exchange.world import World


def test_the_command_says_when_it_is_ready_serves_and_ends_with_zero() -> None:
    command = [sys.executable, "-m", "tests.exchange", "--json-ready", "--fault", "425@0+60", "--rate", "200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        settings = read_settings({name: value for name, value in ready.items() if name != "markets"})
        assert settings.feeds.rtds_url == ready["RTDS_URL"]
        assert len(ready["markets"]) > 20
        market = ready["markets"][0]
        assert market["condition_id"].startswith("0x")

        async def use() -> None:
            async with httpx.AsyncClient(trust_env=False) as client:
                board = (await client.get(f"{ready['DATA_API_URL']}/v2/leaderboard")).json()["data"]
                assert board[0]["user_id"].startswith("0x")
                listed = await client.get(f"{ready['GAMMA_URL']}/markets/keyset?condition_ids={market['condition_id']}")
                assert json.loads(listed.json()["markets"][0]["clobTokenIds"]) == market["token_ids"]
                assert (await client.get(f"{ready['CLOB_URL']}/ok")).status_code == 425
            async with connect(ready["CLOB_WS_URL"], proxy=None) as socket:
                await socket.send(json.dumps({"type": "market", "assets_ids": market["token_ids"]}))
                async with asyncio.timeout(5):
                    while json.loads(await socket.recv()) == []:
                        pass

        asyncio.run(use())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_command_runs_on_the_exchange_and_gives_it_its_exit_code() -> None:
    look = "import os, sys; sys.exit(7 if os.environ['RTDS_URL'].startswith('ws://127.0.0.1') else 1)"
    command = [sys.executable, "-m", "tests.exchange", "--run", sys.executable, "-c", look]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 7


def test_a_command_that_goes_on_is_asked_to_end_with_the_exchange() -> None:
    wait = (
        "import time\ntry:\n    print('here', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    raise SystemExit(3)"
    )
    command = [sys.executable, "-m", "tests.exchange", "--run", sys.executable, "-c", wait]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "here" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 3


def test_help_lists_every_fault_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(kind.sentence in shown for kind in FAULTS.values())


@pytest.mark.parametrize(
    "wrong",
    [["--fault", "noise"], ["--port", "70000"], ["--speed", "0"], ["--rate", "many"], ["--book", "nowhere.parquet"]],
)
def test_a_wrong_argument_is_named(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_the_load_sends_sound_frames_with_the_time_of_now() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            load = asyncio.create_task(Load(world, 2000).run())
            began_ms = world.now_ms()
            hello = {"action": "subscribe", "subscriptions": [{"topic": "activity", "type": "trades"}]}
            async with dial(world, "CLOB_WS_URL", subscribe(*market.tokens)) as books:
                until = time.monotonic() + 0.4
                changes = [await hear_json(books)]
                while time.monotonic() < until:
                    changes.append(await hear_json(books))
            async with dial(world, "RTDS_URL", hello) as rtds:
                trades = [await hear_json(rtds) for _ in range(20)]
            load.cancel()
            changes = [one for one in changes if isinstance(one, dict)]
            assert len(changes) > 200
            assert all(began_ms <= int(one["timestamp"]) <= world.now_ms() for one in changes)
            assert {one["price_changes"][0]["best_bid"] for one in changes} == {"0.49"}
            assert len({one["payload"]["transactionHash"] for one in trades}) == 20
            assert all(one["payload"]["timestamp"] == one["timestamp"] // 1000 for one in trades)
            assert {one["payload"]["conditionId"] for one in trades} == {listing().condition_id}

    run(body())
