import pytest

from shared.adapters.reports.hourly import QUALITY, SETTLED_TOLD, Hour, collect, summary
from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.ledger import Position, Record, RecordKind
from shared.domain.money import Usd
from shared.domain.notice import Notice
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Clock, Died, Queue
from tests.shared.adapters.notices.test_outbox import Line
from tests.shared.adapters.reports.account import CAPITAL, END, START, Account


@pytest.fixture
def account(embedded: Embedded) -> Account:
    return Account(embedded)


@pytest.fixture
def queue() -> Queue:
    return Queue(Clock(END))


def run(account: Account, line: Queue | Line, now: int = END) -> Hour:
    return collect(account.readers, account.tables, account.name, now, line)


def names(queue: Queue) -> list[str]:
    return [one.name for one in queue.take()]


def test_a_quiet_account_tells_nothing(account: Account, queue: Queue) -> None:
    hour = run(account, queue)
    assert (hour.found, hour.uptime, hour.notices, hour.execution.orders) == ((), None, 0, 0)
    assert queue.waiting == []


def test_the_days_figures_are_kept_each_hour_once(account: Account, queue: Queue) -> None:
    account.beats(END - 2 * HOUR, END, notices={"rtds gap": 0})
    account.beats(END - MINUTE, END, notices={"rtds gap": 4})
    account.fill(account.order("a", START + HOUR), START + HOUR + 5, price=510_000)
    now = END - 1
    for _ in range(2):
        run(account, queue, now)
    (kept,) = account.readers.metrics(f"{account.name}{QUALITY}", START, END)
    assert kept["at"] == END - HOUR
    assert (kept["orders"], kept["fill_rate"], kept["slippage"]) == (1, 1_000_000, [20_000, 20_000])
    assert (kept["wait_ns"], kept["fees"], kept["traded"]) == ([5, 5], 10_000, 5_100_000)
    assert (kept["uptime"], kept["troubles"]) == (1_000_000, {"rtds gap": 4})


def test_conditions_are_told_when_they_begin_and_when_they_end(account: Account, queue: Queue) -> None:
    account.live(END, cash=1)
    assert [one.name for one in run(account, queue).found] == ["balance_low"]
    assert run(account, queue, END + HOUR).notices == 0
    account.live(END, cash=CAPITAL)
    run(account, queue, END + 2 * HOUR)
    assert names(queue) == ["balance_low", "condition_ended"]


def test_the_same_hour_again_and_two_at_once_tell_one_thing(account: Account, queue: Queue) -> None:
    account.live(END, cash=1)
    for _ in range(3):
        run(account, queue)
    assert names(queue) == ["balance_low"]


@pytest.mark.parametrize("dies_after", [1, 2])
def test_a_run_that_died_while_telling_is_finished_by_the_next_with_the_same_words(
    account: Account, dies_after: int
) -> None:
    account.live(END, cash=1)
    account.settle("m", 5, END - HOUR)
    line = Line(dies_after)
    with pytest.raises(Died):
        run(account, line)
    run(account, line, END + MINUTE)
    assert len(set(line.taken)) == 2


def test_settled_markets_are_told_once_in_one_message(account: Account, queue: Queue) -> None:
    account.market("m1", "Will it rain in London?")
    account.settle("m1", 2_500_000, END - 2 * HOUR)
    account.settle("m2", -1_000_000, END - HOUR)
    for hour in range(3):
        run(account, queue, END + hour * HOUR)
    (told,) = queue.take()
    text = "2 markets settled: +$1.50\n+$2.50 Will it rain in London?\n-$1.00 m2"
    assert told == Notice(account.name, 3, "market_summary", text, END - HOUR, "collect_quality")
    account.settle("m3", 0, END + 3 * HOUR)
    run(account, queue, END + 4 * HOUR)
    assert [one.text for one in queue.take()] == ["1 market settled: $0.00\n$0.00 m3"]
    run(account, queue, END + 2 * DAY)
    assert names(queue) == []


def test_a_flood_of_settled_markets_is_cut_to_the_largest() -> None:
    ended = [
        Position("paper", "t", "s", f"m{n}", "copy", "0xa", realized=Usd(n * 1_000_000))
        for n in range(SETTLED_TOLD + 3)
    ]
    records = [Record(RecordKind.SETTLED, "paper", 1, position=one) for one in ended]
    lines = summary(records, {}).splitlines()
    assert len(lines) == SETTLED_TOLD + 2
    assert (lines[1], lines[-1]) == ("+$10.00 m10", "and 3 more")
