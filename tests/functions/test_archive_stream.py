from typing import Any

import pytest

from functions.archive_stream import handler as archive_stream
from shared.adapters.archive.reading import read_archive
from shared.adapters.archive.stream import read_record
from shared.domain.errors import BadInput
from tests.functions.cloud import Cloud
from tests.recovery.streams import Item, inserts, stream_record

HANDLER = archive_stream.handler


def objects(cloud: Cloud) -> list[str]:
    return cloud.vault.names("journal/")


def failed(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def poisoned(record: Item) -> Item:
    image = record["dynamodb"]["NewImage"]
    return record | {"dynamodb": record["dynamodb"] | {"NewImage": image | {"body": {"S": '{"kind":"nonsense"}'}}}}


def test_a_batch_becomes_one_object_under_account_and_day_and_reads_back_as_the_journal(deployed: Cloud) -> None:
    deployed.trade()
    answer = deployed.call(HANDLER, {"Records": inserts(deployed.journal())})
    assert failed(answer) == []
    (name,) = objects(deployed)
    assert name.startswith(f"journal/{deployed.account}/2026-03-22/0000000001.trader.0000000000.")
    archive = read_archive(deployed.vault, deployed.account)
    assert archive.wrong == []
    assert archive.entries == deployed.store.entries()
    assert (archive.objects, archive.again) == (1, 0)


def test_of_ten_records_with_three_poisoned_exactly_three_come_back_and_seven_have_their_effect_once(
    deployed: Cloud,
) -> None:
    deployed.trade(3)
    batch = inserts(deployed.journal()[:10])
    for place in (1, 4, 8):
        batch[place] = poisoned(batch[place])
    expected = [batch[place]["dynamodb"]["SequenceNumber"] for place in (1, 4, 8)]
    first = deployed.call(HANDLER, {"Records": batch})
    assert failed(first) == expected
    kept = objects(deployed)
    again = deployed.call(HANDLER, {"Records": batch[1:]})  # Lambda comes again from the first failure on
    assert failed(again) == expected
    assert objects(deployed) == kept
    archive = read_archive(deployed.vault, deployed.account)
    assert len(archive.entries) == 7
    assert archive.again == 0
    assert "1 record(s) before 0000000001.trader.0000000002 are missing" in archive.wrong


def test_shards_side_by_side_and_batches_cut_in_two_leave_a_whole_archive(deployed: Cloud) -> None:
    deployed.trade(4)
    stream = inserts(deployed.journal())
    for batch in (stream[1::2], stream[:9], stream[0::2], stream[4:], stream[::3]):
        assert failed(deployed.call(HANDLER, {"Records": batch})) == []
    archive = read_archive(deployed.vault, deployed.account)
    assert archive.wrong == []
    assert archive.entries == deployed.store.entries()
    assert archive.again > 0


def test_what_cannot_be_written_is_handed_back_and_the_rest_is_not(
    deployed: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.trade(1)
    monkeypatch.setenv("AUDIT_BUCKET", "no-such-bucket-anywhere")
    stream = inserts(deployed.journal())
    change = stream_record(99, {}, event="REMOVE", old=deployed.journal()[0])
    answer = deployed.call(HANDLER, {"Records": [*stream, change]})
    assert failed(answer) == [one["dynamodb"]["SequenceNumber"] for one in [change, *stream]]


def test_new_postings_need_no_copy_of_their_own(deployed: Cloud) -> None:
    posting = {"posting_id": {"S": "p1"}, "account": {"S": deployed.account}}
    assert failed(deployed.call(HANDLER, {"Records": [stream_record(1, posting, table="ledger")]})) == []
    assert objects(deployed) == []


@pytest.mark.parametrize(("event", "word"), [("MODIFY", "modified"), ("REMOVE", "removed")])
@pytest.mark.parametrize("table", ["journal", "ledger"])
def test_a_changed_log_is_told_once_with_severity_1_and_kept(
    deployed: Cloud, event: str, word: str, table: str
) -> None:
    deployed.trade(1)
    old = (
        deployed.journal()[0]
        if table == "journal"
        else {
            "posting_id": {"S": "p1"},
            "account": {"S": deployed.account},
            "body": {"S": "{}"},
        }
    )
    new = old | {"body": {"S": "[]"}} if event == "MODIFY" else {}
    record = stream_record(7, new, event=event, table=table, old=old)
    for _ in range(2):
        assert failed(deployed.call(HANDLER, {"Records": [record]})) == []
    (notice,) = deployed.notices()
    assert (notice.severity, notice.name, notice.account) == (1, "history_changed", deployed.account)
    assert word in notice.text
    (name,) = deployed.vault.names("changes/")
    assert name in notice.text
    assert b'"OldImage"' in deployed.vault.read(name)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"eventSourceARN": "arn:aws:dynamodb:eu-west-1:0:table/other/stream/1"}, "must be the stream of"),
        ({"eventName": "COPY"}, "eventName must be INSERT, MODIFY or REMOVE, not 'COPY'"),
        ({"dynamodb": {"SequenceNumber": "1"}}, r"NewImage\.account of a stream record must be text"),
        ({"dynamodb": {"SequenceNumber": "1", "NewImage": 5}}, "NewImage of a stream record must be an object"),
    ],
)
def test_a_record_that_makes_no_sense_is_named(changes: Item, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_record(stream_record(1, {"account": {"S": "a"}}) | changes, "test-")


def test_an_event_without_records_is_refused_and_so_is_a_record_that_cannot_be_handed_back(deployed: Cloud) -> None:
    with pytest.raises(BadInput, match=r"event\.Records must be a list"):
        deployed.call(HANDLER, {})
    with pytest.raises(BadInput, match=r"without dynamodb\.SequenceNumber"):
        deployed.call(HANDLER, {"Records": [{"dynamodb": {}}]})
