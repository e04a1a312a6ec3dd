"""Telegram: one message to one chat."""

from msgspec import Struct

from shared.adapters.notices.channels import Message
from shared.adapters.notices.post import checked, post


class Telegram(Struct, frozen=True):
    """A chat that a bot writes to. ``api``: where Telegram is."""

    api: str
    bot_token: str
    chat: str

    @property
    def name(self) -> str:
        """The channel's name."""
        return f"telegram:{self.chat}"

    def send(self, message: Message) -> None:
        """See ``Channel``."""
        content: dict[str, object] = {
            "chat_id": self.chat,
            "text": message.text,
            "link_preview_options": {"is_disabled": True},
        }
        if message.notice.severity > 2:
            content["disable_notification"] = True
        told = post(f"{self.api}/bot{self.bot_token}/sendMessage", content)
        fields = told.fields
        parameters = fields.get("parameters")
        retry = parameters.get("retry_after") if isinstance(parameters, dict) else None
        checked(told, "Telegram", str(fields.get("description", "")), retry)
