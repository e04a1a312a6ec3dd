import pytest

from functions.audit_ledger import handler as audit_ledger
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR
from tests.functions.cloud import Cloud

HANDLER = audit_ledger.handler


def test_books_in_order_are_sealed_and_nobody_is_told_twice_over(deployed: Cloud) -> None:
    deployed.trade()
    first = deployed.call(HANDLER, {"whole": True})
    again = deployed.call(HANDLER, {"whole": True})
    assert first["differences"] == 0
    assert first["seal"] == again["seal"] != ""
    assert len(deployed.vault.names("seals/")) == 1
    assert deployed.notices() == []


def test_a_difference_is_a_notice_of_severity_1_and_a_number(
    deployed: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.trade()
    item = deployed.tables.control.get(deployed.account, "room#cash")
    item.headroom += 1
    item.save()
    for _ in range(2):
        assert deployed.call(HANDLER, {"whole": True})["differences"] == 1
    first, again = deployed.notices()
    assert first == again  # the same thing, told in the same words: one for people
    assert (first.severity, first.name, first.source) == (1, "ledger_differs", "audit_ledger")
    assert "1 difference(s) between journal and tables, the first: room cash is" in first.text
    assert '"ledger_differences":[1.0]' in capsys.readouterr().out


def test_everything_is_read_in_the_first_hour_of_a_day_or_on_request() -> None:
    assert audit_ledger.is_whole({}, 5 * DAY + HOUR - 1)
    assert not audit_ledger.is_whole({}, 5 * DAY + HOUR)
    assert audit_ledger.is_whole({"whole": True}, 5 * DAY + HOUR)
    with pytest.raises(BadInput, match=r"event\.whole must be true or false, not 'yes'"):
        audit_ledger.is_whole({"whole": "yes"}, 0)
