"""What the paper venue does when an order executes: the fill, its fee or rebate, its place in the register, the notice,
and how it settles afterwards.
"""

from msgspec.structs import replace

from shared.adapters.paper.agenda import Action, Agenda, Due
from shared.adapters.paper.orders import PaperOrder, PaperTimes, Terms, VenueSettings
from shared.adapters.paper.register import Register
from shared.adapters.paper.settlement import Settlement
from shared.adapters.paper.wallet import Wallet
from shared.domain.instants import end_of_day, iso_day
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import FillStatus, OrderFilled
from shared.domain.money import Fraction, Price, Shares, Usd, part, taker_fee
from shared.domain.order import FINAL, Order, OrderState
from shared.ports import Answer

TAKER = "taker"
MAKER = "maker"
_FINAL = (SettlementStatus.CONFIRMED, SettlementStatus.FAILED)


class Executions:
    """Makes fills and lets them settle. ``terms`` is what markets were told to ask for, by token."""

    def __init__(
        self,
        seed: int,
        register: Register,
        agenda: Agenda,
        times: PaperTimes,
        settings: VenueSettings,
        wallet: Wallet,
    ) -> None:
        self.wallet = wallet
        self.terms: dict[str, Terms] = {}
        self._register = register
        self._agenda = agenda
        self._times = times
        self._settings = settings
        self._settlement = Settlement(seed, settings.settlement)
        self._rebate_days: dict[int, None] = {}

    def rate(self, order: Order) -> Fraction:
        """The taker fee rate that counts for an order."""
        terms = self.terms.get(order.token)
        return order.fee_rate if terms is None or terms.fee_rate is None else terms.fee_rate

    def execute(
        self,
        paper: PaperOrder,
        parts: list[tuple[int, Shares]],
        at: int,
        liquidity: str,
        left_as: OrderState = OrderState.PARTIAL,
        tx: str = "",
    ) -> list[Answer]:
        """The order executes in these (price, size) parts, which are kept together before anyone hears of them.

        Whatever is not filled by them stands as ``left_as`` from now on.
        """
        order, fills, settled = paper.order, list(paper.fills), dict(paper.settled)
        made: list[Fill] = []
        for price, size in parts:
            name = f"{tx}-{order.order_key[:8]}" if tx else order.order_key
            made.append(self._fill(order, f"paper-{name}-{len(fills) + 1}", price, size, at, liquidity))
            fills.append(made[-1])
            if self._settlement.settings.enabled:
                settled[made[-1].trade_id] = SettlementStatus.MATCHED
        filled = sum(fill.size for fill in fills)
        state = OrderState.FILLED if filled == order.size else left_as
        ended_at = at if state in FINAL else 0
        changes = {"fills": tuple(fills), "state": state, "rests": True, "settled": settled, "ended_at": ended_at}
        self._register.keep(replace(paper, **changes))
        heard = at + self._times.notice_ns
        answers: list[Answer] = []
        for fill in made:
            self.wallet.book(order, fill)
            answers.append(Answer(heard, at, OrderFilled(fill)))
            answers += self._told(fill, SettlementStatus.MATCHED, at)
            self._agenda_of(fill, SettlementStatus.MATCHED)
        return answers

    def _fill(self, order: Order, trade_id: str, price: int, size: Shares, at: int, liquidity: str) -> Fill:
        rate = self.rate(order)
        fee = taker_fee(size, Price(price), rate)
        settles = self._settlement.settings.enabled
        if liquidity == TAKER:
            return Fill(trade_id, order.order_key, price, size, fee, at, TAKER, settles=settles)
        crypto = rate == CRYPTO_TAKER_FEE
        rebate = part(fee, self._settings.crypto_rebate if crypto else self._settings.other_rebate)
        self.pays_rebate(at)
        return Fill(trade_id, order.order_key, price, size, Usd(0), at, MAKER, rebate, settles)

    def pays_rebate(self, at: int) -> None:
        """What makers earned on this day is paid out at its end."""
        ends = end_of_day(at)
        if self._settings.rebates and ends not in self._rebate_days:
            self._rebate_days[ends] = None
            self._agenda.add(ends, Action(Due.REBATE, iso_day(at)))

    # ------------------------------------------------------------------ settlement

    def _told(self, fill: Fill, status: SettlementStatus, at: int) -> list[Answer]:
        if not self._settlement.settings.enabled:
            return []
        return [Answer(at + self._times.notice_ns, at, FillStatus(fill.trade_id, fill.order_key, status))]

    def _agenda_of(self, fill: Fill, status: SettlementStatus) -> None:
        """What comes next for an execution that has come this far."""
        if not self._settlement.settings.enabled or status in _FINAL:
            return
        mined = self._settlement.mined_at(fill.trade_id, fill.venue_at)
        if status is SettlementStatus.MATCHED:
            self._agenda.add(mined, Action(Due.MINE, fill.order_key, trade_id=fill.trade_id))
        else:
            confirmed = mined + self._settlement.settings.confirmed_ns
            self._agenda.add(confirmed, Action(Due.CONFIRM, fill.order_key, trade_id=fill.trade_id))

    def reopen(self, paper: PaperOrder) -> None:
        """After a restart: what was settling goes on settling."""
        for fill in paper.fills:
            self._agenda_of(fill, paper.settled.get(fill.trade_id, SettlementStatus.CONFIRMED))

    def settle(self, action: Action, at: int, gained: bool) -> list[Answer]:
        """An execution is mined, fails, or is confirmed. ``gained``: it could be closed at a profit now."""
        paper = self._register.orders[action.key]
        fill = next(one for one in paper.fills if one.trade_id == action.trade_id)
        if action.due is Due.CONFIRM:
            status = SettlementStatus.CONFIRMED
        elif self._settlement.fails(fill.trade_id, gained):
            status = SettlementStatus.FAILED
        else:
            status = SettlementStatus.MINED
        self._register.keep(replace(paper, settled={**paper.settled, fill.trade_id: status}))
        if status is SettlementStatus.FAILED:
            self.wallet.book(paper.order, fill, -1)
        self._agenda_of(fill, status)
        return self._told(fill, status, at)

    def price_of(self, action: Action) -> tuple[Order, int]:
        """The order and the price of an execution that is settling."""
        paper = self._register.orders[action.key]
        return paper.order, next(fill.price for fill in paper.fills if fill.trade_id == action.trade_id)

    def repeat(self, paper: PaperOrder, at: int, answer_at: int) -> list[Answer]:
        """Every fill of an order again, and how far each has settled."""
        answers = [Answer(answer_at, fill.venue_at, OrderFilled(fill)) for fill in paper.fills]
        for trade_id, status in paper.settled.items():
            answers.append(Answer(answer_at, at, FillStatus(trade_id, paper.order.order_key, status)))
        return answers
