"""Lambda: what people write to the bot. It tells how things stand, and can stop trading; it can never resume.

The answer is the webhook's reply, so nothing is sent from here. A command that fails for want of AWS is answered 503:
Telegram delivers it again. One that was answered is not done again.
"""

import time
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import answered, at_gateway, surroundings
from functions.requests import caller_of, values_of
from shared.domain.errors import BadInput
from shared.observability import make_logger, make_metrics

logger = make_logger("telegram_webhook")
metrics = make_metrics("telegram_webhook")


def refused(why: str, status: int, event: dict[str, Any]) -> dict[str, Any]:
    """No body tells why; the log does."""
    logger.warning("refused", why=why, address=caller_of(event).address)
    metrics.add_metric("api_refusals", MetricUnit.Count, 1)
    return answered(status)


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check, obey once, answer."""
    from functions.requests import body_of
    from shared.adapters.dynamo.once import finish, is_done
    from shared.adapters.telegram.answers import answer, asked
    from shared.adapters.telegram.update import HEADER, MOST_BYTES, Refusal, heard, is_from_telegram

    place, given = surroundings().place(), values_of(event, HEADER)
    if event.get("httpMethod") != "POST" or not place.telegram.fits(lambda allowed: is_from_telegram(given, allowed)):
        return refused("the webhook's secret is missing or wrong", 403, event)
    try:
        body = body_of(event, MOST_BYTES)
    except BadInput as error:
        return refused(str(error), 413, event)
    update = heard(body, place.telegram.get())
    if isinstance(update, Refusal):
        return refused(update.why, update.status, event)
    message, tables, name = update.message, place.readers.tables, f"telegram#{update.update_id}"
    assert message is not None  # what is heard is a message
    if is_done(tables, place.account, name):
        return refused(f"update {update.update_id} was answered before", 200, event)
    ask, who = asked(message), str(message.sender.id)
    try:
        text = answer(place.readers, place.account, ask, place.stop, who, time.time_ns())
    except BadInput as error:  # what cannot be done is told to who asked, once
        text = str(error)
    finish(tables, place.account, name, time.time_ns())
    logger.info("answered", command=ask.command[:20], user=who)
    return answered(200, {"method": "sendMessage", "chat_id": message.chat.id, "text": text})


handler = at_gateway(logger, metrics, work)
