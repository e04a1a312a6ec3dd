import pytest

from dashboard.state import Measures, SourceShare, live_of, measures_of, point_of, whale_of
from shared.domain.errors import BadInput
from tests.dashboard.fakes import live


def test_the_live_item_may_lack_and_have_fields_this_version_does_not_know() -> None:
    shown = live_of({"at": 5, "equity": 7, "weather": "fine"})
    assert (shown.at, shown.equity, shown.trading, shown.decisions) == (5, 7, True, {})


def test_a_number_that_is_no_whole_number_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"table live cannot be read: .*int.*float.*equity"):
        live_of({"equity": 7.5})
    with pytest.raises(BadInput, match=r"table metrics .*missing required field `at`"):
        point_of({"equity": 1})
    with pytest.raises(BadInput, match=r"table whales .*edge_shrunk"):
        whale_of({"wallet": "w", "edge_shrunk": 0.05})


def test_exposure_profit_and_copies_follow_from_the_parts() -> None:
    shown = live()
    assert shown.exposure == shown.marked + shown.reserved
    assert shown.profit == 309_960_000
    assert shown.copied == 100
    assert shown.whale_trades == 1200


def test_the_interval_is_symmetric_about_the_mean() -> None:
    row = whale_of({"wallet": "w", "mean_return": 300, "return_low": 100})
    assert row.return_high == 500


def test_what_a_live_trader_measured_stands_beside_its_equity() -> None:
    item = {
        "at": 5,
        "equity": 7,
        "sources": {"rtds": {"seen": 1, "of": 2, "p50": 3, "p95": None, "p99": None}},
        "decided_ms": [0.5, None, None],
        "lag_ms": [1, 2.5],
        "merged": 3,
        "held_trades": 4,
        "notices": {"rtds silent": 2},
    }
    found = measures_of(item)
    assert found == Measures(5, {"rtds": SourceShare(1, 2, 3)}, (0.5, None, None), (1.0, 2.5), 3, 4, {"rtds silent": 2})
    assert point_of(item).equity == 7


def test_a_point_without_measures_has_none_and_a_bad_one_is_refused_by_name() -> None:
    assert measures_of({"at": 5, "equity": 7}) is None
    with pytest.raises(BadInput, match=r"table metrics cannot be read: .*seen"):
        measures_of({"at": 5, "sources": {"rtds": {"seen": "many"}}})
