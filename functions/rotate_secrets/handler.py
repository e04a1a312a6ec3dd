"""Lambda: one step of a secret's rotation, as Secrets Manager asks for it: the kill token or Telegram's webhook secret.

Every step may run again, after whatever was cut off; nothing secret is in the answer or in any log line.
"""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import Surroundings, entrance, surroundings
from shared.domain.errors import BadInput
from shared.observability import Hidden, make_logger, make_metrics

if TYPE_CHECKING:
    from shared.adapters.rotation.steps import Kind

hidden = Hidden()
logger = make_logger("rotate_secrets", hidden)
metrics = make_metrics("rotate_secrets")


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, do the step, answer."""
    from shared.adapters.notices.clients import secrets_client
    from shared.adapters.rotation.steps import Rotation, request_of

    around, asked = surroundings(), request_of(event)
    rotation = Rotation(secrets_client(around.endpoint), hidden)
    name = rotation.name_of(asked.secret)
    done = rotation.run(asked, _kind(around, name))
    metrics.add_metric("rotation_steps", MetricUnit.Count, 1)
    return {"secret": name, "step": asked.step.value, "done": done}


def _kind(around: Surroundings, name: str) -> "Kind":
    from shared.adapters.notices.clients import ssm_client
    from shared.adapters.rotation.kill_token import KillToken
    from shared.adapters.rotation.webhook_secret import WebhookSecret, address_in

    cloud = around.settings.cloud
    if name == cloud.kill_secret:
        return KillToken(ssm_client(around.endpoint), cloud.kill_hashes, time.time_ns)
    if name == cloud.telegram_secret:
        return WebhookSecret(cloud.telegram_url, address_in(ssm_client(around.endpoint), cloud.webhook_parameter))
    raise BadInput(f"secret {name} is none that is rotated here: KILL_SECRET and TELEGRAM_SECRET name those")


handler = entrance(logger, metrics, work)
