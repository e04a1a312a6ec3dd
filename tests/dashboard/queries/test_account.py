"""The queries on the real tables of the embedded server, written the way the trader writes them."""

import pytest

from dashboard.queries.account import DynamoQueries, TableReaders
from dashboard.queries.changes import ApiChanges
from dashboard.queries.opening import Source, connect
from dashboard.queries.settings import settings
from dashboard.state import Measures, Point, SourceShare
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.codec import account_day, body_of, moment, open_name
from shared.adapters.dynamo.controls import put_command, put_switch
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.server import free_port
from shared.adapters.s3.lake import Lake
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Decision, Reason
from shared.domain.errors import BadInput, Corrupt, Temporary
from shared.domain.instants import DAY, MINUTE, SECOND
from shared.domain.order import FINAL, Order, OrderState
from shared.ports import Switch
from tests.contracts.embedded import Embedded
from tests.dashboard.fakes import NOW, FakeQueries, decision, market, order, position

NO_CHANGES = ApiChanges("", "", "us-east-1")


class Account:
    """Queries on one account of the embedded server, and the writers that fill it."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.tables = embedded.tables
        self.views = Views(self.account, embedded.tables)
        self.store = DurableStore(embedded.backend(self.account), 1)
        self.clock = NOW
        self.readers = TableReaders("test-", embedded.server.endpoint)
        self.lake = Lake(embedded.s3, embedded.bucket)
        self.queries = DynamoQueries(self.readers, self.account, lambda: self.lake, NO_CHANGES, lambda: self.clock)

    def put_decision(self, made: Decision) -> None:
        key, name = account_day(self.account, made.at), f"{moment(made.at)}#{made.signal_id}"
        self.tables.decisions(account_day=key, moment=name, body=body_of(made)).save()

    def put_order(self, known: Order) -> None:
        item = self.tables.orders(order_key=known.order_key, account=self.account, body=body_of(known))
        if known.state not in FINAL:
            item.open = open_name(self.account)
        item.save()


@pytest.fixture
def tested(embedded: Embedded) -> Account:
    return Account(embedded)


def test_an_account_nobody_wrote_to_is_empty(tested: Account) -> None:
    ask = tested.queries
    assert ask.live() is None
    assert ask.switch() == Switch(True)
    assert ask.equity_before(NOW) is None
    assert [*ask.pending(), *ask.curve(NOW - DAY, NOW), *ask.positions(), *ask.open_orders(), *ask.whales()] == []
    assert ask.decisions(NOW, 10) == []
    assert ask.orders([]) == []
    assert ask.markets([]) == {}


def test_the_live_item_comes_back_to_the_last_micro_dollar(tested: Account) -> None:
    tested.views.put_live({"equity": 2**53 + 1, "source": "live", "marks": {"a": 1}})
    shown = tested.queries.live()
    assert shown is not None
    assert (shown.equity, shown.source, shown.marks) == (2**53 + 1, "live", {"a": 1})


def test_last_prices_may_stand_in_an_item_of_their_own(tested: Account) -> None:
    tested.views.put_live({"marks": {"a": 1}})
    tested.tables.live(account=f"{tested.account}#marks", body=body_of({"marks": {"a": 9, "b": 2}})).save()
    shown = tested.queries.live()
    assert shown is not None
    assert shown.marks == {"a": 1, "b": 2}


def test_the_curve_runs_over_midnight_in_order_and_ends_where_asked(tested: Account) -> None:
    midnight = NOW // DAY * DAY
    for n in (3, -2, 0, -1, 1):
        tested.views.put_metrics(midnight + n * MINUTE, {"equity": n})
    points = tested.queries.curve(midnight - MINUTE, midnight + 2 * MINUTE)
    assert points == [Point(midnight + n * MINUTE, n) for n in (-1, 0, 1)]


def test_the_day_begins_with_the_last_equity_before_midnight_even_days_earlier(tested: Account) -> None:
    midnight = NOW // DAY * DAY
    tested.views.put_metrics(midnight, {"equity": 9})
    assert tested.queries.equity_before(midnight) is None
    tested.clock += 2 * MINUTE + 1
    tested.views.put_metrics(midnight - 3 * DAY, {"equity": 7})
    tested.views.put_metrics(midnight - 3 * DAY - MINUTE, {"equity": 6})
    assert tested.queries.equity_before(midnight) == 7


def test_the_sources_are_those_of_the_latest_point_even_over_midnight(tested: Account) -> None:
    midnight = NOW // DAY * DAY
    assert tested.queries.measures(midnight) is None
    tested.clock += MINUTE
    tested.views.put_metrics(midnight - MINUTE, {"equity": 1, "sources": {}, "notices": {"rtds silent": 1}})
    assert tested.queries.measures(midnight) == Measures(midnight - MINUTE, {}, notices={"rtds silent": 1})
    tested.clock += MINUTE
    tested.views.put_metrics(midnight, {"equity": 1, "sources": {"rtds": {"seen": 1, "of": 2}}})
    assert tested.queries.measures(midnight) == Measures(midnight, {"rtds": SourceShare(1, 2)})
    tested.views.put_metrics(midnight + MINUTE, {"equity": 1})
    assert tested.queries.measures(midnight + MINUTE) is None


def test_decisions_come_newest_first_over_several_days_and_no_more_than_asked(tested: Account) -> None:
    for n, at in enumerate((NOW - DAY, NOW - 1, NOW)):
        tested.put_decision(decision(n, Reason.STALE, at))
    assert [d.at for d in tested.queries.decisions(NOW, 10)] == [NOW, NOW - 1, NOW - DAY]
    assert [d.at for d in tested.queries.decisions(NOW, 2)] == [NOW, NOW - 1]


def test_one_answer_serves_all_who_ask_at_about_the_same_time(tested: Account) -> None:
    assert tested.queries.decisions(NOW, 10) == []
    tested.put_decision(decision(1, Reason.STALE, NOW))
    tested.clock += 2 * SECOND
    assert tested.queries.decisions(NOW + SECOND, 10) == []
    assert len(tested.queries.decisions(NOW + SECOND, 11)) == 1
    tested.put_decision(decision(2, Reason.STALE, NOW + SECOND))
    tested.clock += 2 * SECOND + 1
    assert len(tested.queries.decisions(NOW + 2 * SECOND, 10)) == 2


def test_positions_are_read_anew_with_every_fill(tested: Account) -> None:
    tested.views.put_live({"counts": {"fills": 1}})
    assert tested.queries.positions() == []
    held = position(1)
    tested.tables.positions(account=tested.account, slot=held.key, body=body_of(held)).save()
    tested.clock += SECOND
    assert tested.queries.positions() == []
    tested.views.put_live({"counts": {"fills": 2}})
    tested.clock += SECOND
    assert tested.queries.positions() == [held]


def test_open_orders_are_read_anew_with_each_word_of_the_trader(tested: Account) -> None:
    tested.views.put_live({"at": NOW})
    assert tested.queries.open_orders() == []
    tested.put_order(order(1))
    tested.clock += SECOND
    assert tested.queries.open_orders() == []
    tested.views.put_live({"at": NOW + 2 * SECOND})
    tested.clock += SECOND
    assert tested.queries.open_orders() == [order(1)]


def test_a_final_order_is_read_once_and_another_each_time(tested: Account) -> None:
    final, working = order(1, OrderState.FILLED), order(2)
    for known in (final, working):
        tested.put_order(known)
    keys = [final.order_key, working.order_key]
    assert tested.queries.orders(keys) == [final, working]
    tested.tables.orders.get(final.order_key).delete()
    ended = order(2, OrderState.CANCELED)
    tested.put_order(ended)
    assert tested.queries.orders(keys) == [final, ended]


def test_what_was_changed_here_is_seen_at_once(tested: Account) -> None:
    assert tested.queries.switch().trading
    put_switch(tested.tables, tested.account, Switch(False, "enough", NOW))
    assert tested.queries.switch().trading
    tested.queries.forget()
    assert not tested.queries.switch().trading


def test_what_the_store_decides_is_what_the_page_reads(tested: Account) -> None:
    made = decision(1)
    mine = type(made)(**{name: getattr(made, name) for name in made.__struct_fields__} | {"account": tested.account})
    tested.store.decide([mine])
    assert tested.queries.decisions(NOW, 10) == [mine]


def test_open_orders_are_those_that_are_not_final(tested: Account) -> None:
    final = order(2, OrderState.FILLED)
    for known in (order(1), final):
        tested.put_order(known)
    assert tested.queries.open_orders() == [order(1)]
    assert tested.queries.orders([final.order_key, "unknown", final.order_key]) == [final, final]


def test_positions_whales_and_markets_are_read_back_as_written(tested: Account) -> None:
    held = position(1)
    tested.tables.positions(account=tested.account, slot=held.key, body=body_of(held)).save()
    tested.views.put_whales([{"wallet": "w", "rank": 2, "pnl_usd": -5}])
    tested.views.put_market(market(1))
    assert tested.queries.positions() == [held]
    assert [(w.wallet, w.rank, w.pnl_usd) for w in tested.queries.whales()] == [("w", 2, -5)]
    assert tested.queries.markets({"0xm1", "unknown"}) == {"0xm1": market(1)}


def test_a_market_is_remembered_for_five_minutes(tested: Account) -> None:
    name = f"0x{tested.account}"
    tested.tables.markets(market=name, body=body_of(market(1))).save()
    assert tested.queries.markets([name]) == {name: market(1)}
    tested.tables.markets(market=name, body=body_of(market(2))).save()
    assert tested.queries.markets([name]) == {name: market(1)}
    tested.clock += 5 * MINUTE + 1
    assert tested.queries.markets([name]) == {name: market(2)}


def test_what_waits_for_the_trader_is_gone_once_taken(tested: Account) -> None:
    for n, kind in enumerate((CommandKind.FLATTEN, CommandKind.RESUME)):
        put_command(tested.tables, tested.account, Command(f"c{n}", kind, "again"), NOW + n)
    commands = tested.queries.pending()
    assert [(c.kind, c.reason) for c in commands] == [(CommandKind.FLATTEN, "again"), (CommandKind.RESUME, "again")]
    tested.store.taken(commands[0].command_id)
    tested.clock += SECOND
    assert tested.queries.pending() == commands[1:]


def test_the_switch_is_read_as_the_trader_sets_it(tested: Account) -> None:
    put_switch(tested.tables, tested.account, Switch(False, "enough", 2**53 + 1))
    assert tested.queries.switch() == Switch(False, "enough", 2**53 + 1)


def test_an_item_that_cannot_be_read_is_refused_by_table_and_field(tested: Account) -> None:
    tested.tables.positions(account=tested.account, slot="a#b", body='{"account": 5}').save()
    with pytest.raises(BadInput, match=r"table positions cannot be read: .*account"):
        tested.queries.positions()


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    ask = connect(settings({"AWS_ENDPOINT_URL": url}))
    with pytest.raises(Temporary, match=f"the database at {url} does not answer"):
        ask.live()


def test_the_lake_is_opened_with_the_first_question_about_rankings(embedded: Embedded) -> None:
    ask = connect(settings({"AWS_ENDPOINT_URL": embedded.server.url, "LAKE_BUCKET": embedded.bucket}))
    named = connect(settings({"AWS_ENDPOINT_URL": embedded.server.url}))
    assert ask.runs() == named.runs()
    away = connect(settings({"AWS_ENDPOINT_URL": embedded.server.url, "LAKE_BUCKET": "nowhere"}))
    with pytest.raises(Temporary, match="bucket nowhere"):
        away.runs()


def test_tables_that_do_not_exist_are_named(embedded: Embedded) -> None:
    ask = DynamoQueries(
        TableReaders("nowhere-", embedded.server.endpoint),
        "paper",
        lambda: Lake(embedded.s3, embedded.bucket),
        NO_CHANGES,
    )
    with pytest.raises(BadInput, match="the table nowhere-live does not exist"):
        ask.positions()


def test_a_question_dynamodb_refuses_is_told_with_the_table(tested: Account) -> None:
    with pytest.raises(Corrupt, match=r"table orders at http.*Validation"):
        tested.queries.orders([""])


def test_settings_have_defaults_and_refuse_a_blank_account() -> None:
    chosen = settings({})
    assert (chosen.prefix, chosen.account, chosen.endpoint) == ("house-", "paper", Endpoint("us-east-1"))
    named = settings(
        {"ACCOUNT": "a", "TABLE_PREFIX": "t-", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://h"}
        | {"LAKE_BUCKET": "b"}
    )
    assert (named.prefix, named.account, named.bucket) == ("t-", "a", "b")
    assert (named.endpoint.host, named.endpoint.region) == ("http://h", "eu-west-1")
    with pytest.raises(BadInput, match="ACCOUNT is blank"):
        settings({"ACCOUNT": " "})


def test_queries_are_made_once_per_process() -> None:
    source = Source()
    first, second = FakeQueries(), FakeQueries()
    source.open(lambda: first)
    source.open(lambda: second)
    assert source.ask() is first
    source.close()
    with pytest.raises(BadInput, match=r"dashboard/app\.py"):
        source.ask()
