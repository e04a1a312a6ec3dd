"""What the bot answers: a few lines of plain text that read well on a phone. It tells and stops; it never resumes."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from shared.adapters.control.stopping import Stopped
from shared.adapters.telegram.update import Message
from shared.domain.instants import iso, rough_span
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.money import format_fixed
from shared.ports import Switch

LONGEST = 4_000
SHOWN = 10
HELP = "/status /positions /pnl /whales /mode tell how it stands; /kill [why] stops trading."
NEVER = "Telegram can stop, never resume: that takes the control API and a second factor."
Item = dict[str, Any]


class Told(Protocol):
    """The readers, as far as answers need them."""

    def live(self, account: str) -> Item | None:
        """The live item."""

    def risk(self, account: str) -> Item | None:
        """How risk stands."""

    def switch(self, account: str) -> Switch:
        """The kill switch."""

    def positions(self, account: str) -> list[Position]:
        """Every position."""

    def whales(self, account: str) -> list[Item]:
        """The followed wallets."""

    def markets(self, names: list[str]) -> dict[str, Market]:
        """What is known of the named markets."""


class Asked(Struct, frozen=True):
    """A command and what follows it."""

    command: str
    rest: str


def asked(message: Message) -> Asked:
    """``/kill@our_bot why so`` is ``/kill``; a reply's quoted first line says what it is about."""
    first, _, rest = message.text.strip().partition(" ")
    command = first.partition("@")[0].lower()
    quoted = message.reply_to_message.text.strip().splitlines() if message.reply_to_message else []
    about = f"in reply to: {quoted[0]}" if quoted else ""
    return Asked(command, " ".join(f"{rest} {about}".split()))


def answer(readers: Told, account: str, ask: Asked, stop: Callable[[str], Stopped], who: str, now: int) -> str:
    """What is said to a command; ``/kill`` is done first. Raises what readers and ``stop`` raise."""
    match ask.command:
        case "/kill":
            stopped = stop(f"Telegram {who}: {ask.rest or '/kill'}")
            again = " It had been stopped before." if stopped.was_stopped else ""
            text = f"Trading is stopped ({account}).{again} Nothing is planned any more; {stopped.orders}."
        case "/status":
            text = _status(readers, account, now)
        case "/positions":
            text = _positions(readers, account)
        case "/pnl":
            text = _pnl(readers.live(account), account)
        case "/whales":
            text = _whales(readers.whales(account))
        case "/mode":
            text = f"{_switch(readers.switch(account))} Mode: {_mode(readers.risk(account))}."
        case "/resume" | "/trade" | "/live":
            text = NEVER
        case _:
            text = HELP
    return text[:LONGEST]


def dollars(micro: int) -> str:
    """``$1,234.56``, with the sign in front."""
    text = format_fixed(micro, 2)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def _switch(switch: Switch) -> str:
    return "Trading." if switch.trading else f"STOPPED since {iso(switch.at)[:16]}Z: {switch.reason}."


def _mode(risk: Item | None) -> str:
    return str((risk or {}).get("changes", {}).get("mode", "unknown"))


def _status(readers: Told, account: str, now: int) -> str:
    live = readers.live(account)
    lines = [f"{account}: {_switch(readers.switch(account))}"]
    if live is None:
        return "\n".join([*lines, "No trader has ever run."])
    written = int(live.get("written_at", 0))
    lines.append(f"Trader heard {rough_span(max(0, now - written))} ago." if written else "Trader: no heartbeat.")
    lines.append(f"Equity {dollars(int(live.get('equity', 0)))}, mode {_mode(readers.risk(account))}.")
    lines.append(f"{live.get('positions_open', 0)} positions, {live.get('orders_open', 0)} open orders.")
    lines += [f"! {name}" for name in live.get("breakers", [])]
    return "\n".join(lines)


def _positions(readers: Told, account: str) -> str:
    held = sorted((one for one in readers.positions(account) if one.size), key=lambda one: -one.cost)
    if not held:
        return "No position is open."
    known = readers.markets([one.market for one in held[:SHOWN]])
    lines = [f"{len(held)} positions, cost {dollars(sum(one.cost for one in held))}"]
    for one in held[:SHOWN]:
        market = known.get(one.market)
        lines.append(f"{format_fixed(one.size, 0)} for {dollars(one.cost)}: {_name(market, one)}")
    return "\n".join(lines)


def _name(market: Market | None, position: Position) -> str:
    if market is None:
        return position.market[:20]
    outcomes = dict(zip(market.tokens, market.outcomes, strict=False))
    return f"{(market.question or market.slug or market.market)[:80]} {outcomes.get(position.token, '')}".strip()


def _pnl(live: Item | None, account: str) -> str:
    if live is None:
        return "No trader has ever run."
    names = (("Equity", "equity"), ("Realised", "realized"), ("Unrealised", "unrealized"), ("Fees", "fees"))
    return "\n".join([account, *(f"{name} {dollars(int(live.get(field, 0)))}" for name, field in names)])


def _whales(rows: list[Item]) -> str:
    if not rows:
        return "No wallet is followed."
    best = sorted(rows, key=lambda row: -int(row.get("pnl_usd", 0)))
    lines = [f"{len(rows)} wallets followed"]
    for row in best[:SHOWN]:
        name = str(row.get("wallet", ""))[:10]
        lines.append(f"{name} {dollars(int(row.get('pnl_usd', 0)))} of {row.get('copies', 0)} copies")
    return "\n".join(lines)
