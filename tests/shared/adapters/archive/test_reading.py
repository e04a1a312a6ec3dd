from collections.abc import Callable

import msgspec
import pytest

from shared.adapters.archive.archiving import archive_batch
from shared.adapters.archive.lines import follows, line_of, object_name, packed, unpacked
from shared.adapters.archive.reading import read_archive
from shared.adapters.archive.seals import Seal, last_seal, put_seal
from shared.adapters.audit.books import audit_books
from shared.adapters.dynamo.codec import body_of
from shared.domain.errors import BadInput, Corrupt
from shared.domain.notice import Notice
from tests.contracts.store.records import deposit
from tests.functions.cloud import Cloud
from tests.recovery.streams import Item, inserts

DAY = "2026-03-22"


class Silent:
    def notify(self, notice: Notice) -> None:
        raise AssertionError(notice)


def archive(cloud: Cloud, items: list[Item]) -> None:
    def before(account: str, seq: str) -> tuple[str, str] | None:
        keys = [item["seq"]["S"] for item in cloud.journal()]
        place = keys.index(seq)
        return (keys[place - 1], cloud.journal()[place - 1]["body"]["S"]) if place else None

    done = archive_batch(inserts(items), "test-", before, cloud.vault, Silent())
    assert done.failed == {}
    assert done.records == len(items)


@pytest.fixture
def whole(deployed: Cloud) -> Cloud:
    """Nine records in three objects, and a seal."""
    deployed.trade()
    items = deployed.journal()
    for part in (items[:3], items[3:6], items[6:]):
        archive(deployed, part)
    assert audit_books(deployed.account, deployed.tables, deployed.vault, whole=True).seal
    return deployed


def wrong(cloud: Cloud) -> list[str]:
    return read_archive(cloud.vault, cloud.account).wrong


def forge(cloud: Cloud, place: int, change: Callable[[bytes], bytes]) -> None:
    """Somebody takes an object away and puts another one in its place, under a name that fits."""
    name = cloud.vault.names("journal/")[place]
    content = change(cloud.vault.read(name))
    s3 = cloud.embedded.s3
    version = s3.head_object(Bucket=cloud.bucket, Key=name)["VersionId"]
    s3.delete_object(Bucket=cloud.bucket, Key=name, VersionId=version, BypassGovernanceRetention=True)
    if content:
        first = unpacked(name, content)[0].seq
        cloud.vault.put_once(object_name(cloud.account, DAY, first, content), content)


def test_a_whole_archive_says_so(whole: Cloud) -> None:
    found = read_archive(whole.vault, whole.account)
    assert found.wrong == []
    assert (len(found.entries), found.objects, found.seals) == (9, 3, 1)
    seal = last_seal(whole.vault, whole.account)
    assert seal is not None
    assert (seal.seq, seal.hash, seal.records) == (found.last_key, found.hash, 9)


def test_an_archive_of_nobody_is_empty_and_not_wrong(deployed: Cloud) -> None:
    found = read_archive(deployed.vault, "nobody")
    assert (found.entries, found.wrong, found.hash, found.last_key) == ([], [], "", "")


def test_an_object_that_is_missing_is_a_gap(whole: Cloud) -> None:
    forge(whole, 1, lambda _: b"")
    assert wrong(whole)[0] == "3 record(s) before 0000000001.trader.0000000006 are missing"


def test_an_end_that_is_missing_is_seen_by_the_seal(whole: Cloud) -> None:
    forge(whole, 2, lambda _: b"")
    assert "vouches for 9 records up to 0000000001.trader.0000000008, the archive has 6" in wrong(whole)[0]


def test_a_record_that_was_altered_breaks_the_chain(whole: Cloud) -> None:
    forge(whole, 1, lambda content: content.replace(b'"v":1', b'"v":2', 1))
    assert "0000000001.trader.0000000004 in journal/" in wrong(whole)[0]
    assert "follows 0000000001.trader.0000000003" in wrong(whole)[0]


def test_an_end_that_was_altered_is_seen_by_the_seal(whole: Cloud) -> None:
    def last_line(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join([*lines[:-1], lines[-1].replace(b'"v":1', b'"v":2', 1)])

    forge(whole, 2, last_line)
    assert "vouches for other records up to 0000000001.trader.0000000008 than the archive has" in wrong(whole)[0]


def test_an_object_written_over_is_told_though_it_reads_well(whole: Cloud) -> None:
    name = whole.vault.names("journal/")[0]
    whole.embedded.s3.put_object(Bucket=whole.bucket, Key=name, Body=whole.vault.read(name))
    assert wrong(whole) == [f"object {name} was written over or deleted"]


def test_an_object_that_does_not_say_what_its_name_promises_is_told(whole: Cloud) -> None:
    name = f"journal/{whole.account}/{DAY}/0000000001.trader.0000000000.0000000000000000.jsonl"
    whole.vault.put_once(name, whole.vault.read(whole.vault.names("journal/")[0]))
    assert wrong(whole) == [f"object {name} does not say what its name promises"]


def test_a_record_told_twice_must_be_told_alike(whole: Cloud) -> None:
    seq, record = "0000000001.trader.0000000000", deposit(whole.account, 5, key="forged")
    content = packed([line_of(seq, body_of(record), None)])
    whole.vault.put_once(object_name(whole.account, DAY, seq, content), content)
    assert "record 0000000001.trader.0000000000 is told differently by" in wrong(whole)[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"nonsense\n", "line 1 is no line of the archive"),
        (b'{"seq":"1.a.0","after":"","prev":"","record":{"kind":"x"}}\n', "journal line 1.a.0 is no record"),
        (b"", "does not say what its name promises"),
    ],
)
def test_an_object_that_makes_no_sense_is_named(whole: Cloud, content: bytes, sentence: str) -> None:
    name = object_name(whole.account, DAY, "1.a.0", content)
    whole.vault.put_once(name, content)
    (told,) = wrong(whole)
    assert told.startswith(f"object {name}")
    assert sentence in told


def test_a_record_of_another_account_or_day_is_out_of_place(whole: Cloud) -> None:
    content = packed([line_of("1.a.0", body_of(deposit("other")), None)])
    whole.vault.put_once(object_name(whole.account, DAY, "1.a.0", content), content)
    there = packed([line_of("1.a.0", body_of(deposit(whole.account)), None)])
    whole.vault.put_once(object_name(whole.account, "2026-03-23", "1.a.0", there), there)
    told = wrong(whole)
    assert any("is a record of account other" in sentence for sentence in told)
    assert any(f"of day 2026-03-23 is a record of day {DAY}" in sentence for sentence in told)


def test_a_seal_that_makes_no_sense_is_corrupt(whole: Cloud) -> None:
    whole.vault.put_once(f"seals/{whole.account}/999999999999.x.json", b"{}")
    with pytest.raises(Corrupt, match="is no seal"):
        last_seal(whole.vault, whole.account)


def test_the_same_seal_again_changes_nothing(deployed: Cloud) -> None:
    seal = Seal(deployed.account, "1.a.0", 1, "ab" * 32, 5)
    assert put_seal(deployed.vault, seal) == put_seal(deployed.vault, msgspec.structs.replace(seal, at=6))
    assert last_seal(deployed.vault, deployed.account) == seal


def test_what_is_written_stays_though_somebody_asks_for_its_end(whole: Cloud) -> None:
    name = whole.vault.names("journal/")[0]
    version = whole.embedded.s3.head_object(Bucket=whole.bucket, Key=name)["VersionId"]
    with pytest.raises(whole.embedded.s3.exceptions.ClientError, match="AccessDenied"):
        whole.embedded.s3.delete_object(Bucket=whole.bucket, Key=name, VersionId=version)


@pytest.mark.parametrize(
    ("seq", "before", "answer"),
    [
        ("1.a.1", "1.a.0", True),
        ("1.a.2", "1.a.0", False),
        ("2.a.0", "1.a.9", False),
        ("1.b.1", "1.a.0", False),
        ("1.a.x", "1.a.0", False),
    ],
)
def test_only_the_next_number_of_the_same_life_follows(seq: str, before: str, answer: bool) -> None:
    assert follows(seq, before) is answer


def test_a_record_with_a_line_break_is_refused() -> None:
    from shared.adapters.archive.lines import record_of

    with pytest.raises(BadInput, match="more than one line"):
        record_of("1.a.0", body_of(deposit("a")).replace(",", ",\n", 1))
