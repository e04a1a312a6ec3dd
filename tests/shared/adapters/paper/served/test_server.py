"""The server: frames that mean nothing, several clients, and what ends it."""

import socket
from collections.abc import Iterator

import pytest

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import PaperOrder, VenueSettings
from shared.adapters.paper.served.client import ServedVenue
from shared.adapters.paper.served.hosted import MOST_WAITING, SESSIONS, Hosted
from shared.adapters.paper.served.server import VenueServer
from shared.adapters.paper.served.wire import (
    HEADER,
    LOOPBACK,
    MOST_ASKED,
    AskReports,
    Deposit,
    Hello,
    Query,
    Reply,
    Request,
    Said,
    Show,
    Submit,
    Unusable,
    Welcome,
    framed,
    said,
)
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import BadInput, Corrupt, Temporary
from shared.domain.instants import DAY, SECOND
from shared.domain.messages import OrderAccepted, OrderFilled, OrderInDoubt, OrderRejected, PublicTrade
from shared.domain.money import ONE, Shares
from shared.domain.order import Side
from tests.shared.adapters.paper.served.bad_line import read
from tests.shared.adapters.paper.served.hosting import Host
from tests.shared.adapters.paper.served.trading import Trading, at_once
from tests.shared.engine.builders import NOON, book, market, order


class Raw:
    """A client that can say anything."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=10)

    def send(self, data: bytes) -> Said | None:
        """Bytes as they are; the reply, or None where the connection ends."""
        self.socket.sendall(data)
        frame = read(self.socket)
        return None if frame is None else said(frame[HEADER:])

    def body(self, body: bytes) -> Said | None:
        return self.send(len(body).to_bytes(HEADER, "big") + body)

    def ended(self) -> bool:
        return read(self.socket) is None


@pytest.fixture
def host() -> Iterator[Host]:
    opened = Host()
    yield opened
    opened.close()


@pytest.fixture
def raw(host: Host) -> Iterator[Raw]:
    opened = Raw(host.port)
    yield opened
    opened.socket.close()


def sentence(reply: Said | None) -> str:
    assert isinstance(reply, Unusable), reply
    assert "\n" not in reply.reason
    return reply.reason


def test_what_cannot_be_read_gets_a_sentence_and_loses_nothing_else(raw: Raw) -> None:
    assert "a frame of 3 bytes is no request" in sentence(raw.body(b"abc"))
    assert "is no request" in sentence(raw.body(b""))
    assert isinstance(raw.send(framed(Hello("one"))), Welcome)
    assert "is no request" in sentence(raw.body(framed(Welcome("x", VenueSettings()))[HEADER:]))
    whole = framed(Request(1, 0, Query("a", NOON)))[HEADER:]
    assert "is no request" in sentence(raw.body(whole[: len(whole) // 2]))
    reply = raw.send(framed(Request(1, 0, Query("a", NOON))))
    assert isinstance(reply, Reply)
    assert [type(answer.payload) for answer in reply.answers] == [OrderRejected]


def test_a_frame_that_is_too_long_gets_a_sentence_and_ends_its_own_connection_only(host: Host, raw: Raw) -> None:
    other = Raw(host.port)
    assert isinstance(other.send(framed(Hello("other"))), Welcome)
    reply = raw.send((MOST_ASKED + 1).to_bytes(HEADER, "big"))
    assert sentence(reply) == f"a frame has {MOST_ASKED + 1} bytes, but may have {MOST_ASKED} at most"
    assert raw.ended()
    assert isinstance(other.send(framed(Request(1, 0, AskReports(NOON, 0)))), Reply)
    other.socket.close()


def test_a_connection_that_ends_in_the_middle_of_a_request_has_asked_nothing(host: Host) -> None:
    raw = Raw(host.port)
    assert isinstance(raw.send(framed(Hello("one"))), Welcome)
    raw.socket.sendall(framed(Request(1, 0, Submit((order(),), NOON)))[:-1])
    raw.socket.close()
    again = Raw(host.port)
    assert isinstance(again.send(framed(Hello("two"))), Welcome)
    assert host.log.load() == []
    again.socket.close()


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        (Request(1, 0, Query("a", NOON)), "the first frame of a connection must be a Hello"),
        (Hello("one", 2), "v of Hello is 2, but this venue speaks 1"),
        (Hello(""), "session of Hello must not be empty"),
    ],
)
def test_a_connection_begins_with_a_greeting_that_both_understand(raw: Raw, hello: Hello | Request, words: str) -> None:
    assert sentence(raw.send(framed(hello))) == words


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(2, 0, Query("a", -1)), "the time of a Query must not be negative, but is -1"),
        (Request(2, 0, Show([], -1)), "the time of a Show must not be negative, but is -1"),
        (Request(2, 0, Submit((), NOON)), "orders of a Submit must not be empty"),
        (
            Request(2, 0, Submit((order(size=Shares(0)),), NOON)),
            "size and limit of order 'intent.1' must be positive, but are 0 and 500000",
        ),
        (Request(0, 0, Query("a", NOON)), "request 0 comes after request 1 of the same session"),
    ],
)
def test_what_no_sound_client_asks_is_refused_by_name_and_value(raw: Raw, request_: Request, words: str) -> None:
    assert isinstance(raw.send(framed(Hello("one"))), Welcome)
    assert isinstance(raw.send(framed(Request(1, 0, AskReports(NOON, 0)))), Reply)
    assert sentence(raw.send(framed(request_))) == words
    assert isinstance(raw.send(framed(Request(2, 0, AskReports(NOON, 0)))), Reply)


def test_an_order_that_the_venue_cannot_read_is_rejected_for_good(host: Host) -> None:
    client = ServedVenue(host.port, jitter=at_once)
    (answer,) = client.submit(order(size=Shares(-1)), NOON)
    assert isinstance(answer.payload, OrderRejected)
    assert "must be positive" in answer.payload.reason
    client.close()


def test_a_request_longer_than_any_frame_is_not_sent(host: Host) -> None:
    client = ServedVenue(host.port, jitter=at_once)
    with pytest.raises(BadInput, match="bytes, but may have"):
        client.cancel("x" * (MOST_ASKED + 1), NOON)
    client.close()


def test_without_a_venue_there_is_no_client_to_begin_with(host: Host) -> None:
    host.close()
    with pytest.raises(Temporary, match="cannot be reached"):
        ServedVenue(host.port)


def test_a_port_that_is_taken_is_named(host: Host) -> None:
    import asyncio

    other = VenueServer(PaperVenue(1, MemoryPaperLog()), host.port)
    with pytest.raises(BadInput, match=f"port {host.port} on 127.0.0.1 cannot be used"):
        asyncio.run(other.run(asyncio.Event()))


# ---------------------------------------------------------------------- several clients


def test_prints_of_one_client_fill_the_orders_of_another_which_hears_of_it(trading: Trading) -> None:
    crowd = trading.another()
    trading.client.submit(order(limit=480_000), trading.now)
    trading.wait()
    printed = PublicTrade("m", "m:yes", Side.SELL, 470_000, 30 * ONE, "p", 0)
    heard = crowd.show([(trading.now + SECOND, printed)], trading.now + SECOND)
    assert [type(answer.payload) for answer in heard] == [OrderAccepted, OrderFilled]
    assert trading.fills() == []
    trading.wait()
    assert trading.fills() == [("intent.1", 30 * ONE)]
    assert trading.wait() == []


def test_what_a_client_asks_is_answered_to_it_alone(on_prints: Trading) -> None:
    other = on_prints.another()
    on_prints.client.submit(order(), on_prints.now)
    other.query("nobody", on_prints.now)
    assert [one.order_key for one in on_prints.said if isinstance(one, OrderRejected)] == []
    assert other.show([], on_prints.now) == []


def test_time_is_the_latest_that_any_client_has_shown(trading: Trading) -> None:
    ahead = trading.now + DAY
    trading.another().show([(ahead, book(bid=500_000, ask=510_000))], ahead)
    trading.wait()
    trading.client.submit(order(limit=510_000), trading.now)
    trading.wait()
    assert trading.said == []
    trading.wait(DAY)
    (filled,) = [one.fill for one in trading.said if isinstance(one, OrderFilled)]
    assert filled.venue_at >= ahead
    assert filled.price == 510_000


def test_a_book_that_one_client_shows_late_is_as_new_as_its_coming(trading: Trading) -> None:
    ahead = trading.now + DAY
    trading.client.submit(order(limit=480_000), trading.now)
    trading.another().show([(ahead, book(bid=470_000, ask=490_000))], ahead)
    trading.wait(batch=[(trading.now, book(bid=460_000, ask=470_000))])
    (filled,) = [one.fill for one in trading.said if isinstance(one, OrderFilled)]
    assert filled.venue_at == ahead


def test_what_a_client_has_heard_is_not_told_again() -> None:
    hosted = Hosted(PaperVenue(1, MemoryPaperLog()), "life")
    hosted.welcome("one")
    first = hosted.reply("one", Request(1, 0, Query("a", NOON)))
    again = hosted.reply("one", Request(1, 0, Query("a", NOON)))
    later = hosted.reply("one", Request(2, 1, Query("b", NOON)))
    assert again == first
    assert (later.first, [answer.payload for answer in later.answers]) == (
        2,
        [OrderRejected("b", "order not found: it never arrived")],
    )


def test_a_trader_that_died_and_came_back_hears_only_what_it_asks_for(trading: Trading) -> None:
    trading.client.submit(order(), trading.now)
    trading.client.close()
    trading.another().show([], trading.now + SECOND)  # somebody else moves time on: it fills
    trading.now += SECOND
    trading.client = trading.another()
    assert trading.wait() == []
    trading.hear(trading.client.query("intent.1", trading.now))
    assert trading.fills() == [("intent.1", 100 * ONE)]


def test_an_order_sent_by_two_clients_is_taken_once(trading: Trading) -> None:
    trading.client.submit(order(), trading.now)
    (again,) = trading.another().submit(order(), trading.now)
    assert again.payload == OrderInDoubt("intent.1", "INVALID_ORDER_DUPLICATED")
    trading.wait()
    assert trading.fills() == [("intent.1", 100 * ONE)]


def test_a_client_that_never_asks_costs_a_bounded_memory_and_can_tell_what_it_missed() -> None:
    hosted = Hosted(PaperVenue(1, MemoryPaperLog()), "life")
    hosted.welcome("quiet")
    for number in range(1, MOST_WAITING + 3):
        hosted.reply("quiet", Request(number, 0, Query(f"order {number}", NOON)))
    last = hosted.reply("quiet", Request(MOST_WAITING + 3, 0, Show([], NOON)))
    assert (last.first, len(last.answers)) == (3, MOST_WAITING)


def test_the_client_heard_of_longest_ago_is_forgotten_first_and_may_come_back() -> None:
    hosted = Hosted(PaperVenue(1, MemoryPaperLog()), "life")
    hosted.reply("old", Request(7, 0, Query("a", NOON)))
    for number in range(SESSIONS):
        hosted.reply(f"client {number}", Request(1, 0, Show([], NOON)))
    reply = hosted.reply("old", Request(8, 5, Query("b", NOON)))
    assert (reply.first, [answer.payload for answer in reply.answers]) == (
        6,
        [OrderRejected("b", "order not found: it never arrived")],
    )


# ---------------------------------------------------------------------- the end


class Broken(MemoryPaperLog):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def put(self, order: PaperOrder) -> None:
        raise self._error


@pytest.mark.parametrize("error", [Corrupt("the disk is full"), ZeroDivisionError("a fault of ours")])
def test_a_venue_that_breaks_ends_the_server_and_leaves_the_order_in_doubt(error: Exception) -> None:
    host = Host(Broken(error))
    client = ServedVenue(host.port, jitter=at_once)
    (answer,) = client.submit(order(), NOON)
    assert isinstance(answer.payload, OrderInDoubt)
    host.join()
    assert host.error is error
    (answer,) = client.submit(order(order_key="b.1"), NOON)
    assert isinstance(answer.payload, OrderRejected)
    client.close()


def test_an_end_with_clients_connected_waits_for_none_of_them(host: Host, raw: Raw) -> None:
    assert isinstance(raw.send(framed(Hello("one"))), Welcome)
    host.close()
    assert host.error is None
    assert raw.ended()


def test_everything_answered_is_there_in_the_next_life(host: Host) -> None:
    client = ServedVenue(host.port, jitter=at_once)
    client.market(market())
    client.deposit("start", 1_000 * ONE, NOON)
    client.show([(NOON, book())], NOON)
    client.submit(order(), NOON)
    heard = client.show([], NOON + SECOND)
    assert [type(answer.payload) for answer in heard] == [OrderFilled, OrderAccepted]
    before = client.reports(NOON + SECOND, 0)
    host.restart()
    assert client.reports(NOON + SECOND, 0) == before
    assert client.counts.lives == 2
    client.close()


def test_a_deposit_is_taken_over_the_wire_as_it_is(raw: Raw, host: Host) -> None:
    raw.send(framed(Hello("one")))
    raw.send(framed(Request(1, 0, Deposit("start", 5, NOON))))
    raw.send(framed(Request(1, 0, Deposit("other", 7, NOON))))  # the same number: it was made, and is not made again
    assert host.venue.reports(NOON, 0).balance == 5
