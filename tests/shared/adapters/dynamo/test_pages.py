import pytest

from shared.adapters.dynamo import lines
from shared.adapters.dynamo.lines import line_before, lines_after
from tests.contracts.embedded import Embedded


def test_a_journal_is_read_page_by_page_in_its_order(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PAGE", 3)
    account, tables = embedded.account(), embedded.tables
    keys = [f"0000000001.trader.{n:010d}" for n in range(10)]
    for key in reversed(keys):
        tables.journal(account=account, seq=key, day="2026-03-22", body=f"body of {key}").save()
    assert list(lines_after(tables, account, "")) == [(key, f"body of {key}") for key in keys]
    assert [key for key, _ in lines_after(tables, account, keys[3])] == keys[4:]
    assert list(lines_after(tables, account, keys[9])) == []
    assert line_before(tables, account, keys[0]) is None
    assert line_before(tables, account, keys[5]) == (keys[4], f"body of {keys[4]}")
    assert line_before(tables, account, "0000000002.trader.0000000000") == (keys[9], f"body of {keys[9]}")
