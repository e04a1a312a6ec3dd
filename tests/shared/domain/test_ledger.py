import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.change import Change, Mode
from shared.domain.errors import Corrupt
from shared.domain.ledger import (
    CASH,
    PUSD,
    SETTLED_FOR_GOOD,
    VENUE,
    BookedFill,
    Entry,
    Fill,
    Position,
    PostingKind,
    Record,
    RecordKind,
    SettlementStatus,
    posting,
    shares_account,
)
from shared.domain.money import Shares, Usd

ENTRIES = st.lists(
    st.builds(Entry, st.sampled_from([CASH, VENUE]), st.sampled_from([PUSD, "token"]), st.integers(-50, 50)),
    max_size=6,
)


@given(ENTRIES)
def test_a_posting_exists_only_when_every_asset_sums_to_zero(entries: list[Entry]) -> None:
    sums = {asset: sum(e.amount for e in entries if e.asset == asset) for asset in (PUSD, "token")}
    if any(sums.values()):
        with pytest.raises(Corrupt, match=r"posting fill key: (pUSD|token) sums to -?\d+, not 0"):
            posting(PostingKind.FILL, "key", 1, tuple(entries))
    else:
        made = posting(PostingKind.FILL, "key", 1, tuple(entries), "ref")
        assert made.entries == tuple(e for e in entries if e.amount)
        assert (made.kind, made.at, made.ref) == (PostingKind.FILL, 1, "ref")


def test_a_posting_is_named_by_its_kind_and_natural_key_alone() -> None:
    lines = (Entry(CASH, PUSD, 1), Entry(VENUE, PUSD, -1))
    one = posting(PostingKind.FILL, "t/o", 1, lines)
    assert one.posting_id == posting(PostingKind.FILL, "t/o", 2, ()).posting_id
    assert one.posting_id != posting(PostingKind.RELEASE, "t/o", 1, lines).posting_id
    assert one.posting_id != posting(PostingKind.FILL, "t/p", 1, lines).posting_id


def test_shares_lie_in_the_account_of_their_sleeve() -> None:
    assert shares_account("whale_copy/0xabc") == "shares:whale_copy/0xabc"


def test_a_position_is_found_by_token_and_sleeve() -> None:
    assert Position("a", "m:yes", "whale_copy/w", "m", "whale_copy", "w").key == "m:yes#whale_copy/w"


def test_a_booked_execution_is_provisional_until_it_is_told_how_it_settled() -> None:
    fill = Fill("t1", "intent.1", 500_000, Shares(1), Usd(0), 1)
    assert BookedFill(fill).status is SettlementStatus.MATCHED
    assert BookedFill(fill).status not in SETTLED_FOR_GOOD
    assert {status for status in SettlementStatus if status in SETTLED_FOR_GOOD} == {
        SettlementStatus.CONFIRMED,
        SettlementStatus.FAILED,
    }


def test_a_record_without_a_change_is_written_as_before_there_were_changes() -> None:
    plain = Record(RecordKind.RESUMED, "test", 1)
    changed = Record(RecordKind.CHANGED, "test", 1, ref="c", change=Change(mode=Mode.OBSERVE))
    assert b"change" not in msgspec.json.encode(plain)
    for record in (plain, changed):
        assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
