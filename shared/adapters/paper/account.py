"""The account at the paper venue: its wallet, and what moves it besides executions (deposits, redemptions, merges,
rebates). Each movement is in the venue's own log before anyone hears of it, and happens once.
"""

from shared.adapters.paper.orders import Movement, MovementKind, PaperLog
from shared.adapters.paper.register import Register
from shared.adapters.paper.wallet import Wallet
from shared.domain.instants import iso_day
from shared.domain.ledger import PUSD, Fill, SettlementStatus
from shared.domain.messages import Merged, MergeReverted, RebatePaid, Redeemed
from shared.domain.money import ONE, Shares, value

LEAST_REBATE = ONE
"""Rebates below a dollar a day are not paid (polymarket.md 1.8)."""


class Account:
    """See the module. ``tokens``: of each market that was told."""

    def __init__(self, log: PaperLog, register: Register) -> None:
        self.wallet = Wallet()
        self.tokens: dict[str, tuple[str, ...]] = {}
        self._log = log
        self._register = register
        self._moved: dict[str, Movement] = {}
        self._payouts: dict[str, dict[str, int]] = {}
        for movement in log.movements():
            self._take(movement)
        for paper in register.orders.values():
            for fill in paper.fills:
                if paper.settled.get(fill.trade_id) is not SettlementStatus.FAILED:
                    self.wallet.book(paper.order, fill)

    def _note(self, movement: Movement) -> None:
        self._log.note(movement)
        self._take(movement)

    def _take(self, movement: Movement) -> None:
        self._moved[movement.ref] = movement
        match movement.kind:
            case MovementKind.PAYOUT:
                self._payouts[movement.market] = movement.amounts
                return
            case MovementKind.DEPOSIT:
                self.wallet.fund()
            case MovementKind.TOLD:
                for asset in movement.amounts:
                    self.wallet.tell(asset)
            case _:
                pass
        self.wallet.move(movement.amounts)

    # ------------------------------------------------------------------ from outside

    def tell(self, asset: str, amount: int) -> None:
        """The account holds this much of an asset (millionths), whatever was known before."""
        ref = f"told/{len(self._moved)}"
        self._note(Movement(ref, MovementKind.TOLD, 0, {asset: amount - self.wallet.held.get(asset, 0)}))

    def deposit(self, ref: str, amount: int, at: int) -> None:
        """Micro-dollars enter the wallet, once per ``ref``."""
        if f"deposit/{ref}" not in self._moved:
            self._note(Movement(f"deposit/{ref}", MovementKind.DEPOSIT, at, {PUSD: amount}))

    def resolved(self, market: str, payouts: dict[str, int], at: int) -> None:
        """What the shares of a market pay from now on; a market in which the account never had an order is not kept."""
        ref = f"payout/{market}"
        if market in self._register.in_market and ref not in self._moved:
            self._note(Movement(ref, MovementKind.PAYOUT, at, payouts, market))

    # ------------------------------------------------------------------ asked for

    def redeem(self, market: str, at: int) -> Redeemed | None:
        """Pay out what is held of a resolved market; None where it has not resolved (the transaction reverts)."""
        payouts = self._payouts.get(market)
        if payouts is None:
            return None
        held = {token: self.wallet.held.get(token, 0) for token in payouts}
        amounts = {token: -size for token, size in held.items() if size > 0}
        if amounts:
            paid = sum(value(Shares(held[token]), payouts[token]) for token in amounts)
            ref = f"redeem/{market}/{len(self._moved)}"
            self._note(Movement(ref, MovementKind.REDEEM, at, {**amounts, PUSD: paid}, market))
        return Redeemed(market)

    def merge(self, market: str, size: Shares, ref: str, at: int) -> Merged | MergeReverted:
        """Turn shares of each outcome into dollars, once per ``ref``; it reverts where they are not there."""
        if f"merge/{ref}" not in self._moved:
            tokens = self.tokens.get(market, ())
            if len(tokens) < 2 or size <= 0 or any(self.wallet.held.get(token, 0) < size for token in tokens):
                return MergeReverted(market, ref)
            amounts = {**{token: -int(size) for token in tokens}, PUSD: int(size)}
            self._note(Movement(f"merge/{ref}", MovementKind.MERGE, at, amounts, market))
        return Merged(market, size, ref)

    # ------------------------------------------------------------------ rebates

    def rebate(self, day: str, at: int) -> RebatePaid | None:
        """Pay what the executions of a UTC day have earned their maker, once; None where that is less than a dollar."""
        ref = f"rebate/{day}"
        known = self._moved.get(ref)
        if known is not None:
            return RebatePaid(ref, known.amounts[PUSD])
        earned = sum(fill.rebate for fill in self._made_on(day))
        if earned < LEAST_REBATE:
            return None
        self._note(Movement(ref, MovementKind.REBATE, at, {PUSD: earned}))
        return RebatePaid(ref, earned)

    def rebate_days(self) -> list[int]:
        """An instant of each day with a rebate that is still to be paid, and of the last one that was."""
        days: dict[str, int] = {}
        for _, fill in self._register.executed.since(0):
            if fill.rebate:
                days[iso_day(fill.venue_at)] = fill.venue_at
        paid = [day for day in days if f"rebate/{day}" in self._moved]
        return [at for day, at in days.items() if day not in paid[:-1]]

    def _made_on(self, day: str) -> list[Fill]:
        failed = SettlementStatus.FAILED
        return [
            fill
            for key, fill in self._register.executed.since(0)
            if iso_day(fill.venue_at) == day and self._register.orders[key].settled.get(fill.trade_id) is not failed
        ]
