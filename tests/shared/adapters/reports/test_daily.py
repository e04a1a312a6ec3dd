import pytest

from shared.adapters.reports.daily import report
from shared.domain.instants import HOUR
from shared.domain.money import Usd
from shared.domain.order import OrderState
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Clock, Died, Queue
from tests.shared.adapters.notices.test_outbox import Line
from tests.shared.adapters.reports.account import CAPITAL, DAY_NUMBER, END, START, Account

GOLDEN = """\
{name}, 2026-11-26 (UTC)
Result: +$10.00 (+0.97%), equity $1,040.00
Closed: 2 positions, 1 won (50%)
Best: +$2.50 Will it rain in London?
Worst: -$1.00 m2
Orders: 2, 1 filled (100% of those ended)
Trades: 1, $5.00 traded, fees $0.01
Slippage: 0.00%, filled after 5 s (medians)
Whales: 1 copied, 2 followed
Open: 1 position, $3.00 at cost
Uptime: 100.00%"""


@pytest.fixture
def account(embedded: Embedded) -> Account:
    made = Account(embedded)
    made.beats(START - HOUR, START, equity=CAPITAL)
    made.deposit(Usd(30_000_000), START + 1)
    made.beats(START, END, equity=Usd(CAPITAL + 40_000_000))
    made.fill(made.order("a", START + HOUR), START + HOUR + 5 * 10**9)
    made.order("b", START + HOUR, state=OrderState.LIVE)
    made.order("tomorrow", END)
    made.market("m1", "Will it rain in London?")
    made.position("m1", 2_500_000, START + HOUR)
    made.position("m2", -1_000_000, START + 2 * HOUR)
    made.position("yesterday", 9_000_000, START - 1)
    made.position("held", 0, START + HOUR, size=5, cost=3_000_000)
    made.views.put_whales([{"wallet": "0xa"}, {"wallet": "0xb"}])
    return made


def tell(account: Account, line: Queue | Line, day: int = DAY_NUMBER) -> str:
    return report(account.readers, account.tables, account.name, day, line)


def test_the_day_is_told_in_ten_lines_and_what_was_deposited_is_no_gain(account: Account) -> None:
    queue = Queue(Clock(0))
    text = tell(account, queue)
    assert text == GOLDEN.format(name=account.name)
    ((_, notice),) = queue.waiting
    assert (notice.text, notice.name, notice.severity, notice.at) == (text, "daily_digest", 3, END)


def test_a_day_is_told_once_and_none_before_it_later(embedded: Embedded) -> None:
    account = Account(embedded)
    queue = Queue(Clock(0))
    assert [bool(tell(account, queue, day)) for day in (DAY_NUMBER, DAY_NUMBER, DAY_NUMBER - 1, DAY_NUMBER + 1)] == [
        True,
        False,
        False,
        True,
    ]
    assert len(queue.waiting) == 2


def test_a_run_that_died_after_telling_says_the_same_again_even_if_the_books_went_on(embedded: Embedded) -> None:
    account = Account(embedded)
    line = Line(1)
    with pytest.raises(Died):
        tell(account, line)
    account.position("m1", -99_000_000, START + HOUR)
    tell(account, line)
    assert len(line.taken) == 2
    assert len(set(line.taken)) == 1


def test_an_accounts_first_day_begins_with_what_was_deposited(embedded: Embedded) -> None:
    account = Account(embedded)
    account.deposit(CAPITAL, START + HOUR)
    account.beats(END - HOUR, END, equity=Usd(CAPITAL - 5_000_000))
    assert "Result: -$5.00 (-0.50%), equity $995.00" in tell(account, Queue(Clock(0)))


def test_without_a_deposit_or_a_day_before_it_begins_with_the_first_point(embedded: Embedded) -> None:
    account = Account(embedded)
    account.beats(END - HOUR, END)
    assert "Result: $0.00 (0.00%), equity $1,000.00" in tell(account, Queue(Clock(0)))
    assert "not known" in tell(Account(embedded), Queue(Clock(0)), DAY_NUMBER)
