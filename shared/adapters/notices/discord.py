"""Discord: one message through a webhook."""

import re

from msgspec import Struct

from shared.adapters.notices.channels import Message
from shared.adapters.notices.post import checked, post

_MARKS = re.compile(r"([\\*_~`|>#\[\]])")


class Discord(Struct, frozen=True):
    """A webhook; its address is the secret."""

    url: str

    @property
    def name(self) -> str:
        """The channel's name."""
        return "discord"

    def send(self, message: Message) -> None:
        """See ``Channel``; nobody is mentioned, whatever the text holds."""
        content = _MARKS.sub(r"\\\1", message.text)[:2_000]
        told = post(self.url, {"content": content, "allowed_mentions": {"parse": []}})
        fields = told.fields
        checked(
            told, "Discord", str(fields.get("message", "")), fields.get("retry_after", told.headers.get("retry-after"))
        )
