"""Requests to sell everything: handed to the engine until nothing is left that can be sold."""

from shared.domain.command import Command
from shared.domain.ids import fact_id
from shared.domain.money import floor_size
from shared.engine.engine import Engine

Opening = tuple[str, int]
"""A position's key and when it was opened: one that closes and opens anew is another one."""


class Flattening:
    """Which requests are under way, and which positions each has asked the engine to leave."""

    def __init__(self) -> None:
        self._asked: dict[str, dict[Opening, None]] = {}
        self._over: dict[str, None] = {}

    def is_over(self, command_id: str) -> bool:
        """Whether a request was fulfilled or ended by a resume; it may be delivered again all the same."""
        return command_id in self._over

    def ask(self, command: Command, engine: Engine, at: int) -> Command | None:
        """What to hand to the engine now: the request itself, once; the same under another id where something has been
        bought since by an order that was already on its way. The engine obeys an id once in a life.
        """
        openings = {opening: None for opening in holdings(engine) if not engine.holdings.leaves(opening[0])}
        asked = self._asked.get(command.command_id)
        if asked is None:
            self._asked[command.command_id] = openings
            return command
        fresh = [opening for opening in openings if opening not in asked]
        if not fresh:
            return None
        asked.update(dict.fromkeys(fresh))
        return Command(fact_id("again", command.command_id, at), command.kind, command.reason)

    def is_flat(self, engine: Engine) -> bool:
        """Nothing is held that an order could sell, and no order is open that could still buy."""
        return not holdings(engine) and not engine.desk.execution.open_orders()

    def done(self, command_id: str) -> None:
        """A request has been fulfilled."""
        self._asked.pop(command_id, None)
        self._over[command_id] = None

    def resumed(self) -> list[str]:
        """A person has resumed: the ids of the requests this ends."""
        ended = list(self._asked)
        for command_id in ended:
            self.done(command_id)
        return ended


def holdings(engine: Engine) -> list[Opening]:
    """The positions that an order can sell; less than the venue's smallest step of a size stays for the resolution."""
    return [
        (key, position.opened_at)
        for held in engine.desk.positions.values()
        for key, position in held.items()
        if floor_size(position.size) > 0
    ]
