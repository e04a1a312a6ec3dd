"""What the control API may change: it stops trading itself, and asks the trader for everything else.

A review only notes that somebody looked. To resume takes a second factor, which the gateway's policy checks; who asked
is written into the reason. A request that the gateway hands over twice is one command.
"""

from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.control_api.models import Asked, NewConfig, NewMode, NewReview, Reviewed, Stop, Told
from functions.entrance import Surroundings
from functions.requests import Caller
from shared.adapters.control.place import Place
from shared.adapters.dynamo.notes import put_review, read_reviews
from shared.domain.change import Change, Mode, in_words
from shared.domain.command import CommandKind
from shared.domain.errors import BadInput
from shared.domain.instants import iso
from shared.domain.notes import Review
from shared.engine.limits import Limits
from shared.engine.overrides import overridden

router = APIGatewayRouter()
TAKES = "the trader takes it within a second, if it runs"


def place() -> Place:
    """The account's tables."""
    return cast("Surroundings", router.context["around"]).place()


def caller() -> Caller:
    """Who asks, as the gateway has checked."""
    return cast("Caller", router.context["caller"])


def ask(kind: CommandKind, reason: str, says: str, change: Change | None = None) -> Asked:
    """Put the command."""
    who = caller()
    command_id = place().ask(kind, who.request, f"{who.who}: {reason}", who.at, change)
    return Asked(command_id=command_id, kind=kind.value, who=who.who, says=says)


@router.post("/api/kill", summary="Stop trading at once and cancel everything, trader or no trader")
def kill(body: Told) -> Stop:
    """Set the switch and cancel what is open."""
    done = place().stop(f"{caller().who}: {body.reason}")
    return Stop(trading=False, reason=done.reason, at=done.at, was_stopped=done.was_stopped, orders=done.orders)


@router.post("/api/resume", summary="Ask the trader to trade again (takes MFA)")
def resume(body: Told) -> Asked:
    """The trader clears the switch when its books are reconciled and no order is in doubt."""
    return ask(CommandKind.RESUME, body.reason, f"{TAKES}, and resumes only with reconciled books: see /api/mode")


@router.post("/api/dead-letters", summary="Note that an order that failed for good was looked at")
def review(body: NewReview) -> Reviewed:
    """The reason is the note; the first review of an order stays. Nothing is sent again."""
    here, who, order_key = place(), caller(), body.order_key
    found = here.readers.orders([order_key])
    if not found or found[0].account != here.account:
        raise BadInput(f"order_key={order_key!r} names no order of account {here.account}")
    if not found[0].dead:
        raise BadInput(f"order_key={order_key!r} has not failed for good, so there is nothing to review")
    told = Review(order_key, who.who, body.reason, who.at)
    fresh = put_review(here.readers.tables, here.account, told)
    kept = told if fresh else read_reviews(here.readers.tables, here.account)[order_key]
    return Reviewed(order_key=order_key, who=kept.who, note=kept.note, at=iso(kept.at), was_reviewed=not fresh)


@router.post("/api/mode", summary="Let the strategy trade, or observe only")
def new_mode(body: NewMode) -> Asked:
    """A ``set`` command."""
    return ask(CommandKind.SET, body.reason, f"{TAKES}: see /api/mode", Change(mode=Mode(body.mode)))


@router.put("/api/markets/config", summary="Change limits and pins")
def new_config(body: NewConfig) -> Asked:
    """A ``set`` command; names and values are checked here, whether they fit together is for the trader to say."""
    limits = tuple(body.limits.items())
    overridden(Limits(), limits)
    change = Change(limits, None, tuple(body.pinned), tuple(body.unpinned), body.reset)
    if change == Change():
        raise BadInput("nothing is asked for: give limits, pinned, unpinned or reset")
    return ask(CommandKind.SET, body.reason, f"{TAKES}: {in_words(change)}", change)
