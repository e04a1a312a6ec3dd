"""Why a trade was or was not copied, asked of hand-written tables and of the real ones."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fargate import explain as module
from fargate.__main__ import main
from fargate.explain import DAYS, explained
from fargate.story import DECISIONS_TOLD, page_of, told
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.readers import Item
from shared.adapters.dynamo.views import Views
from shared.domain.decision import Decision, Reason
from shared.domain.errors import BadInput
from shared.domain.ids import intent_id
from shared.domain.instants import DAY, SECOND, day_of, iso_day
from shared.domain.ledger import Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars
from shared.domain.order import Order, OrderState, Purpose, Side
from tests.contracts.embedded import Embedded, embedded
from tests.shared.engine.builders import NOON
from tests.shared.engine.builders import order as an_order

__all__ = ["embedded"]
WALLET = "0x" + "a" * 40
TX = "0x" + "1" * 64
SIGNAL = "51" * 16
MARKET = Market("m", MarketKind.EVENT, "slug", "Will it rain?", "", ("m:yes", "m:no"), ("Yes", "No"))


def decision(**changes: Any) -> Decision:
    """A copied purchase, unless told otherwise."""
    fields: dict[str, Any] = {
        "at": NOON,
        "venue_at": NOON - 2 * SECOND,
        "account": "paper",
        "strategy": "whale_copy",
        "signal_id": SIGNAL,
        "wallet": WALLET,
        "market": "m",
        "token": "m:yes",
        "side": Side.BUY,
        "price": 500_000,
        "size": 1_000 * ONE,
        "tx": TX,
        "reason": Reason.COPIED,
        "confidence": 700_000,
        "p_win": 600_000,
        "limit": 510_000,
        "stake": dollars(50),
        "order_key": leg_key(),
        "numbers": (("overlap", 120_000), ("overlap_max", 300_000), ("streak_factor", 500_000)),
    }
    return Decision(**{**fields, **changes})


def leg_key(signal: str = SIGNAL, side: Side = Side.BUY, number: int = 1) -> str:
    purpose = Purpose.ENTRY if side is Side.BUY else Purpose.EXIT
    return f"{intent_id('paper', 'whale_copy', signal, 'm:yes', side.value, purpose.value)}.{number}"


def leg(number: int = 1, **changes: Any) -> Order:
    """The n-th leg of the copied purchase: filled a cent above what was shown."""
    fields: dict[str, Any] = {
        "order_key": leg_key(number=number),
        "leg": number,
        "account": "paper",
        "source": WALLET,
        "signal_id": SIGNAL,
        "state": OrderState.FILLED,
        "filled": Shares(100 * ONE),
        "cost": Usd(51 * ONE),
        "fees": Usd(1_250_000),
        "reference": 500_000,
        "planned_at": NOON,
        "fee_rate": Fraction(50_000),
        "limit": Price(510_000),
    }
    return an_order(**{**fields, **changes})


def position(**changes: Any) -> Position:
    fields: dict[str, Any] = {
        "account": "paper",
        "token": "m:yes",
        "sleeve": f"whale_copy/{WALLET}",
        "market": "m",
        "strategy": "whale_copy",
        "source": WALLET,
        "size": Shares(100 * ONE),
        "cost": Usd(52_250_000),
        "realized": Usd(-dollars(3)),
        "opened_at": NOON,
        "changed_at": NOON,
    }
    return Position(**{**fields, **changes})


class Lists:
    """Tables as lists; remembers the days that were read."""

    def __init__(self, *decisions: Decision) -> None:
        self.made = list(decisions)
        self.legs_known: list[Order] = []
        self.held: list[Position] = []
        self.known = {"m": MARKET}
        self.shown: Item | None = {"event_at": NOON, "marks": {"m:yes": 550_000}}
        self.days: list[int] = []
        self.said: list[str] = []

    def live(self, account: str) -> Item | None:
        return self.shown if account == "paper" else None

    def decisions_of(self, account: str, day: int) -> Iterator[Decision]:
        self.days.append(day)
        mine = [one for one in self.made if one.account == account and day_of(one.at) == day]
        yield from sorted(mine, key=lambda one: -one.at)

    def orders(self, keys: Sequence[str]) -> list[Order]:
        return [one for one in self.legs_known if one.order_key in keys]

    def legs(self, account: str, decision: Decision) -> list[Order]:
        return [o for o in self.legs_known if o.signal_id == decision.signal_id and o.account == account]

    def positions(self, account: str) -> list[Position]:
        return [one for one in self.held if one.account == account]

    def markets(self, names: Sequence[str]) -> dict[str, Market]:
        return {name: self.known[name] for name in names if name in self.known}

    def explained(self, name: str) -> str:
        """The page about a trade."""
        return "\n".join(page_of(explained(self, "paper", name, self.said.append)))

    def told(self, name: str) -> dict[str, Any]:
        """The same for machines, through JSON and back."""
        plain: dict[str, Any] = json.loads(json.dumps(told(explained(self, "paper", name, self.said.append))))
        return plain


def copied() -> Lists:
    """A purchase that was copied with two orders, and what is held of it."""
    lists = Lists(decision())
    lists.legs_known = [leg(), leg(2, state=OrderState.REJECTED, filled=Shares(0), dead=True, note="400 no", slices=2)]
    lists.held = [position()]
    return lists


# ---------------------------------------------------------------------- what is told


def test_a_copied_trade_is_told_from_the_whale_to_the_result() -> None:
    page = copied().explained(TX)
    for words in (
        f"whale {WALLET}",
        "BUY 1000 shares of Yes at $0.5",
        "Will it rain?",
        "heard 2 s later",
        "COPIED: An order of ours was planned.",
        "overlap 12.0% (at most 30.0%)",
        "size after wins or losses in a row x0.5",
        "confidence of the signal 70.0%",
        "chance to win 60.0% against limit $0.51 and a fee of $0.012495 a share: edge 7.8%",
        "stake $50.00",
        f"{leg_key()}: FILLED, BUY 100 at $0.51 or better (GTC; phase 1, attempt 1)",
        "filled 100 at $0.51 on average, fees $1.25, slippage 200.0 basis points against the $0.5 shown",
        "REJECTED, BUY 100 at $0.51 or better (GTC; phase 1, attempt 1, slice 1 of 2)",
        "note: 400 no",
        "failed for good; a person should look at it",
        "-$3.00 realised; 100 shares held that cost $52.25, $2.75 unrealised at $0.55",
    ):
        assert words in page


def test_the_same_for_machines_has_the_exact_numbers() -> None:
    found = copied().told(TX)
    assert list(found) == ["decisions", "exits", "positions", "markets"]
    (one,) = found["decisions"]
    assert (one["reason"], one["label"], one["p_win"], one["fee_per_share"]) == ("copied", "Copied", 600_000, 12_495)
    assert one["numbers"][0] == {
        "name": "overlap",
        "unit": "share",
        "value": 120_000,
        "limits": {"overlap_max": 300_000},
        "text": "overlap 12.0% (at most 30.0%)",
    }
    first, second = one["orders"]
    assert (first["average"], first["slippage"], first["state"]) == (510_000, 20_000, "FILLED")
    assert (second["average"], second["slippage"], second["dead"]) == (None, None, True)
    (held,) = found["positions"]
    assert (held["realized"], held["mark"], held["unrealized"]) == (-dollars(3), 550_000, 2_750_000)
    assert found["markets"]["m"] == {"question": "Will it rain?", "outcomes": {"m:yes": "Yes", "m:no": "No"}}


def test_a_trade_that_was_not_copied_says_why_and_that_nothing_came_of_it() -> None:
    refused = decision(
        reason=Reason.OVERLAP,
        numbers=(("overlap", 310_000), ("overlap_max", 300_000)),
        not_applicable=("depth", "price_moved"),
        confidence=0,
        p_win=0,
        limit=0,
        stake=0,
        order_key="",
    )
    lists = Lists(refused)
    lists.known = {}
    page = lists.explained(TX[:8])
    assert "WHALES OVERLAP" in page
    assert "overlap 31.0% (at most 30.0%)" in page
    assert "not checked, for want of data: depth, price moved away" in page
    assert "of m:yes at" in page
    assert "nothing was bought" in page
    assert "orders" not in page
    assert lists.told(TX)["decisions"][0]["fee_per_share"] is None


def test_where_neither_order_nor_market_is_known_the_fee_is_not_made_up() -> None:
    lists = Lists(decision(order_key=""))
    lists.known = {}
    assert "chance to win 60.0%\n" in lists.explained(TX)


def test_exits_after_the_trade_are_told_with_their_rule_and_orders() -> None:
    stop = decision(
        at=NOON + DAY,
        side=Side.SELL,
        tx="",
        reason=Reason.STOP_LOSS,
        signal_id="ee" * 16,
        price=430_000,
        order_key="",
        numbers=(("average", 522_500), ("stop_loss", 150_000)),
    )
    mirrored = decision(at=NOON + 2 * SECOND, side=Side.SELL, tx="0xsale", signal_id="dd" * 16)
    earlier = decision(at=NOON - SECOND, side=Side.SELL, tx="0xearly", signal_id="cc" * 16)
    elsewhere = decision(at=NOON + SECOND, side=Side.SELL, token="other", signal_id="bb" * 16)
    lists = copied()
    lists.made += [stop, mirrored, earlier, elsewhere]
    lists.shown = {"event_at": NOON + 2 * DAY}
    lists.held = [position(size=Shares(0), cost=Usd(0))]
    lists.legs_known.append(leg(order_key="x.1", signal_id="ee" * 16, side=Side.SELL, rule="stop_loss", phase=3))
    page = lists.explained(TX)
    assert "Stop-loss, by a rule of ours, at $0.43" in page
    assert "average price $0.5225 (stop-loss below it by 15.0%)" in page
    assert "step 3, attempt 1" in page
    assert "the whale sold, and so did we" in page
    assert page.count("\nexit ") == 2
    assert page.endswith("-$3.00 realised")


def test_a_position_without_a_last_price_has_no_unrealised_result() -> None:
    lists = copied()
    lists.shown = {"event_at": NOON}
    assert "unrealised" not in lists.explained(TX)
    assert lists.told(TX)["positions"][0]["unrealized"] is None


def test_an_order_of_an_empty_book_has_an_average_but_no_slippage() -> None:
    lists = copied()
    lists.legs_known = [leg(reference=0)]
    page = lists.explained(TX)
    assert "filled 100 at $0.51 on average, fees $1.25\n" in page


def test_of_a_long_burst_the_first_are_told_and_the_rest_counted() -> None:
    lists = copied()
    joined = [decision(at=NOON + n, tx=f"0xj{n}", reason=Reason.JOINED_BURST, order_key="") for n in range(1, 20)]
    lists.made += joined
    page = lists.explained(SIGNAL)
    assert page.count(f"signal {SIGNAL}") == DECISIONS_TOLD
    assert "and 8 more: Part of a burst 8" in page
    assert page.count("  orders\n") == 1


# ---------------------------------------------------------------------- how it is found


@pytest.mark.parametrize("name", [TX, TX[:6], SIGNAL, SIGNAL[:10], leg_key(number=2), f"{WALLET}:m:yes"])
def test_a_trade_is_found_by_each_of_its_names(name: str) -> None:
    assert [one["tx"] for one in copied().told(name)["decisions"]] == [TX]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("0x1", "TRADE_ID must have at least 6 characters, not '0x1'"),
        ("0xabcdef", "TRADE_ID '0xabcdef' names no decision of the last 30 days"),
        (f"{WALLET}:other", "names no decision"),
        (f"{'0' * 32}.1", f"TRADE_ID '{'0' * 32}.1' names no order"),
    ],
)
def test_an_unknown_id_is_one_sentence(name: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence.replace(".", r"\.")):
        copied().explained(name)


def test_a_beginning_of_several_hashes_asks_for_more_of_it() -> None:
    lists = Lists(decision(), decision(at=NOON - SECOND, tx=TX[:-1] + "2", signal_id="dd" * 16))
    with pytest.raises(BadInput, match=f"is the beginning of 2 ids, such as .* and {TX}: give more of it"):
        lists.explained(TX[:10])
    assert "COPIED" in lists.explained(TX)


def test_a_beginning_of_several_signals_asks_for_more_of_it() -> None:
    lists = Lists(decision(), decision(at=NOON - SECOND, tx="0xother", signal_id=SIGNAL[:-1] + "f"))
    with pytest.raises(BadInput, match="is the beginning of 2 ids"):
        lists.explained(SIGNAL[:8])


def test_an_account_without_figures_is_told_so() -> None:
    lists = Lists()
    lists.shown = None
    with pytest.raises(BadInput, match="has decided nothing yet"):
        lists.explained(TX)


def test_the_search_ends_with_the_day_of_a_whole_id_and_after_thirty_days_otherwise() -> None:
    lists = Lists(decision(at=NOON - 3 * DAY))
    lists.explained(TX)
    assert lists.days == [day_of(NOON) - n for n in range(4)]
    lists.days.clear()
    lists.explained(TX[:10])
    assert len(lists.days) == DAYS
    late = Lists(decision(at=NOON - DAYS * DAY))
    with pytest.raises(BadInput, match="names no decision"):
        late.explained(TX)
    edge = Lists(decision(at=NOON - (DAYS - 1) * DAY))
    assert "COPIED" in edge.explained(TX)


def test_an_order_is_looked_for_no_further_back_than_its_signal() -> None:
    lists = copied()
    lists.explained(leg_key())
    assert lists.days == [day_of(NOON)]


def test_of_a_wallet_and_token_the_latest_fifty_are_told() -> None:
    made = [decision(at=NOON - n * SECOND, tx=f"0x{n}", signal_id=f"{n:032x}") for n in range(60)]
    lists = Lists(*made)
    found = lists.told(f"{WALLET}:m:yes")["decisions"]
    assert [one["tx"] for one in found] == [f"0x{n}" for n in range(49, -1, -1)]
    assert lists.days == [day_of(NOON)]


def test_a_long_search_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRESS_EVERY_S", 0.0)
    lists = copied()
    lists.explained(TX)
    assert lists.said == [f"  1 decisions looked through, back to {iso_day(NOON)}"]


# ---------------------------------------------------------------------- on the real tables


def test_the_command_tells_what_the_tables_hold(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = embedded.account()
    Views(account, embedded.tables).put_live({"event_at": NOON})
    DurableStore(embedded.backend(account), 1).decide([decision(account=account)])
    monkeypatch.setenv("ACCOUNT", account)
    monkeypatch.setenv("TABLE_PREFIX", "test-")
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.server.url)
    assert main(["explain", TX]) == 0
    assert "COPIED: An order of ours was planned." in capsys.readouterr().out
    assert main(["explain", TX, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"][0]["tx"] == TX
    assert main(["explain", "0xabcdef"]) == 2
    assert "names no decision" in capsys.readouterr().err
