"""Two heat maps' cells and words: every pair once, order kept, signs that agree with numbers."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.heat import bars, heat_map
from dashboard.rankings import Row
from dashboard.together import CATEGORY, DAY, arranged, labels, matrix, pairs_in_words, result_cells
from tests.dashboard.fakes import LUCKY, MAKER, TWIN, WALLET
from tests.dashboard.research_fakes import result, together

WALLETS = [WALLET, LUCKY, MAKER, TWIN]
NAMED = labels(WALLETS, {WALLET: 1, LUCKY: 2})
PAIRS: list[Row] = [
    together(WALLET, TWIN, 0.82, one_voice=True, overlap=0.6),
    together(WALLET, LUCKY, -0.4),
    together(LUCKY, MAKER, 0.1),
]


def test_wallets_are_named_by_rank_and_address() -> None:
    assert NAMED[WALLET] == "#1 0x1111…2222"
    assert NAMED[MAKER] == "0xaaaa…aaaa"


def test_wallets_of_one_voice_stand_beside_each_other() -> None:
    assert arranged(WALLETS, PAIRS) == [WALLET, TWIN, LUCKY, MAKER]
    chain = [together(WALLET, MAKER, 0.9, one_voice=True), together(MAKER, TWIN, 0.9, one_voice=True)]
    assert arranged(WALLETS, chain) == [WALLET, MAKER, TWIN, LUCKY]
    gone = [together(WALLET, "0xgone", 0.9, one_voice=True)]
    assert arranged(WALLETS, gone) == WALLETS


@given(st.permutations(WALLETS), st.integers(0, 4))
def test_each_pair_has_one_cell_and_nobody_is_lost(wallets: list[str], most: int) -> None:
    chosen = wallets[:most]
    placed = arranged(chosen, PAIRS)
    assert sorted(placed) == sorted(chosen)
    cells = matrix(placed, PAIRS, NAMED)
    assert len({frozenset((cell["row"], cell["column"])) for cell in cells}) == len(cells) == most * (most - 1) // 2


def test_cells_say_in_words_what_their_colour_says() -> None:
    said = {(cell["row"], cell["column"]): (cell["mark"], cell["words"]) for cell in matrix(WALLETS, PAIRS, NAMED)}
    assert said[NAMED[TWIN], NAMED[WALLET]] == ("●", "counted as one voice")
    assert said[NAMED[LUCKY], NAMED[WALLET]] == ("", "often move against each other")
    assert said[NAMED[TWIN], NAMED[MAKER]] == ("", "independent, as far as is known")


def test_the_strongest_pairs_are_told_in_sentences() -> None:
    first, second = pairs_in_words(WALLETS, PAIRS, NAMED)
    assert first.endswith("counted as one voice (correlation +0.82, 60% of their markets in common).")
    assert "often move against each other (correlation -0.40" in second
    assert pairs_in_words([WALLET, MAKER], PAIRS, NAMED) == []
    assert "often move together" in pairs_in_words(WALLETS, [together(WALLET, MAKER, 0.3)], NAMED)[0]


def test_results_are_signed_and_no_outlier_drowns_the_others() -> None:
    rows = [result(WALLET, DAY, f"2026-03-{n:02}", 10.0) for n in range(1, 29)]
    rows += [result(WALLET, DAY, "2026-03-29", -9_000.0), result(WALLET, DAY, "2026-03-30", 0.0)]
    rows += [result(TWIN, DAY, "2026-03-30", None), result("0xgone", DAY, "2026-03-30", 5.0)]
    cells = result_cells(DAY, WALLETS, rows, NAMED)
    assert len(cells) == 30
    assert [cell["mark"] for cell in cells[-3:]] == ["+", "-", ""]
    assert [cell["share"] for cell in cells[-3:]] == [1.0, -1.0, 0.0]
    assert cells[-2]["label"] == "-$9,000"


def test_categories_are_returns_with_their_markets() -> None:
    rows = [result(WALLET, CATEGORY, "us_politics", 0.125, 12), result(WALLET, DAY, "2026-03-01", 1.0)]
    (cell,) = result_cells(CATEGORY, WALLETS, rows, NAMED)
    assert (cell["column"], cell["label"], cell["markets"]) == ("us politics", "+12.5% per market", "12 markets")
    assert result_cells(CATEGORY, WALLETS, [], NAMED) == []


def test_a_heat_map_holds_its_cells_and_the_order_of_its_axes() -> None:
    cells = matrix(WALLETS, PAIRS, NAMED)
    order = [NAMED[wallet] for wallet in WALLETS]
    spec = heat_map(cells, order[1:], order[:-1], "correlation", [("row", "Wallet")], "dark")
    assert [layer["data"]["values"] for layer in spec["layer"]] == [cells, cells]
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == order[1:]


def test_bars_carry_their_words_and_leave_room_for_them() -> None:
    spec = bars([("A", 5.0, "$5.00"), ("B", -5.0, "-$5.00")]).to_dict()
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < -5.0
    assert high > 5.0
    assert bars([]).to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0.0, 0.0]
