"""Who is followed without a score."""

from pathlib import Path

import polars as pl
import pytest

from shared.domain.errors import BadInput
from shared.research.ranking import most_active, named
from shared.research.replay import ReplayOptions, prepare
from tests.shared.adapters.replay.files import OTHER, WALLET, lines
from tests.shared.research.recording import small


def test_the_busiest_wallets_are_watched_with_nothing_known_of_them(tmp_path: Path) -> None:
    recording = prepare(ReplayOptions(lines(tmp_path / "rows.jsonl", small())), lambda _: None).recording
    found = most_active(recording, 5)
    assert [one.wallet for one in found.wallets] == [OTHER, WALLET]
    assert [(one.rank, one.n_markets, one.pinned) for one in found.wallets] == [(1, 0, True), (2, 0, True)]
    assert [one.wallet for one in most_active(recording, 5, most=1).wallets] == [OTHER]


def test_named_wallets_come_from_lines_or_a_column(tmp_path: Path) -> None:
    text = tmp_path / "whales.txt"
    text.write_text("0xB\n\n0xa\n0xb\n", encoding="utf-8")
    pl.DataFrame({"wallet": ["0xB", "0xa"]}).write_parquet(tmp_path / "whales.parquet")
    for path in (text, tmp_path / "whales.parquet"):
        assert [(one.wallet, one.pinned) for one in named(path, 0).wallets] == [("0xb", True), ("0xa", True)]


def test_a_file_that_names_nobody_is_refused(tmp_path: Path) -> None:
    empty, odd = tmp_path / "empty.txt", tmp_path / "odd.parquet"
    empty.write_text("\n", encoding="utf-8")
    pl.DataFrame({"name": ["x"]}).write_parquet(odd)
    for path, told in ((tmp_path / "none", "does not exist"), (empty, "names no wallet"), (odd, "no column wallet")):
        with pytest.raises(BadInput, match=told):
            named(path, 0)
