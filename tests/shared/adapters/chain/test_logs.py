import json

import msgspec
import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.chain import logs
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.order import Side
from tests.shared.adapters.chain import node
from tests.shared.adapters.chain.slow import fill_of
from tests.shared.adapters.slow import content_of
from tests.shared.adapters.spot.mutations import mutated


def _bytes(**changed: object) -> bytes:
    return json.dumps({**node.log(node.FIRST, 3), **changed}).encode()


def test_the_topic_is_the_keccak_of_the_signature() -> None:
    digest = keccak.new(digest_bits=256, data=logs.SIGNATURE.encode()).hexdigest()
    assert "0x" + digest == logs.ORDER_FILLED


def test_a_buy_pays_what_it_made_and_receives_shares() -> None:
    fill = logs.filled(_bytes())
    assert (fill.side, fill.price, fill.size) == (Side.BUY, 450_000, 4_330_000)
    assert (fill.wallet, fill.token) == (node.WALLET, node.TOKEN)
    assert (fill.tx, fill.block, fill.index) == ("0x" + node.word(7), node.FIRST, 3)
    assert (fill.block_hash, fill.removed, fill.at) == (node.block_hash(node.FIRST), False, None)


def test_a_sell_gives_shares_for_what_it_takes() -> None:
    fill = logs.filled(json.dumps(node.log(1, 0, side=1, made=4_330_000, taken=1_948_500)).encode())
    assert (fill.side, fill.price, fill.size) == (Side.SELL, 450_000, 4_330_000)


def test_the_price_is_the_ratio_to_the_nearest_micro_dollar() -> None:
    """The production capture of polymarket.md 4.4: 13.285715 for 14.285715 shares, told there as 0.93."""
    fill = logs.filled(json.dumps(node.log(1, 0, made=13_285_715, taken=14_285_715)).encode())
    assert fill.price == 930_000


@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_the_price_is_never_more_than_half_a_micro_dollar_off(paid: int, size: int) -> None:
    try:
        fill = logs.filled(json.dumps(node.log(1, 0, made=paid, taken=size)).encode())
    except BadInput:
        assert paid * 2_000_000 < size or paid * 2_000_000 >= size * 1_999_999
    else:
        assert abs(fill.price * size - paid * 1_000_000) * 2 <= size


def test_a_node_that_tells_the_blocks_time_spares_a_question() -> None:
    assert logs.filled(_bytes(blockTimestamp="0x6ab13f80")).at == 0x6AB13F80 * SECOND


def test_addresses_may_be_written_in_mixed_case() -> None:
    assert logs.filled(_bytes(address="0xE111180000d2663C0091e4f400237545B87B996B")).wallet == node.WALLET


def test_the_filter_asks_for_the_makers_at_both_exchanges() -> None:
    assert logs.wallet_filter([node.WALLET.upper().replace("0X", "0x")]) == {
        "address": list(logs.EXCHANGES),
        "topics": [logs.ORDER_FILLED, None, ["0x" + "0" * 24 + "a1" * 20]],
    }


def test_an_empty_filter_would_mean_everybody_and_is_refused() -> None:
    with pytest.raises(BadInput, match="wallets of a log filter must not be empty"):
        logs.wallet_filter([])


TOPICS = node.log(1, 0)["topics"]
DATA = node.log(1, 0)["data"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"address": "0x4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e"},
            "address must be one of our exchanges, not '0x4bfb",
        ),
        ({"topics": TOPICS[:3]}, "topics must be OrderFilled and its three arguments"),
        ({"topics": ["0x" + "1" * 64, *TOPICS[1:]]}, "topics must be OrderFilled and its three arguments"),
        ({"topics": ["0x1", *TOPICS[1:]]}, "topics must be 32 bytes in hexadecimal, not '0x1'"),
        ({"topics": [*TOPICS[:2], "0x" + "1" * 64, TOPICS[3]]}, "maker must be an address, not '0x1111"),
        ({"data": DATA[:-2]}, "data must be seven words of 32 bytes"),
        ({"data": DATA + node.word(0)}, "data must be seven words of 32 bytes"),
        ({"data": "0x" + node.word(2) + DATA[66:]}, "side must be 0 \\(buy\\) or 1 \\(sell\\), not 2"),
        ({"data": node.log(1, 0, token="0")["data"]}, "tokenId must not be 0"),
        (
            {"data": node.log(1, 0, taken=0)["data"]},
            "amounts filled must be positive, not 1948500 of pUSD and 0 shares",
        ),
        (
            {"data": node.log(1, 0, made=4_330_000)["data"]},
            "price must lie strictly between 0 and 1, not 4330000 / 4330000",
        ),
        ({"transactionHash": None}, "transactionHash must be 32 bytes in hexadecimal, not ''"),
        ({"blockNumber": None}, "blockNumber must be a hexadecimal number, not 'None'"),
        ({"logIndex": "3"}, "logIndex must be a hexadecimal number, not '3'"),
        ({"blockHash": "0xzz"}, "blockHash must be 32 bytes in hexadecimal, not '0xzz'"),
        ({"removed": "no"}, "log is unusable"),
        ({"blockTimestamp": "0x1"}, "blockTimestamp of a block is not a usable time: 1"),
        ({"blockTimestamp": "0x" + "f" * 16}, "blockTimestamp of a block is not a usable time: 18446744073709551615"),
    ],
)
def test_an_unusable_log_is_refused_by_field_and_value(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        logs.filled(_bytes(**changed))


def test_a_head_tells_its_number_and_time() -> None:
    assert logs.head(json.dumps(node.head(node.FIRST)).encode()) == (node.FIRST, node.FIRST_AT_S * SECOND)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"null", "block is unusable"),
        (b'{"number":"0x1","timestamp":"0x1"}', "timestamp of a block is not a usable time: 1"),
        (b'{"number":"x","timestamp":"0x6ab13f80"}', "number must be a hexadecimal number, not 'x'"),
    ],
)
def test_an_unusable_head_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        logs.head(body)


def test_a_list_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="the list of logs is unusable"):
        logs.raw_logs(msgspec.Raw(b"{}"))


def test_a_mutated_log_is_refused_or_read_as_an_independent_reader_reads_it() -> None:
    accepted = 0
    for spoiled in mutated(_bytes(), 2_000, seed=4):
        try:
            fill = logs.filled(spoiled)
        except BadInput:
            continue
        accepted += 1
        assert fill == fill_of(content_of(spoiled))
    assert accepted > 100
