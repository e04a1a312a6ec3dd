"""What we hold: its marks, and the exits that rules of ours demand, until nothing is left of a position.

Prices are those a person could have sold at: the best bid of a book that is fit to act on, or the last print where no
book is known. An exit is pressed on at every change of the book, with every answer, and once a second.
"""

from shared.domain.decision import Decision, Reason
from shared.domain.effects import Alert, Effect, RecordDecision
from shared.domain.ledger import Fill, Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import Shares, format_micro
from shared.domain.order import Order, Side
from shared.engine.books import Book
from shared.engine.desk import Desk
from shared.engine.execution import Wanted, wanted_out
from shared.engine.exits import NEVER, Exits, Trigger
from shared.engine.leaving import Slip, sellable_bid
from shared.engine.ledger import shares_room
from shared.engine.limits import Limits
from shared.engine.phases import Leg


class Holdings:
    """See the module. ``left`` counts the exits that our rules have begun, by reason."""

    def __init__(
        self, account: str, limits: Limits, desk: Desk, books: dict[str, Book], markets: dict[str, Market]
    ) -> None:
        self.left: dict[Reason, int] = {}
        self._exits = Exits(limits)
        self._account = account
        self._limits = limits
        self._desk = desk
        self._books = books
        self._markets = markets
        self._held = desk.marks.held
        self._wanted: dict[str, Wanted] = {}
        self._flat = False
        """Everything is to be sold, until trading is resumed: also what a late fill or a failed sale brings back."""
        self._closes: dict[str, int] = {}
        """When trading ends for good in up/down markets that we are leaving."""
        desk.on_position = self._repositioned

    def relimit(self, limits: Limits) -> None:
        """Other limits: for what is held, and for exits under way from their next step on."""
        self._limits = limits
        self._exits.relimit(limits, self._markets)

    def look(self, at: int) -> list[Effect]:
        """Every position by the book of its token as it stands, not only when that changes."""
        return [effect for token in list(self._held) for effect in self.booked(token, at)]

    def _repositioned(self, position: Position) -> None:
        self._exits.reposition(position, self._markets.get(position.market))

    def leaves(self, key: str) -> bool:
        """Whether a rule of ours is leaving the position of this key."""
        return key in self._wanted

    def market(self, market: Market) -> None:
        """A market's data changed."""
        if market.market in self._desk.positions:
            self._exits.market(market)
            self._note(market)

    def _note(self, market: Market | None) -> None:
        """An up/down market ends by the clock (an event's end is a date, not a bell): then its resolution counts."""
        if market is not None and market.kind is MarketKind.CRYPTO_UPDOWN and market.end_at is not None:
            self._closes[market.market] = market.end_at

    def forget(self, market: str) -> list[Effect]:
        """A market has resolved: what our rules had not sold yet is settled with the rest."""
        self._closes.pop(market, None)
        slips = self._exits.forget(market)
        return [alert for slip in slips for alert in self._done(slip)]

    # ------------------------------------------------------------------ prices

    def bid(self, token: str, at: int) -> int:
        """What the token's shares could be sold at by its book; 0 where no book says so."""
        return sellable_bid(self._books.get(token), at, self._limits.book_max_age_ns)

    def booked(self, token: str, at: int) -> list[Effect]:
        """The book of a held token has changed."""
        bid = self.bid(token, at)
        return self._priced(token, bid, at) if bid else []

    def printed(self, token: str, price: int, at: int) -> list[Effect]:
        """A held token was traded at a price, which counts where no book says what it could be sold for."""
        if self.bid(token, at):
            return []
        self._desk.marks.price(token, price)
        return self._priced(token, price, at)

    def _priced(self, token: str, sellable: int, at: int) -> list[Effect]:
        triggers = self._exits.marked(token, sellable, at)
        if not triggers and not self._wanted:
            return []
        effects = [effect for trigger in triggers for effect in self._begin(trigger)]
        for key in self._exits.leaving(token):
            effects += self._press(key, at)
        return effects

    def pulse(self, at: int) -> list[Effect]:
        """A second has passed: marks follow the books, time exits fall due, exits under way are pressed."""
        if self._books:
            for token, entry in self._held.items():
                bid = self.bid(token, at)
                if bid and bid != entry[1]:
                    self._desk.marks.price(token, bid)
        effects = [effect for trigger in self._exits.due(at) for effect in self._begin(trigger)]
        if self._flat:
            effects += self.flatten(at)
        for key, wanted in list(self._wanted.items()):
            if at < self._closes.get(wanted.market, NEVER):
                effects += self._press(key, at)
        return effects

    # ------------------------------------------------------------------ leaving

    def flatten(self, at: int) -> list[Effect]:
        """Leave everything, because a person says so; what a rule was leaving too, which would stop with trading."""
        self._flat = True
        triggers = [self._overruled(key, at) for key, one in self._wanted.items() if one.rule != Reason.EMERGENCY_EXIT]
        return [effect for trigger in (*triggers, *self._exits.flatten(at)) for effect in self._begin(trigger)]

    def stay(self) -> None:
        """Trading goes on: what is brought back or bought from now on is held."""
        self._flat = False

    def _overruled(self, key: str, at: int) -> Trigger:
        position = self._desk.books.positions[key]
        price = self.bid(position.token, at)
        return Trigger(position, Reason.EMERGENCY_EXIT, at, price, (("sellable", price),))

    def _begin(self, trigger: Trigger) -> list[Effect]:
        """A rule has decided: say so, take back what else is being sold or bought of it, and begin."""
        position, rule, at = trigger.position, trigger.rule, trigger.at
        self.left[rule] = self.left.get(rule, 0) + 1
        market = self._markets.get(position.market)
        wanted = wanted_out(position, rule.value, at, trigger.price, market)
        self._wanted[position.key] = wanted
        self._note(market)
        decision = Decision(
            at,
            at,
            self._account,
            position.strategy,
            wanted.signal_id,
            position.source,
            position.market,
            position.token,
            Side.SELL,
            trigger.price,
            position.size,
            "",
            rule,
            numbers=trigger.numbers,
        )
        size, price = format_micro(position.size), format_micro(trigger.price)
        return [
            RecordDecision(decision),
            Alert(3, "exit", f"{rule.value}: leaving {size} shares of {position.token} at {price}"),
            *self._desk.cancel_sleeve(position, but=wanted.signal_id),
            *self._press(position.key, at),
        ]

    def _press(self, key: str, at: int) -> list[Effect]:
        """The next order of an exit under way, if one can be sent now; or its end."""
        desk, wanted = self._desk, self._wanted.get(key)
        if wanted is None:
            return []
        market, book = self._markets.get(wanted.market), self._books.get(wanted.token)
        if book is None and market is not None and self._exits.idle(key, market, at):
            return []
        intent = desk.execution.intent_of(wanted.signal_id)
        if intent is not None and intent.open_key:
            return []
        slip = self._exits.ended(key)
        if slip is not None:
            return self._done(slip)
        if market is None or wanted.market in desk.payouts or desk.books.merging_in(wanted.market):
            return []
        if at >= self._closes.get(wanted.market, NEVER) or desk.risk.exit_rate_reached(at):
            return []
        if desk.closing or (not desk.risk.trading and wanted.rule != Reason.EMERGENCY_EXIT):
            return []
        sleeve = f"{wanted.strategy}/{wanted.source}"
        free = Shares(desk.books.room.get(shares_room(wanted.token, sleeve), 0))
        entry = self._held.get(wanted.token)
        step = self._exits.step(key, book, 0 if entry is None else entry[1], free, market, at)
        if step is None:
            return []
        # Without any book there is nothing to re-price by but prints, which an order at rest hears of as well.
        life = step.life_ns if book is not None else max(step.life_ns, self._limits.order_life_ns)
        leg = Leg(step.limit, step.size, phase=step.number, life_ns=life)
        return desk.plan(desk.execution.new_order(wanted, leg, at, step.order_type))

    def sold(self, order: Order, fill: Fill) -> None:
        """A sale of ours was executed, and is booked."""
        self._exits.sold(f"{order.token}#{order.sleeve}", fill.price, fill.size)

    def ended(self, order: Order, at: int) -> list[Effect]:
        """An order has ended: the next one of an exit from its position that is under way, or the end of that exit."""
        return self._press(f"{order.token}#{order.sleeve}", at)

    def _done(self, slip: Slip) -> list[Effect]:
        """An exit is over: told to people where it got less than it was begun for, or sold too late."""
        del self._wanted[slip.position_key]
        if not slip.slipped and not slip.unfinished:
            return []
        left, begun = format_micro(slip.left), format_micro(slip.trigger)
        got = f"{format_micro(slip.size)} sold at {format_micro(slip.average)} on average" if slip.size else "none sold"
        ended = " before the market resolved" if slip.unfinished else ""
        text = f"{slip.rule.value} of {slip.position_key}: begun at {begun}, {got} in {slip.steps} orders{ended}"
        severity, name = (2, "exit_slipped") if slip.slipped else (3, "exit_unfinished")
        return [Alert(severity, name, f"{text}, {left} left")]

    # ------------------------------------------------------------------ recovery

    def recover(self, at: int) -> None:
        """After a restart: exits that an earlier life had begun go on.

        How high a price had been before, which the trailing stop looks at, is forgotten.
        """
        desk = self._desk
        held = {key: position for inside in desk.positions.values() for key, position in inside.items()}
        begun: dict[str, tuple[Order, Wanted]] = {}
        for order in desk.books.orders.values():
            key = f"{order.token}#{order.sleeve}"
            position = held.get(key)
            if position is None:
                continue
            if order.side is Side.BUY:
                begun.pop(key, None)  # nothing is bought of what is being left: that exit had ended
            elif order.rule:
                market = self._markets.get(position.market)
                wanted = wanted_out(position, order.rule, order.signal_at, order.target, market)
                if wanted.signal_id == order.signal_id:
                    begun[key] = (order, wanted)
        for key, (order, wanted) in begun.items():
            self._exits.resume(held[key], Reason(order.rule), order.target, at)
            if key in self._exits.leaving(order.token):
                self._wanted[key] = wanted
                self._note(self._markets.get(wanted.market))
