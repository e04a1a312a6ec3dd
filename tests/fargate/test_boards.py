"""How risk stands, as people are shown it, of an engine that was brought there by real events."""

import msgspec

from fargate.boards import changes_of, risk_of, tripped, utilisation
from shared.adapters.dynamo.views import RISK_MAX_BYTES
from shared.domain.change import Mode
from shared.domain.instants import HOUR, SECOND
from shared.domain.ledger import Fill
from shared.domain.messages import FeedHealth, FiguresPublished, OrderFilled
from shared.domain.money import ONE, Fraction, Shares, Usd, dollars
from shared.domain.tables import Figures
from shared.engine.bounds import BOUNDS
from shared.engine.limits import Limits
from shared.research.rounds import Rounds
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.test_relimit import BASE, another, text_of

WIDE = Limits(position_of_equity=Fraction(100_000))


def used(house: House, name: str) -> tuple[int, int, str]:
    row = next(row for row in utilisation(house.engine.desk, house.now) if row["name"] == name)
    return int(str(row["used"])), int(str(row["limit"])), str(row["unit"])


def test_an_account_at_rest_uses_nothing_of_any_limit() -> None:
    house = House().ready()
    rows = utilisation(house.engine.desk, house.now)
    assert {row["used"] for row in rows} == {0}
    assert "week_lost" not in [row["name"] for row in rows]  # the copy profile has none
    assert house.engine.desk.risk.standing(house.now) == []


def test_money_at_stake_is_told_in_all_and_where_most_of_it_is() -> None:
    house = House(WIDE, RATIO).ready()
    house.bought()
    cost = sum(p.cost for held in house.engine.desk.positions.values() for p in held.values())
    for name in ("portfolio", "position", "market", "whale"):
        assert used(house, name)[0] == cost > 0
    assert used(house, "portfolio")[1:] == (dollars(10_000), "usd")
    assert used(house, "positions") == (ONE, 50 * ONE, "count")
    assert used(house, "entries")[0] == ONE


def test_cash_held_for_open_orders_is_at_stake_too() -> None:
    house = House(WIDE, RATIO).ready()
    sent = house.copied()
    assert used(house, "position")[0] == used(house, "portfolio")[0] == sent.reserved


def test_losses_are_measured_against_the_days_limit() -> None:
    house = House(WIDE, RATIO).ready()
    lost = house.lose()
    assert used(house, "day_lost") == (lost, dollars(500), "usd")
    assert used(house, "drawdown")[2] == "share"
    assert used(house, "drawdown")[0] > 0
    assert used(house, "losses_in_a_row") == (ONE, 5 * ONE, "count")


def test_a_share_of_equity_that_is_a_limit_narrows_the_portfolio() -> None:
    house = House(Limits(exposure_of_equity=Fraction(300_000), weekly_loss_usd=dollars(800)), RATIO).ready()
    assert used(house, "portfolio")[1] == dollars(3_000)
    assert used(house, "week_lost")[1] == dollars(800)


def test_looking_does_not_trip_what_the_engine_has_not_seen_itself() -> None:
    house = House(Limits(daily_loss_usd=dollars(1), position_of_equity=Fraction(100_000)), RATIO).ready()
    house.bought()
    house.engine.desk.marks.price("m:yes", 100_000)
    risk = house.engine.desk.risk
    peak, latched = risk.peak, dict(risk._latched)
    assert tripped(risk, house.now) == []
    assert (risk.peak, risk._latched) == (peak, latched)
    risk.look(house.now)
    assert "HALT daily_loss" in tripped(risk, house.now)


def test_breakers_are_named_with_what_they_do_and_whom_they_concern() -> None:
    house = House().ready()
    house.give(FeedHealth("switch", healthy=False, reason="no answer"))
    assert tripped(house.engine.desk.risk, house.now) == ["HALT feed switch"]
    house.kill()
    assert [one.name for one in house.engine.desk.risk.standing(house.now)] == ["kill_switch", "feed"]
    assert tripped(house.engine.desk.risk, house.now) == ["HALT feed switch"]


def test_figures_are_told_once_there_are_some() -> None:
    house = House().ready()
    view = risk_of(house.engine, Rounds(), house.now, [])
    assert view["figures"] is None
    stress = {"edge_gone": -dollars(40), "calm": dollars(1)}
    figures = Figures(house.now, Usd(dollars(100)), Usd(dollars(150)), Usd(dollars(120)), Usd(dollars(180)), stress)
    house.give(FiguresPublished(figures))
    view = risk_of(house.engine, Rounds(), house.now, [])
    assert isinstance(view["figures"], dict)
    assert view["figures"]["var_95"] == dollars(100)
    assert list(view["figures"]["stress"]) == ["edge_gone", "calm"]
    assert used(house, "var")[:2] == (dollars(100), dollars(1_000))
    assert used(house, "stress")[0] == dollars(40)


def test_executions_that_may_still_fail_are_counted_with_their_worth() -> None:
    house = House(WIDE, RATIO).ready()
    sent = house.copied()
    house.accept(sent)
    fill = Fill("t", sent.order_key, 500_000, Shares(10 * ONE), Usd(0), house.now, settles=True)
    house.give(OrderFilled(fill), SECOND)
    settlement = risk_of(house.engine, Rounds(), house.now, [])["settlement"]
    assert isinstance(settlement, dict)
    assert (settlement["unsettled"], settlement["unsettled_usd"], settlement["failed"]) == (1, dollars(5), 0)


def test_the_view_is_plain_data_and_bounded_with_everything_tripped() -> None:
    house = House().ready()
    for n in range(100):
        house.engine.desk.risk.feeds_down[f"feed-{n}"] = "x" * 5_000
    house.engine.desk.risk.needs = tuple(house.engine.desk.risk.feeds_down)
    house.give(trade(), HOUR)
    alerts: list[dict[str, object]] = [{"text": "é" * 240}] * 20
    view = risk_of(house.engine, Rounds(), house.now, alerts)
    assert len(msgspec.json.encode(view)) < 64 * 1024
    breakers = view["breakers"]
    assert isinstance(breakers, list)
    assert len(breakers) == 17


def test_what_people_changed_is_shown_beside_what_is_in_force() -> None:
    house = House().ready()
    house.change("a", limits={"kelly": "0.1"}, mode=Mode.OBSERVE, pinned=("0x" + "a" * 40,))
    house.change("b", limits={"kelly": "0.7"})
    told = changes_of(house.engine.changes)
    assert (told["limits"], told["mode"], told["pinned"]) == ({"kelly": "0.1"}, "observe", ("0x" + "a" * 40,))
    assert (told["made"], told["refused"]) == (["a"], {"b": "kelly must not exceed 0.5, not 0.7"})
    assert msgspec.convert(told["in_force"], Limits) == house.engine.limits
    assert (told["settings"], told["stage"]) == ({"kelly": house.engine.changes.base.kelly}, "")
    assert told["answers"] == [
        {"id": "a", "at": house.now, "words": f"kelly=0.1, mode observe, 0x{'a' * 40} is pinned (test)", "refused": ""},
        {"id": "b", "at": house.now, "words": "kelly=0.7 (test)", "refused": "kelly must not exceed 0.5, not 0.7"},
    ]


def test_the_view_of_risk_keeps_its_size_however_much_was_changed() -> None:
    house = House().ready()
    house.change(limits={bound.name: text_of(bound, another(bound, BASE)) for bound in BOUNDS[:20]})
    for n in range(300):
        house.change(pinned=(f"0x{n:040x}",), unpinned=(f"0x{n + 1_000:040x}",))
        house.change(f"refused-{n}", limits={"x" * 500: "1"})
    house.lose()
    view = risk_of(house.engine, Rounds(), house.now, [])
    assert len(house.engine.changes.pinned) == 300
    assert len(msgspec.json.encode(view)) < RISK_MAX_BYTES // 2
