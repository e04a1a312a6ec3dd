"""Money over time on the real tables of the embedded server, written the way the trader writes it."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

import dashboard.queries.money as asked
from dashboard.deals import standing
from dashboard.queries.money import DynamoMoney, days_up_to
from shared.adapters.dynamo.codec import account_day, body_of
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.server import free_port
from shared.domain.errors import Temporary
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.ledger import PostingKind, Record
from shared.domain.market import MarketKind
from tests.contracts.embedded import Embedded
from tests.dashboard.fakes import NOW, decision, market
from tests.dashboard.trading_fakes import START, TODAY, after, bought, settled, traded

MIDNIGHT = TODAY * DAY


class Account:
    """An account of the embedded server with the questions about it, and a meter of what is asked."""

    def __init__(self, embedded: Embedded) -> None:
        self.name = embedded.account()
        self.tables = embedded.tables
        self.views = Views(self.name, embedded.tables)
        self.readers = Metered("test-", embedded.server.endpoint)
        self.clock = NOW
        self.money = DynamoMoney(self.readers, self.name, lambda: self.clock)
        self._records = 0

    def book(self, *records: Record) -> None:
        """Write records as the store does."""
        for record in records:
            self._records += 1
            place = f"0001.w.{self._records:06d}"
            body = body_of(record)
            self.tables.journal(account=self.name, seq=place, day="", body=body).save()
            if record.posting is not None:
                made = replace(record.posting, posting_id=f"{self.name}/{record.posting.posting_id}")
                self.tables.ledger(
                    posting_id=made.posting_id,
                    account=self.name,
                    account_day=account_day(self.name, made.at),
                    seq=place,
                    body=body_of(made),
                ).save()

    def mark(self, at: int, equity: int) -> None:
        self.views.put_metrics(at, {"equity": equity, "realized": equity - 100, "unrealized": 0})


class Metered(Readers):
    """Counts questions."""

    questions = 0

    def _ask(self, table: str, call: Callable[[], Any]) -> Any:
        self.questions += 1
        return super()._ask(table, call)


@pytest.fixture
def account(embedded: Embedded) -> Account:
    return Account(embedded)


def test_an_account_nobody_wrote_to_has_no_history(account: Account) -> None:
    ask = account.money
    assert ask.began() is None
    assert ask.marks(NOW, DAY, 10) == []
    assert not ask.book(TODAY, NOW).deals
    assert [*ask.points(TODAY), *ask.decisions_of(TODAY), *ask.postings(TODAY)] == []
    assert ask.titles({"0xnobody"}) == {}
    assert ask.account == account.name


def test_marks_are_the_last_points_of_their_steps_and_only_the_step_that_goes_on_is_read_again(
    account: Account,
) -> None:
    account.book(*bought(1, MIDNIGHT - 2 * DAY + HOUR))
    for at, equity in ((-2 * DAY + HOUR, 1), (-2 * DAY + 2 * HOUR, 2), (HOUR, 3), (2 * HOUR, 4)):
        account.mark(MIDNIGHT + at, equity)
    until = MIDNIGHT + 2 * HOUR
    assert [point.equity for point in account.money.marks(until, DAY, 366)] == [2, 4]
    account.mark(until + 1, 5)
    before = account.readers.questions
    account.clock += MINUTE
    assert [point.equity for point in account.money.marks(until + MINUTE, DAY, 366)] == [2, 5]
    assert account.readers.questions == before + 1
    assert [point.equity for point in account.money.marks(until + MINUTE, HOUR, 4)] == [3, 5]
    assert [point.equity for point in account.money.marks(until + MINUTE, DAY, 1)] == [5]


def test_a_day_without_points_is_left_out_and_days_before_the_account_are_not_asked_for(account: Account) -> None:
    account.book(*bought(1, MIDNIGHT - DAY))
    account.mark(MIDNIGHT - DAY, 1)
    before = account.readers.questions
    assert [point.equity for point in account.money.marks(MIDNIGHT + HOUR, DAY, 366)] == [1]
    assert account.readers.questions == before + 3  # the first record, and two days


def test_a_step_that_has_just_ended_is_read_again_because_its_last_point_may_be_late(account: Account) -> None:
    account.book(*bought(1, MIDNIGHT - HOUR))
    account.mark(MIDNIGHT - HOUR, 1)
    assert [point.equity for point in account.money.marks(MIDNIGHT, DAY, 9)] == [1]
    account.mark(MIDNIGHT - 1, 2)
    account.clock += MINUTE
    assert [point.equity for point in account.money.marks(MIDNIGHT + MINUTE, DAY, 9)] == [2]


def test_more_marks_than_fit_are_forgotten_and_read_again(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "MARKS_KEPT", 1)
    account.book(*bought(1, MIDNIGHT - 3 * DAY))
    for day in range(-3, 1):
        account.mark(MIDNIGHT + day * DAY + HOUR, day + 4)
    for _ in range(2):
        assert [point.equity for point in account.money.marks(MIDNIGHT + 2 * HOUR, DAY, 9)] == [1, 2, 3, 4]


def test_the_books_of_a_day_are_its_executions_plans_and_settlements(account: Account) -> None:
    first = bought(1)
    account.book(*first, settled(after(first), NOW - MINUTE, 0), *bought(2, START))
    read: list[int] = []
    book = account.money.book(TODAY, NOW, read.append)
    assert [deal.trade_id for deal in standing([book])] == ["t1"]
    assert (list(book.planned), len(book.ended), read) == (["o1.1"], 1, [3])


def test_of_a_day_that_goes_on_only_what_is_new_is_read_and_late_lines_are_not_missed(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "PAGE", 2)
    account.book(*bought(1), *bought(2))
    assert len(account.money.book(TODAY, NOW).deals) == 2
    account.book(*bought(3))
    assert len(account.money.book(TODAY, NOW).deals) == 2
    account.clock += HOUR
    read: list[int] = []
    assert len(account.money.book(TODAY, NOW, read.append).deals) == 3
    assert read[-1] == 4
    account.clock += HOUR
    read.clear()
    account.money.book(TODAY, NOW, read.append)
    assert read[-1] == 2


def test_a_book_that_was_handed_out_does_not_change_while_somebody_reads_it(account: Account) -> None:
    account.book(*bought(1))
    first = account.money.book(TODAY, NOW)
    account.book(*bought(2))
    account.clock += HOUR
    assert len(account.money.book(TODAY, NOW).deals) == 2
    assert len(first.deals) == 1


def test_a_day_that_is_over_is_read_once(account: Account) -> None:
    account.book(*bought(1))
    assert not account.money.kept(TODAY)
    over = MIDNIGHT + DAY + HOUR
    account.money.book(TODAY, over)
    assert account.money.kept(TODAY)
    before = account.readers.questions
    account.clock += DAY
    assert len(account.money.book(TODAY, over).deals) == 1
    assert account.readers.questions == before


def test_books_of_more_days_than_are_kept_are_forgotten(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "BOOKS_KEPT", 1)
    account.money.book(TODAY - 2, NOW)
    account.money.book(TODAY - 1, NOW)
    assert (account.money.kept(TODAY - 2), account.money.kept(TODAY - 1)) == (False, True)


def test_what_a_market_asks_is_kept_for_hours_and_what_is_unknown_for_minutes(account: Account) -> None:
    name, unknown = f"0x{account.name}", f"0y{account.name}"
    account.views.put_market(replace(market(1), market=name))
    assert list(account.money.titles({name, unknown})) == [name]
    account.views.put_market(replace(market(2), market=name))
    account.views.put_market(replace(market(3), market=unknown))
    account.clock += 5 * MINUTE + 1
    found = account.money.titles({name, unknown})
    assert [found[one].question for one in (name, unknown)] == ["Will number 1 win?", "Will number 3 win?"]
    account.clock += 6 * HOUR
    assert account.money.titles([name])[name].question == "Will number 2 win?"


def test_questions_of_more_markets_than_are_kept_are_forgotten(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "TITLES_MOST", 1)
    for n in (1, 2):
        account.views.put_market(replace(market(n), market=f"{account.name}{n}", kind=MarketKind.EVENT))
    for names in ((1,), (1, 2), (2,)):
        wanted = [f"{account.name}{n}" for n in names]
        assert list(account.money.titles(wanted)) == wanted


def test_postings_points_and_decisions_of_a_day_are_read_page_by_page(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "PAGE", 1)
    account.book(*bought(1), *bought(2, MIDNIGHT + DAY))
    account.mark(MIDNIGHT, 1)
    account.mark(MIDNIGHT + DAY, 2)
    body = body_of(decision(1))
    account.tables.decisions(account_day=account_day(account.name, NOW), moment="1", body=body).save()
    ask = account.money
    assert [one.kind for one in ask.postings(TODAY)] == [PostingKind.RESERVE, PostingKind.FILL]
    assert [point.equity for point in ask.points(TODAY)] == [1]
    assert list(ask.decisions_of(TODAY)) == [decision(1)]


def test_the_digest_of_a_day_is_made_from_the_books_and_kept_for_minutes(account: Account) -> None:
    account.book(*bought(1))
    text = account.money.digest(TODAY)
    assert text.splitlines()[0] == f"{account.name}, 2026-03-22 (UTC)"
    assert "Orders: 1, 1 filled" in text
    account.book(*bought(2))
    assert account.money.digest(TODAY) == text
    account.clock += HOUR
    assert "Orders: 2, 2 filled" in account.money.digest(TODAY)


def test_a_server_that_is_not_there_is_told() -> None:
    endpoint = Endpoint("us-east-1", f"http://127.0.0.1:{free_port()}", "k", "s")
    money = DynamoMoney(Readers("test-", endpoint), "paper")
    with pytest.raises(Temporary, match="does not answer"):
        money.marks(NOW, DAY, 1)


@pytest.mark.parametrize(
    ("began", "most", "days"),
    [
        (None, 3, [TODAY]),
        (START, 9, [TODAY, TODAY - 1, TODAY - 2, TODAY - 3]),
        (START, 2, [TODAY, TODAY - 1]),
        (NOW + SECOND, 2, [TODAY]),
    ],
)
def test_days_go_back_to_the_accounts_first_or_as_far_as_wanted(began: int | None, most: int, days: list[int]) -> None:
    assert list(days_up_to(NOW, began, most)) == days


def test_the_fakes_of_other_tests_answer_as_the_tables_do(account: Account) -> None:
    fake = traded().money
    for record in [*bought(4)]:
        account.book(record)
    real = account.money.book(TODAY, NOW)
    assert real.deals[("t4", "o4.1")] == fake.books[TODAY].deals[("t4", "o4.1")]
