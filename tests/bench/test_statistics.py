"""The benchmark in small: it measures what it says, and says what missed its limit."""

from dataclasses import replace

from tests.bench.statistics import CASES, MAIN, Case, measure, verdict


def test_a_case_is_timed_and_its_memory_measured() -> None:
    got = measure(replace(MAIN, wallets=40, shortest=20, longest=60, b=99))
    assert 0 < got["seconds"] < 60
    assert got["cpu"] >= 0
    assert got["mb"] > got["input_mb"] > 0


def test_a_case_names_its_lengths_and_how_it_draws() -> None:
    assert MAIN.name() == "10,000 wallets x 500, B = 1,999, resamples own"
    shared = Case(10, 20, 30, 99, True, 1, None)
    assert shared.name() == "10 wallets x 20-30, B = 99, resamples shared by equal lengths"


def test_every_limit_of_the_issue_has_its_case() -> None:
    limits = {(case.wallets, case.shortest, case.longest, case.b, case.shared): case.limit for case in CASES}
    assert limits[10_000, 500, 500, 1999, False] == 8.0
    assert limits[10_000, 20, 980, 1999, False] == 8.0
    assert limits[10_000, 500, 500, 10_000, False] == 30.0
    assert limits[10_000, 500, 500, 10_000, True] == 12.0


def test_a_figure_beyond_its_limit_is_marked() -> None:
    assert verdict({"value": 7.9, "limit": 8.0}) == " [limit 8]"
    assert verdict({"value": 8.1, "limit": 8.0}) == " [limit 8: MISSED]"
    assert verdict({"value": 8.1, "limit": None}) == ""
