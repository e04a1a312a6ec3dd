from itertools import count

import pytest

from fargate.__main__ import main
from functions.archive_stream import handler as archive_stream
from shared.adapters.archive.reading import Archive, read_archive
from shared.adapters.archive.restoring import REASON, restore
from shared.adapters.dynamo.controls import put_switch, read_switch
from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.rebuild import rebuild, verify_books
from shared.adapters.dynamo.tables import Tables
from shared.domain.errors import BadInput, Corrupt
from shared.ports import Switch
from tests.contracts.store.records import NOON
from tests.functions.cloud import Cloud
from tests.recovery.streams import inserts

PREFIXES = count(1)


@pytest.fixture
def lost(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """A life was archived whole; these are new tables, in which there is nothing."""
    deployed.trade(3)
    deployed.call(archive_stream.handler, {"Records": inserts(deployed.journal())})
    prefix = f"lost-{next(PREFIXES)}-"
    monkeypatch.setenv("TABLE_PREFIX", prefix)
    tables = Tables(prefix, deployed.endpoint)
    tables.create()
    return tables


def archive_of(cloud: Cloud) -> Archive:
    return read_archive(cloud.vault, cloud.account)


def test_everything_comes_back_and_trading_stays_stopped(deployed: Cloud, lost: Tables) -> None:
    done = restore(archive_of(deployed), lost, NOON)
    assert (done.records, done.there, done.orders, done.positions) == (13, 0, 3, 3)
    assert done.money == sum(deployed.books.balance(part) for part in ("cash", "reserved", "provisional"))
    entries = read_journal(lost, deployed.account)
    assert entries == deployed.store.entries()
    assert verify_books(deployed.account, lost, entries).balances == deployed.books.balances
    assert read_switch(lost, deployed.account) == Switch(False, REASON, NOON)


def test_journal_lines_come_back_word_for_word_though_another_release_wrote_them(deployed: Cloud, lost: Tables) -> None:
    archive = archive_of(deployed)
    last = archive.last_key
    written = archive.bodies[last]
    archive.bodies[last] = written.replace(',"ref":""}', "}")  # before that field was there
    assert archive.bodies[last] != written
    restore(archive, lost, NOON)
    assert lost.journal.get(deployed.account, last).body == archive.bodies[last]
    assert read_journal(lost, deployed.account) == archive.entries


def test_a_restore_that_was_cut_off_goes_on_where_it_was(deployed: Cloud, lost: Tables) -> None:
    archive = archive_of(deployed)
    rebuild(deployed.account, lost, archive.entries[:5])
    assert restore(archive, lost, NOON).there == 5
    assert restore(archive, lost, NOON).there == 13


def test_a_stop_that_a_person_made_meanwhile_keeps_its_reason(deployed: Cloud, lost: Tables) -> None:
    put_switch(lost, deployed.account, Switch(False, "mine", NOON - 1))
    restore(archive_of(deployed), lost, NOON)
    assert read_switch(lost, deployed.account).reason == "mine"


def test_tables_that_are_not_empty_are_left_alone(deployed: Cloud, lost: Tables) -> None:
    account = deployed.account
    items = [
        lost.control(account=account, item="room#cash", headroom=1),
        lost.positions(account=account, slot="t#w", body="{}"),
        lost.orders(order_key="k", account=account, body="{}"),
        lost.ledger(posting_id="p", account=account, account_day="d", seq="s", body="{}"),
    ]
    for item in items:
        item.save()
        name = item.Meta.table_name
        with pytest.raises(BadInput, match=f"table {name} is not empty"):
            restore(archive_of(deployed), lost, NOON)
        item.delete()
    assert read_journal(lost, account) == []


def test_a_journal_with_other_records_is_left_alone(deployed: Cloud, lost: Tables) -> None:
    archive = archive_of(deployed)
    rebuild(deployed.account, lost, archive.entries[1:2])
    with pytest.raises(BadInput, match=r"is not empty: account .* has other records"):
        restore(archive, lost, NOON)


def test_an_archive_that_is_not_whole_restores_nothing(deployed: Cloud, lost: Tables) -> None:
    archive = archive_of(deployed)
    archive.wrong.append("3 record(s) before x are missing")
    with pytest.raises(Corrupt, match=r"so nothing is restored: 3 record\(s\) before x are missing"):
        restore(archive, lost, NOON)
    with pytest.raises(BadInput, match="no record of account 'nobody'"):
        restore(read_archive(deployed.vault, "nobody"), lost, NOON)


def test_the_commands_say_what_they_found_and_did(
    deployed: Cloud, lost: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["archive"]) == 0
    assert "13 records in 1 objects, 0 seals: whole" in capsys.readouterr().out
    assert main(["archive", "--json"]) == 0
    assert '"records": 13' in capsys.readouterr().out
    assert main(["restore", "--from-archive"]) == 0
    assert "restored 13 records" in capsys.readouterr().out
    assert main(["restore", "--from-archive", "--json"]) == 0
    assert '"there": 13' in capsys.readouterr().out
    name = deployed.vault.names("journal/")[0]
    deployed.embedded.s3.put_object(Bucket=deployed.bucket, Key=name, Body=b"forged")
    assert main(["archive"]) == 4
    assert f"WRONG: object {name} was written over or deleted" in capsys.readouterr().out
    assert main(["restore", "--from-archive"]) == 4
    assert "is not whole, so nothing is restored" in capsys.readouterr().err


def test_restore_asks_for_its_source_by_name() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["restore"])
    assert ended.value.code == 2
