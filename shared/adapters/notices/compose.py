"""The ways to reach people that a deployment has, out of its settings and secrets."""

import time
from collections.abc import Callable

from shared.adapters.dynamo.tables import Tables
from shared.adapters.endpoint import Endpoint
from shared.adapters.notices.channels import Channel
from shared.adapters.notices.clients import secrets_client, sns_client, sqs_client
from shared.adapters.notices.delivery import Delivery, Run
from shared.adapters.notices.discord import Discord
from shared.adapters.notices.email import Email
from shared.adapters.notices.items import Items
from shared.adapters.notices.line import AlertsLine
from shared.adapters.notices.secrets import Hides, Secrets
from shared.adapters.notices.telegram import Telegram
from shared.settings import Settings


class Cloud:
    """Clients that outlive a run of the function. Secrets are read by name, and read again every five minutes."""

    def __init__(self, settings: Settings, endpoint: Endpoint, hidden: Hides) -> None:
        self._cloud = settings.cloud
        self._secrets = Secrets(secrets_client(endpoint), hidden, time.monotonic_ns)
        self._sns = sns_client(endpoint)
        self._items = Items(Tables(settings.state.table_prefix, endpoint), settings.account)
        self._line = AlertsLine(sqs_client(endpoint), settings.cloud.alerts_queue_url)

    def channels(self) -> list[Channel]:
        """Those whose secrets are filled in; ``Temporary`` when secrets cannot be read, ``BadInput`` when malformed."""
        telegram, discord = (
            self._secrets.telegram(self._cloud.telegram_secret),
            self._secrets.discord(self._cloud.discord_secret),
        )
        found: list[Channel] = []
        if telegram.bot_token:
            found += [Telegram(self._cloud.telegram_url, telegram.bot_token, str(chat)) for chat in telegram.chat_ids]
        if discord.url:
            found.append(Discord(discord.url))
        if self._cloud.alerts_topic:
            found.append(Email(self._sns, self._cloud.alerts_topic))
        return found

    def delivery(self, owner: str, time_left: Callable[[], float], say: Callable[[str], None]) -> Delivery:
        """One run's; raises what ``channels`` raises."""
        return Delivery(self._items, self.channels(), self._line, Run(owner, time.time_ns, time_left, say))
