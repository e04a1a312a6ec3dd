import pytest

from shared.adapters.dynamo.controls import put_switch
from shared.adapters.dynamo.recent import DISORDER_NS, PAGE, records_since
from shared.adapters.reports.look import curve_of, state_of
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.ledger import Record, RecordKind
from shared.domain.states import State
from shared.ports import Switch
from tests.contracts.embedded import Embedded
from tests.shared.adapters.reports.account import CAPITAL, END, START, Account


@pytest.fixture
def account(embedded: Embedded) -> Account:
    return Account(embedded)


def look(account: Account, now: int = END) -> State:
    records = records_since(account.tables, account.name, now - DAY)
    return state_of(account.readers, account.name, curve_of(account.readers, account.name, now - DAY, now), records)


def test_the_journal_is_read_from_its_end_as_far_as_is_asked_for(account: Account) -> None:
    kept = []
    for n in range(PAGE + 20):
        record = Record(RecordKind.HALTED, account.name, START + n * MINUTE, ref=str(n))
        account.record(record)
        kept.append(record)
    since = START + 15 * MINUTE
    assert records_since(account.tables, account.name, since) == kept[15:]
    late = START + (PAGE + 19) * MINUTE
    assert records_since(account.tables, account.name, late + DISORDER_NS) == []
    assert records_since(account.tables, account.name, 0) == kept


def test_a_record_committed_late_is_found(account: Account) -> None:
    account.record(Record(RecordKind.HALTED, account.name, START + MINUTE, ref="in time"))
    account.record(Record(RecordKind.HALTED, account.name, START - MINUTE, ref="late"))
    account.record(Record(RecordKind.HALTED, account.name, START + 2 * MINUTE, ref="after"))
    assert [one.ref for one in records_since(account.tables, account.name, START)] == ["in time", "after"]


def test_an_account_nobody_wrote_to_is_not_known_and_no_alarm(account: Account) -> None:
    assert look(account) == State(END)


def test_a_look_gathers_what_the_trader_wrote(account: Account) -> None:
    account.beats(END - HOUR, END, decided_ms=[100.0, 1_500.25, 2_000.0])
    account.live(END, cash=5)
    limits = [{"name": "day_lost", "used": 1}, {"name": "drawdown", "used": 160_000}]
    standing = [{"name": "feed", "since": END - HOUR}, {"name": "stress", "since": 0}]
    account.risk(END - MINUTE, limits=limits, standing=standing, settlement={"broken": "why"})
    account.fill(account.order("a", END - HOUR), END - HOUR + SECOND)
    account.position("won", 7, START + 2)
    account.position("lost", -7, START + 3)
    account.position("held", 0, START + 4, size=1)
    assert look(account) == State(
        END,
        cash=5,
        capital=CAPITAL,
        drawdown=160_000,
        standing=(("feed", END - HOUR),),
        broken="why",
        closed=(-7, 7),
        traded_at=END - HOUR + SECOND,
        decided_ns=1_500_250_000,
        uptime=1_000_000,
    )


def test_what_a_silent_trader_showed_last_does_not_go_on_standing(account: Account) -> None:
    account.risk(END - 2 * MINUTE - 1, standing=[{"name": "feed", "since": END - HOUR}])
    assert look(account).standing == ()
    account.risk(END - 2 * MINUTE, standing=[{"name": "feed", "since": END - HOUR}])
    assert look(account).standing == (("feed", END - HOUR),)


def test_uptime_begins_with_the_first_heartbeat_ever_and_counts_the_hours_without_one(account: Account) -> None:
    account.beats(END - 2 * HOUR, END)
    assert look(account).uptime == 1_000_000
    later = look(account, END + 22 * HOUR)
    assert later.uptime == 1_000_000 * 7_200 // 86_400


def test_a_trader_that_was_there_before_and_is_silent_all_day_was_up_for_nothing(account: Account) -> None:
    account.beats(START - 2 * DAY, START - 2 * DAY + 5 * MINUTE)
    state = look(account)
    assert (state.uptime, state.traded_at) == (0, None)


def test_without_a_trade_time_counts_from_when_there_could_have_been_one(account: Account) -> None:
    account.beats(END - 3 * HOUR, END)
    assert look(account).traded_at == END - 3 * HOUR
    account.beats(START - HOUR, START)
    assert look(account).traded_at == START
    put_switch(account.tables, account.name, Switch(trading=False, reason="stop", at=END - 2 * HOUR))
    assert not look(account).trading
    put_switch(account.tables, account.name, Switch(trading=True, reason="on", at=END - SECOND))
    assert look(account).traded_at == END - SECOND


def test_a_point_that_measured_no_decision_leaves_it_unknown(account: Account) -> None:
    account.beats(END - HOUR, END, decided_ms=[None, None, None])
    account.views.put_live({"at": END, "capital": 0})
    state = look(account)
    assert (state.decided_ns, state.capital) == (None, None)
