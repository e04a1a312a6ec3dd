from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.adapters.paper.cancelling import ended_by
from shared.adapters.paper.orders import PaperOrder
from shared.domain.ledger import Fill
from shared.domain.money import Shares, Usd
from shared.domain.order import FINAL, OrderState
from tests.contracts.store.records import buy

instants = st.integers(1, 1_000)


@st.composite
def papers(draw: st.DrawFn) -> list[PaperOrder]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        planned = draw(instants)
        order = buy("a", f"i{number}", at=planned)
        ats = sorted(planned + draw(instants) for _ in range(draw(st.integers(0, 2))))
        fills = tuple(
            Fill(f"t{place}", order.order_key, 400_000, Shares(1_000_000), Usd(0), at) for place, at in enumerate(ats)
        )
        state = draw(st.sampled_from(OrderState))
        made.append(PaperOrder(order, state, planned + 1, fills, ended_at=planned if state in FINAL else 0))
    return made


@given(papers(), instants, instants)
def test_exactly_the_open_orders_planned_before_it_end(all_: list[PaperOrder], cancel_at: int, now: int) -> None:
    ended = ended_by(cancel_at, all_, now)
    meant = [one for one in all_ if one.state not in FINAL and one.order.planned_at < cancel_at]
    assert [one.order for one in ended] == [one.order for one in meant]
    assert all(one.state is OrderState.CANCELED and one.note for one in ended)


@given(papers(), instants, instants)
def test_what_was_filled_stays_filled_and_nothing_ends_before_its_last_fill(
    all_: list[PaperOrder], cancel_at: int, now: int
) -> None:
    before = {one.order.order_key: one for one in all_}
    for one in ended_by(cancel_at, all_, now):
        assert one.fills == before[one.order.order_key].fills
        assert all(fill.venue_at <= one.ended_at for fill in one.fills)
        assert one.ended_at <= max([cancel_at, *(fill.venue_at for fill in one.fills)])


@given(papers(), instants, instants)
def test_ended_twice_is_ended_once(all_: list[PaperOrder], cancel_at: int, now: int) -> None:
    ended = {one.order.order_key: one for one in ended_by(cancel_at, all_, now)}
    after = [ended.get(one.order.order_key, one) for one in all_]
    assert ended_by(cancel_at, after, now + 1) == []


def test_without_a_cancel_all_nothing_ends() -> None:
    paper = PaperOrder(buy("a", "i"), OrderState.LIVE, 1)
    assert ended_by(0, [paper, replace(paper, state=OrderState.PLANNED)], 10**19) == []
