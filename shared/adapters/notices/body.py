"""A message of the alerts queue as the notice it holds."""

import msgspec

from shared.domain.errors import BadInput
from shared.domain.notice import Notice

_DECODER = msgspec.json.Decoder(Notice)


def notice_of(body: str) -> Notice:
    """The notice of a message; ``BadInput`` when it is none."""
    try:
        notice = _DECODER.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"a message of the alerts queue is no notice: {error}") from None
    if notice.severity not in (1, 2, 3):
        raise BadInput(f"a notice's severity must be 1, 2 or 3, not {notice.severity}")
    if not notice.name or not notice.text:
        raise BadInput("a notice needs a name and a text")
    return notice
