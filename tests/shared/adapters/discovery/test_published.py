"""The watch list and its voices, as they are published in the tables and read from them."""

import pytest

from shared.adapters.discovery.rankings import RANKING, VOICES, Published, publish, published
from shared.domain.errors import BadInput
from shared.domain.tables import Pair, Voices
from shared.domain.whale import RankedWallet, Ranking
from tests.contracts.embedded import Embedded

LIST = Ranking(7, "scored", (RankedWallet("0xa", 1), RankedWallet("0xb", 2)))
TABLE = Voices(
    7,
    (Pair("0xa", "0xb", 400_000, -30), Pair("0xa", "0xc", 0, 910_000)),
    {"0xa": "0xa", "0xc": "0xa"},
    {"0xb": {"sports": 1_400_000}},
)


def still(_: float) -> None:
    return


def put(embedded: Embedded, account: str, run: str, voices: Voices | None = None) -> None:
    publish(embedded.tables, account, run, LIST, still, voices)


def read(embedded: Embedded, account: str) -> Published | None:
    return published(embedded.tables, account, still)


def test_voices_travel_with_their_ranking(embedded: Embedded) -> None:
    account = embedded.account()
    assert read(embedded, account) is None
    put(embedded, account, "first", TABLE)
    assert read(embedded, account) == Published("first", LIST, TABLE)


def test_a_ranking_without_voices_is_read_as_it_always_was(embedded: Embedded) -> None:
    account = embedded.account()
    put(embedded, account, "first")
    assert read(embedded, account) == Published("first", LIST)
    item = embedded.tables.control.get(account, RANKING)
    assert '"voices"' not in (item.body or "")


def test_voices_of_another_run_are_not_those_of_the_list(embedded: Embedded) -> None:
    account = embedded.account()
    put(embedded, account, "first", TABLE)
    put(embedded, account, "second")
    assert read(embedded, account) == Published("second", LIST)
    put(embedded, account, "third", TABLE)
    assert read(embedded, account) == Published("third", LIST, TABLE)


def hundred(count: int) -> Voices:
    names = [f"0x{n:040x}" for n in range(count)]
    pairs = tuple(Pair(a, b, 123_456, -123_456) for i, a in enumerate(names) for b in names[i + 1 :])
    return Voices(7, pairs, dict.fromkeys(names, names[0]), {name: {"politics": 1_250_000} for name in names})


def test_the_voices_of_a_hundred_wallets_fit_and_come_back_as_they_were(embedded: Embedded) -> None:
    account = embedded.account()
    put(embedded, account, "first", hundred(100))
    found = read(embedded, account)
    assert found is not None
    assert found.voices == hundred(100)


def test_a_table_that_does_not_fit_is_refused_and_the_list_in_force_stays(embedded: Embedded) -> None:
    account = embedded.account()
    put(embedded, account, "first", TABLE)
    with pytest.raises(BadInput, match=f"the {VOICES} to publish has \\d+ bytes, the most is 350000"):
        put(embedded, account, "second", hundred(400))
    assert read(embedded, account) == Published("first", LIST, TABLE)
