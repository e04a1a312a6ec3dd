"""One catalogue object: tokens by version, fees, times and results exactly as the venue's rules say."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.polymarket.gamma_market import SPLIT, gamma_market, is_position_id, market_kind
from shared.adapters.polymarket.normal import market_of
from shared.domain.errors import BadInput
from tests.exchange.recorded import gamma_markets

UP = "39059140761102735867213780342524176318432598655322903326399219585443003760474"
DOWN = "85041495124636364465524207427291847277512583258226863950929723670181441670161"
POSITION = (1 << 248) | (0xABCDEF << 104)

GOOD: dict[str, Any] = {
    "conditionId": "0xc1",
    "slug": "btc-updown-15m-1773261000",
    "question": "Q",
    "outcomes": '["Up", "Down"]',
    "outcomePrices": '["0.995", "0.005"]',
    "clobTokenIds": json.dumps([UP, DOWN]),
    "closed": False,
    "version": "v1",
}


def read(**changes: Any) -> Any:
    return gamma_market({name: value for name, value in (GOOD | changes).items() if value is not ...})


def test_a_ctf_market_names_its_tokens_in_the_encoded_list() -> None:
    assert read().token_ids == (UP, DOWN)
    assert read(version=...).token_ids == (UP, DOWN)
    assert read(version=..., positionIds=[]).token_ids == (UP, DOWN)


def test_a_protocol_v2_market_names_its_positions_in_a_real_list() -> None:
    ids = [str(POSITION), str(POSITION + 1)]
    assert read(version="v2", positionIds=ids).token_ids == tuple(ids)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": "v3"}, "version must be v1 or v2, not 'v3'"),
        ({"version": ..., "positionIds": ["1", "2"]}, "version must be v1 or v2, not None"),
        ({"version": "v2", "positionIds": [UP, DOWN]}, "does not have the form of version v2"),
        ({"clobTokenIds": json.dumps([str(POSITION), DOWN])}, "does not have the form of version v1"),
        ({"clobTokenIds": '["0xff", "1"]'}, "token id must be a decimal number, not '0xff'"),
        ({"clobTokenIds": f'["{UP}"]'}, "differ in number"),
        ({"clobTokenIds": "[oops"}, "clobTokenIds must hold a JSON list"),
        ({"conditionId": ""}, "conditionId is missing"),
        ({"closed": "no"}, "closed must be true or false, not 'no'"),
        ({"endDate": "soon"}, "endDate must be an ISO-8601 time, not 'soon'"),
        ({"feesEnabled": True, "feeSchedule": {"rate": 7}}, "feeSchedule.rate must lie between 0 and 1, not 7"),
        ({"feesEnabled": True, "feeSchedule": 5}, "an object was expected, not 5"),
        ({"orderPriceMinTickSize": "fine"}, "orderPriceMinTickSize must be a finite number, not 'fine'"),
    ],
)
def test_an_unusable_market_is_refused_naming_field_and_value(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(**changes)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({}, None),
        ({"feesEnabled": False}, 0),
        ({"feesEnabled": False, "feeSchedule": {"rate": 0.07}}, 0),
        ({"feesEnabled": True}, None),
        ({"feesEnabled": True, "feeSchedule": {"exponent": 1, "rate": 0.07, "takerOnly": True}}, 70_000),
        ({"feeSchedule": {"rate": "0.05"}}, 50_000),
        ({"feesEnabled": True, "feeSchedule": {"exponent": 2, "rate": 0.07}}, None),
    ],
)
def test_the_fee_rate_is_known_zero_or_unknown(changes: dict[str, Any], rate: int | None) -> None:
    assert read(**changes).fee_rate_micro == rate


@pytest.mark.parametrize(
    ("changes", "winner"),
    [
        ({"closed": True, "outcomePrices": '["1", "0"]'}, "Up"),
        ({"closed": True, "outcomePrices": '["0", "1"]'}, "Down"),
        ({"closed": True, "outcomePrices": '["0.0", "1.00"]', "umaResolutionStatus": "resolved"}, "Down"),
        ({"closed": True, "outcomePrices": '["0.5", "0.5"]'}, SPLIT),
        ({"closed": False, "outcomePrices": '["1", "0"]'}, None),
        ({"closed": True, "outcomePrices": '["0.9999999999", "0.0000000001"]'}, None),
        ({"closed": True, "outcomePrices": '["0", "0"]'}, None),
        ({"closed": True, "outcomePrices": '["1", "1"]'}, None),
        ({"closed": True, "outcomePrices": '["1"]'}, None),
        ({"closed": True, "outcomePrices": ...}, None),
        ({"closed": True, "outcomePrices": '["1", "0"]', "umaResolutionStatus": "disputed"}, None),
    ],
)
def test_a_winner_is_named_only_on_the_venues_proof(changes: dict[str, Any], winner: str | None) -> None:
    assert read(**changes).winner == winner


@pytest.mark.parametrize(
    ("changes", "disputed"),
    [
        ({}, False),
        ({"umaResolutionStatuses": "[]"}, False),
        ({"umaResolutionStatuses": '["proposed"]', "umaResolutionStatus": "proposed"}, False),
        ({"umaResolutionStatuses": '["proposed", "disputed"]'}, True),
        ({"umaResolutionStatuses": ["proposed", "disputed"]}, True),
        ({"umaResolutionStatuses": '["proposed", "disputed", "proposed"]', "umaResolutionStatus": "proposed"}, True),
        ({"umaResolutionStatus": "disputed"}, True),
        ({"umaResolutionStatuses": '["proposed", "disputed"]', "umaResolutionStatus": "resolved"}, False),
    ],
)
def test_a_market_is_disputed_from_the_first_dispute_until_the_oracle_has_decided(
    changes: dict[str, Any], disputed: bool
) -> None:
    assert read(**changes).disputed is disputed
    assert market_of(read(**changes)).disputed is disputed


def test_a_list_of_statuses_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="umaResolutionStatuses must hold a JSON list, not 'oops'"):
        read(umaResolutionStatuses="oops")


def test_the_topic_is_the_venues_event_and_for_up_down_windows_their_series() -> None:
    events = [{"slug": "an-event", "seriesSlug": "btc-up-or-down-15m"}]
    window, election = read(events=events), read(slug="who-wins-the-election", events=events)
    assert (market_of(window).topic, market_of(window).subject) == ("btc-up-or-down-15m", "btc-up-or-down-15m")
    assert (market_of(election).topic, market_of(election).subject) == ("an-event", "an-event")
    assert (market_of(read()).topic, market_of(read()).subject) == ("", "btc")
    assert market_of(read(slug="who-wins-the-election")).topic == ""


def test_the_category_is_told_from_the_name_as_scoring_does() -> None:
    assert market_of(read()).category == "crypto_updown"
    assert market_of(read(slug="who-wins-the-election")).category == "politics"
    assert market_of(read(slug="will-it-happen")).category == ""


def test_the_window_starts_at_the_event_and_never_at_the_listing() -> None:
    listed = {"startDate": "2026-03-10T20:38:11Z"}
    assert read(**listed).start_ns is None
    assert read(**listed, eventStartTime="2026-03-11T20:30:00Z").start_ns == 1_773_261_000 * 10**9
    assert read(**listed, events=[{"startTime": "2026-03-11T20:30:00Z"}]).start_ns == 1_773_261_000 * 10**9
    assert read(**listed, events=[]).start_ns is None


@pytest.mark.parametrize(
    ("slug", "kind"),
    [
        ("btc-updown-5m-1773307200", "crypto_updown"),
        ("zec-updown-4h-1773307200", "crypto_updown"),
        ("bitcoin-up-or-down-march-30-2026-9am-et", "crypto_updown"),
        ("bnb-up-or-down-march-11-4pm-et", "crypto_updown"),
        ("ethereum-up-or-down-on-march-12", "crypto_updown"),
        ("ethereum-up-or-down-on-march-12-2026", "crypto_updown"),
        ("nvda-up-or-down-on-march-12-2026", "event"),
        ("canadas-population-up-or-down-this-year", "event"),
        ("btc-updown-1m-1773307200", "event"),
        ("btc-updown-15m-1773307200-extra", "event"),
        ("will-joe-biden-get-coronavirus-before-the-election", "event"),
    ],
)
def test_only_the_crypto_families_are_up_down(slug: str, kind: str) -> None:
    assert market_kind(slug) == kind


def test_position_ids_are_told_from_ctf_tokens() -> None:
    assert is_position_id(str(POSITION))
    assert not is_position_id(UP)


def test_the_recorded_market_is_read_to_the_micro(recordings: Path) -> None:
    found = gamma_market(json.loads((recordings / "raw" / "gamma_market_btc-updown-15m_sample.json").read_bytes()))
    assert found.slug == "btc-updown-15m-1773261000"
    assert (found.tick_size_micro, found.min_size_micro) == (1_000, 5_000_000)
    assert (found.best_bid_micro, found.best_ask_micro) == (990_000, 1_000_000)
    assert (found.volume_24h_micro, found.liquidity_micro) == (58_723_925_615, 15_064_564_000)
    assert (found.start_ns, found.end_ns) == (1_773_261_000 * 10**9, 1_773_261_900 * 10**9)
    assert (found.fee_rate_micro, found.fee_type) == (None, "crypto_fees")
    assert (found.outcomes, found.winner, found.accepting_orders) == (("Up", "Down"), None, True)
    assert (found.kind, found.series_slug) == ("crypto_updown", "btc-up-or-down-15m")


@pytest.mark.parametrize(
    ("name", "winner"),
    [
        ("binary_accepting_true", "Yes"),
        ("binary_accepting_false", "No"),
        ("nonbinary_legacy", None),
        ("zero_zero_legacy", None),
    ],
)
def test_recorded_closed_markets_have_the_recorded_winner(recordings: Path, name: str, winner: str | None) -> None:
    path = recordings / "raw" / "wire_nautilus" / f"rust_gamma_market_closed_{name}.json"
    found = gamma_market(json.loads(path.read_bytes()))
    assert (found.closed, found.winner) == (True, winner)


def test_the_whole_recorded_catalogue_is_readable(recordings: Path) -> None:
    rows = gamma_markets(recordings, slug_part="")
    kinds = [gamma_market(row).kind for row in rows]
    assert len(kinds) == 25_588
    assert kinds.count("crypto_updown") == 1_379
