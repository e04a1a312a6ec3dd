"""Some mutated frames of every stream in the ordinary tests (`make prove` runs 100,000), and planted mistakes."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.adapters.chain import backlog, logs
from shared.adapters.polymarket import rtds, rtds_frames
from shared.adapters.polymarket.market_channel.numbers import SIZES
from shared.adapters.polymarket.market_channel.reader import Reader
from shared.adapters.sockets import Sparing
from shared.adapters.spot.decimals import micro_down
from shared.adapters.spot.desk import SpotDesk
from tests.prove.__main__ import main
from tests.prove.chain_frames import ChainNews
from tests.prove.frames import MUTATIONS, mutated_frames
from tests.prove.market_frames import MarketChannel
from tests.prove.rtds_frames import ActivityStream
from tests.prove.streams import ACCEPTED_LEAST, STREAMS, hear

Patch = pytest.MonkeyPatch
FEW = range(400)
"""A planted mistake must show within these frames."""


@pytest.mark.parametrize("stream", STREAMS)
def test_mutated_frames_crash_nothing_and_get_nothing_wrong_accepted(stream: str) -> None:
    tally = hear(stream, range(1_000))
    assert tally.problem == ""
    assert tally.frames == 1_000
    assert len(tally.by_mutation) == len(MUTATIONS)
    assert ACCEPTED_LEAST < tally.accepted / tally.frames < 0.8


def test_a_number_is_always_the_same_frame() -> None:
    first, second = (mutated_frames(range(3, 100), MarketChannel()) for _ in range(2))
    assert (first.by_mutation, first.accepted) == (second.by_mutation, second.accepted)


# ------------------------------------------------------------------ planted mistakes


def sizes_of_books_wrong(patch: Patch) -> None:
    patch.setitem(SIZES.known, "7.25", 7_000_000)


def sizes_of_activity_wrong(patch: Patch) -> None:
    read = rtds_frames._micro
    patch.setattr(rtds_frames, "_micro", lambda name, value: read(name, value) + (name == "size"))


def rows_of_activity_doubled(patch: Patch) -> None:
    patch.setattr("shared.adapters.polymarket.rtds.rows_of", lambda message: 2 * rtds_frames.rows_of(message))


def numbers_of_binance_rounded_up(patch: Patch) -> None:
    _one_more(patch, "shared.adapters.binance.wire.micro_down")


def numbers_of_coinbase_rounded_up(patch: Patch) -> None:
    _one_more(patch, "shared.adapters.coinbase.wire.micro_down")


def prices_of_the_chain_rounded_up(patch: Patch) -> None:
    price = logs._price
    patch.setattr(logs, "_price", lambda paid, size: price(paid, size) + 1)


def blocks_of_the_chain_dated_in_seconds(patch: Patch) -> None:
    time = logs._time
    patch.setattr(logs, "_time", lambda name, text: time(name, text) // 10**9)


def answers_of_the_chain_lose_a_log(patch: Patch) -> None:
    read = logs.raw_logs
    patch.setattr(backlog, "raw_logs", lambda body: read(body)[1:])


def answers_of_the_chain_may_be_anything(patch: Patch) -> None:
    def forgiving(body: msgspec.Raw) -> list[msgspec.Raw]:
        return logs.raw_logs(body) if bytes(body).startswith(b"[") else []

    patch.setattr(backlog, "raw_logs", forgiving)


def _one_more(patch: Patch, where: str) -> None:
    def wrong(name: str, text: str) -> tuple[int, bool]:
        micro, cut = micro_down(name, text)
        return micro + 1, cut

    patch.setattr(where, wrong)


@pytest.mark.parametrize(
    ("plant", "stream", "said"),
    [
        (sizes_of_books_wrong, "market channel", "7000000), which the frame does not say"),
        (sizes_of_activity_wrong, "activity stream", "which the frame does not say"),
        (rows_of_activity_doubled, "activity stream", "(so often)"),
        (numbers_of_binance_rounded_up, "Binance", "where the frame says"),
        (numbers_of_coinbase_rounded_up, "Coinbase", "where the frame says"),
        (prices_of_the_chain_rounded_up, "chain news", "where the frame says"),
        (prices_of_the_chain_rounded_up, "chain answers", "which the answer does not say"),
        (blocks_of_the_chain_dated_in_seconds, "chain news", "where the frame says"),
        (answers_of_the_chain_lose_a_log, "chain answers", "logs came"),
        (answers_of_the_chain_may_be_anything, "chain answers", "by an answer that says nothing of them"),
    ],
)
def test_a_wrong_value_is_found(plant: Callable[[Patch], None], stream: str, said: str, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    assert said in hear(stream, FEW).problem


@pytest.mark.parametrize(
    ("where", "what", "stream"),
    [
        (Reader, "take", "market channel"),
        (Sparing, "say", "activity stream"),
        (SpotDesk, "refuse", "Binance"),
        (SpotDesk, "refuse", "Coinbase"),
        (Sparing, "say", "chain news"),
    ],
)
def test_a_frame_nothing_counted_is_found(where: type[Any], what: str, stream: str, monkeypatch: Patch) -> None:
    monkeypatch.setattr(where, what, lambda *_: None)
    assert "nothing counted it" in hear(stream, FEW).problem


def test_a_crash_is_found_and_not_one_of_the_prover(monkeypatch: Patch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("price")

    monkeypatch.setattr(rtds.Activity, "_take_row", broken)
    found = mutated_frames(FEW, ActivityStream())
    assert "KeyError: 'price'" in found.problem
    assert found.number is not None
    assert hear("activity stream", range(found.number, found.number + 1)).problem == found.problem


# ------------------------------------------------------------------ the command


def test_the_command_tells_each_stream_and_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--histories", "0", "--frames", "65", "--workers", "1"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in told[1:-1]] == list(STREAMS)
    assert [int(line.split(": ")[1].split()[0]) for line in told[1:-1]] == [10, 11, 11, 11, 11, 11]
    assert told[-1] == "65 passed, 0 failed"


def test_a_problem_exits_4_with_the_frame_and_how_to_see_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: Patch
) -> None:
    prices_of_the_chain_rounded_up(monkeypatch)
    found = hear(ChainNews.name, FEW)
    monkeypatch.setattr("tests.prove.__main__.prove_streams", lambda *_: {ChainNews.name: found})
    assert main(["--histories", "0", "--frames", "400"]) == 4
    told = capsys.readouterr().out
    assert f"chain news, frame {found.number} {found.problem}" in told
    assert f'python -m tests.prove --stream "chain news" --seed {found.number} --frames 1 --histories 0' in told
    assert told.splitlines()[-1] == f"{found.frames} passed, 1 failed"


def test_frames_of_which_nearly_none_says_anything_fail(capsys: pytest.CaptureFixture[str], monkeypatch: Patch) -> None:
    poor = hear(ChainNews.name, FEW)
    poor.frames, poor.accepted = 5_000, 499
    monkeypatch.setattr("tests.prove.__main__.prove_streams", lambda *_: {ChainNews.name: poor})
    assert main(["--histories", "0", "--frames", "5000", "--stream", ChainNews.name]) == 4
    assert "chain news: too few frames said something to prove anything" in capsys.readouterr().out
