import pytest

from shared.adapters.chain.secrets import HIDDEN, hiding, secrets_of
from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind, PriceKind, PricePoint
from shared.ports import Heard
from tests.shared.adapters.sockets.fakes import Listener

KEY = "k3yk3yk3yk3y"
ADDRESSES = (
    f"wss://polygon.node/v2/{KEY}",
    f"wss://{KEY}.node.pro/ws",
    f"wss://node/ws?apikey={KEY}&x=1",
    f"wss://me:{KEY}@node/ws",
    f"wss://{KEY}@node:8546",
)


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.parametrize("said", ["{url}", "no connection to {url}: refused", "the key {key} is not valid"])
def test_no_notice_and_no_health_repeats_a_key(url: str, said: str) -> None:
    listener = Listener()
    hear = hiding(listener, url)
    reason = said.format(url=url, key=KEY)
    hear(Heard("polygon", 1, 1, FeedNotice("polygon", NoticeKind.LOST, reason, 3)))
    hear(Heard("polygon", 1, 1, FeedHealth("polygon", False, reason)))
    for one in listener.heard:
        assert isinstance(one.payload, FeedNotice | FeedHealth)
        assert KEY not in one.payload.reason
        assert HIDDEN in one.payload.reason


def test_a_short_password_is_hidden_too() -> None:
    assert "pw" in secrets_of("wss://user:pw@node/ws")


def test_everything_else_passes_unchanged() -> None:
    listener = Listener()
    hear = hiding(listener, ADDRESSES[0])
    notice = Heard("polygon", 1, 1, FeedNotice("polygon", NoticeKind.LOST, "cut without a close", 3))
    fact = Heard("polygon", 1, 1, PricePoint(KEY, PriceKind.SPOT, 1))
    hear(notice)
    hear(fact)
    assert listener.heard == [notice, fact]
