from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.replay.recording import Recording, TapePrints, detection_delays
from shared.adapters.replay.rows import read_rows
from shared.domain.instants import SECOND
from shared.domain.market import MarketKind
from shared.domain.messages import Event, WalletActivity, WhaleTrade
from shared.engine.matching import Resting
from tests.shared.adapters.replay.files import OTHER, SLUG, START_S, Row, lines, row
from tests.shared.engine.builders import order as resting_order


def recorded(folder: Path, rows: list[Row], seed: int = 0) -> Recording:
    return Recording(read_rows(lines(folder / "a.jsonl", rows)).table, seed)


def trades(recording: Recording) -> list[tuple[Event, WhaleTrade]]:
    return [(event, event.payload) for event in recording.events() if isinstance(event.payload, WhaleTrade)]


def test_every_row_is_one_event_observed_after_it_happened(tmp_path: Path) -> None:
    events = list(recorded(tmp_path, [row(n) for n in range(50)]).events())
    assert [event.seq for event in events] == list(range(1, 51))
    assert all(1.2 * SECOND <= event.observed_at - event.venue_at <= 8 * SECOND for event in events)
    assert sorted(events, key=lambda event: event.observed_at) == events


def test_the_order_of_the_rows_in_the_file_does_not_matter(tmp_path: Path) -> None:
    rows = [row(n) for n in range(100)]
    forwards = list(recorded(tmp_path, rows).events())
    assert list(recorded(tmp_path, rows[::-1]).events()) == forwards
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(100)]
    assert list(recorded(tmp_path, shuffled).events()) == forwards


def test_fills_of_one_transaction_are_observed_together(tmp_path: Path) -> None:
    rows = [row(0, size=float(n)) for n in (10, 20, 30)]
    assert len({event.observed_at for event in recorded(tmp_path, rows).events()}) == 1


def test_a_row_collected_again_is_observed_as_much_later_in_another_delivery(tmp_path: Path) -> None:
    rows = [row(0, collected_at=START_S + 3.0), row(0, collected_at=START_S + 64.5)]
    recording = recorded(tmp_path, rows)
    (first, one), (second, two) = trades(recording)
    assert second.observed_at - first.observed_at == 61.5 * SECOND
    assert one.delivery != two.delivery
    assert recording.prints.height == 1


def test_equal_rows_of_one_delivery_are_two_prints(tmp_path: Path) -> None:
    rows = [row(0, collected_at=START_S + 3.0), row(0, collected_at=START_S + 3.0)]
    recording = recorded(tmp_path, rows)
    (_, one), (_, two) = trades(recording)
    assert one == two
    assert recording.prints.height == 2


def test_rows_that_are_no_trades_are_activity_and_no_prints(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [row(0), row(1, type="MERGE", side="", price=None)])
    assert [type(event.payload) for event in recording.events()] == [WhaleTrade, WalletActivity]
    assert recording.prints.height == 1


def test_a_market_is_listed_when_its_first_row_is_observed(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [row(0), row(1, outcome="Down"), row(9, slug="will-it-rain", outcome="Yes")])
    events = list(recording.events())
    first, second = recording.listings({})
    assert (first[0], first[1].market, first[1].kind) == (events[0].observed_at, SLUG, MarketKind.CRYPTO_UPDOWN)
    assert (second[0], second[1].slug) == (events[2].observed_at, "will-it-rain")
    assert recording.outcomes[SLUG] == {"Up": f"{SLUG}:Up", "Down": f"{SLUG}:Down"}


def test_trades_up_to_an_instant_do_not_show_later_ones(tmp_path: Path) -> None:
    found = recorded(tmp_path, [row(n) for n in range(10)]).trades((START_S + 4) * SECOND)
    assert found["ts_ns"].max() == (START_S + 4) * SECOND
    assert found.height == 5


def test_prints_are_shown_once_in_order_and_only_after_the_order_is_active(tmp_path: Path) -> None:
    rows = [row(n, price=0.4) for n in range(6)] + [row(3, outcome="Down", wallet=OTHER)]
    prints = TapePrints(recorded(tmp_path, rows))
    token = f"{SLUG}:Up"
    open_tokens = {token: [Resting(resting_order(token=token), (START_S + 2) * SECOND)]}
    seen: list[int] = []
    while (found := prints.next(open_tokens, (START_S + 4) * SECOND)) is not None:
        seen.append(found[0] // SECOND - START_S)
        prints.take(token)
    assert seen == [3, 4]
    later = prints.next(open_tokens, (START_S + 9) * SECOND)
    assert later is not None
    assert later[0] == (START_S + 5) * SECOND


def test_a_token_without_prints_has_none(tmp_path: Path) -> None:
    prints = TapePrints(recorded(tmp_path, [row(0)]))
    assert prints.next({"other": [Resting(resting_order(), 0)]}, 10**19) is None


def test_delays_have_the_measured_quantiles() -> None:
    delays = detection_delays(100_000, seed=1) / SECOND
    assert np.quantile(delays, 0.5) == pytest.approx(2.0, abs=0.02)
    assert np.quantile(delays, 0.9) == pytest.approx(2.9, abs=0.03)


@given(count=st.integers(0, 500), more=st.integers(0, 500), seed=st.integers(0, 2**62))
def test_delays_follow_from_the_seed_alone(count: int, more: int, seed: int) -> None:
    assert (detection_delays(count + more, seed)[:count] == detection_delays(count, seed)).all()
