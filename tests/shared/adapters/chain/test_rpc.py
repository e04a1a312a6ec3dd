import asyncio
import json

import pytest

from shared.adapters.chain.rpc import Rpc, RpcRefused, frame_of
from shared.domain.errors import BadInput, Temporary


def _asked(*answers: object, timeout_s: float = 0.2) -> str:
    """The text a call gets when the node sends these frames."""

    async def job() -> str:
        async def send(text: str) -> None:
            number = json.loads(text)["id"]
            for one in answers:
                body = json.dumps(one).replace('"ID"', str(number)).encode()
                rpc.answered(frame_of(body), 1)

        rpc = Rpc(send, timeout_s)
        rpc.opened()
        return await rpc.text("eth_subscribe", ["newHeads"])

    return asyncio.run(job())


def test_an_answer_reaches_who_asked() -> None:
    assert _asked({"id": "ID", "result": "0x1"}) == "0x1"


def test_answers_nobody_waits_for_and_second_answers_change_nothing() -> None:
    assert _asked({"id": 99, "result": "x"}, {"id": "ID", "result": "0x1"}, {"id": "ID", "result": "0x2"}) == "0x1"


def test_answers_nobody_waits_for_are_counted() -> None:
    rpc = Rpc(_nowhere)
    for body in (b'{"id":99,"result":"x"}', b'{"id":0,"error":{"code":1,"message":"late"}}'):
        rpc.answered(frame_of(body), 1)
    assert rpc.unexpected == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{}", "frame answers no question and is no news of a subscription: ''"),
        (b'{"method":"eth_subscription","parbms":{"result":{}}}', "no news of a subscription: 'eth_subscription'"),
        (b'{"id":null,"error":{"code":-32005,"message":"too many requests"}}', "'too many requests'"),
    ],
)
def test_a_frame_that_is_neither_an_answer_nor_news_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Rpc(_nowhere).answered(frame_of(body), 1)


async def _nowhere(text: str) -> None:
    raise AssertionError(f"nothing is to be sent: {text}")


def test_an_error_is_a_refusal_with_the_nodes_words() -> None:
    with pytest.raises(RpcRefused, match="the node refuses: 'limit exceeded' \\(code -32005\\)"):
        _asked({"id": "ID", "error": {"code": -32005, "message": "limit exceeded"}})


def test_an_answer_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="eth_subscribe must answer a text"):
        _asked({"id": "ID", "result": {"a": 1}})


def test_no_answer_is_temporary() -> None:
    with pytest.raises(Temporary, match="eth_subscribe: no answer within 0\\.01 s"):
        _asked(timeout_s=0.01)
