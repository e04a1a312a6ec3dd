from shared.domain.digest import Day, digest, shortened
from shared.domain.instants import DAY, MILLISECOND
from shared.domain.ledger import Position
from shared.domain.money import Shares, Usd
from shared.domain.quality import Execution

AT = 20_783 * DAY


def ended(market: str, realized: int) -> Position:
    return Position("paper", f"t{market}", "copy/0xa", market, "copy", "0xa", Shares(0), realized=Usd(realized))


DONE = Execution(
    orders=34,
    ended=32,
    filled=29,
    fills=41,
    traded=2_204_100_000,
    fees=12_345_678,
    fill_rate=906_250,
    slippage=(4_000, 21_000),
    wait_ns=(350 * MILLISECOND, 9_000 * MILLISECOND),
)
GOLDEN = """\
paper, 2026-11-26 (UTC)
Result: +$123.46 (+1.23%), equity $10,123.46
Closed: 3 positions, 2 won (67%)
Best: +$45.10 Bitcoin Up or Down - November 26, 8:45AM-…
Worst: -$20.00 Will it rain in London?
Orders: 34, 29 filled (91% of those ended)
Trades: 41, $2,204.10 traded, fees $12.35
Slippage: 0.40%, filled after 350 ms (medians)
Whales: 4 copied, 12 followed
Open: 5 positions, $432.10 at cost
Uptime: 99.93%"""


def test_the_digest_reads_well_on_a_phone() -> None:
    day = Day(
        "paper",
        AT,
        opened=10_000_000_000,
        ended=10_123_456_789,
        execution=DONE,
        closed=[ended("rain", -20_000_000), ended("btc", 45_100_000), ended("x", 1_000_000)],
        titles={"btc": "Bitcoin Up or Down - November 26, 8:45AM-9:00AM ET", "rain": "Will it rain in London?"},
        followed=12,
        copied=4,
        open_positions=5,
        at_stake=432_100_000,
        uptime=999_300,
    )
    assert digest(day) == GOLDEN
    assert max(map(len, GOLDEN.splitlines())) <= 56


QUIET = """\
paper, 2026-11-26 (UTC)
Result: not known, no trader told its equity
Closed: nothing
Orders: none
Whales: 0 copied, 0 followed
Open: 1 position, $0.00 at cost
Uptime: not known
TRADING IS STOPPED"""


def test_a_day_on_which_nothing_was_there_is_told_as_such() -> None:
    assert digest(Day("paper", AT, None, None, Execution(), open_positions=1, trading=False)) == QUIET


def test_a_loss_a_market_without_a_title_and_orders_that_wait() -> None:
    day = Day("paper", AT, 1_000_000, 500_000, Execution(orders=1), closed=[ended("0xabc", -1_000_000)])
    lines = digest(day).splitlines()
    assert lines[1] == "Result: -$0.50 (-50.00%), equity $0.50"
    assert lines[2:5] == ["Closed: 1 position, 0 won (0%)", "Worst: -$1.00 0xabc", "Orders: 1, 0 filled"]


def test_wins_alone_have_no_worst_and_an_account_without_money_no_percentage() -> None:
    day = Day("paper", AT, 0, 0, Execution(orders=1, fills=1), closed=[ended("a", 2_000_000)])
    lines = digest(day).splitlines()
    assert lines[1:4] == ["Result: $0.00, equity $0.00", "Closed: 1 position, 1 won (100%)", "Best: +$2.00 a"]
    assert lines[5] == "Trades: 1, $0.00 traded, fees $0.00"
    assert lines[6].startswith("Whales")


def test_a_long_title_is_cut_where_a_short_one_stays() -> None:
    assert shortened("x" * 42) == "x" * 42
    assert shortened("x" * 43) == f"{'x' * 41}…"
