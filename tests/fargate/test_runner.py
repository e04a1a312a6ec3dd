import os
import signal
from collections.abc import Iterator

import pytest

from fargate.runner import StopFlag


@pytest.fixture
def flag() -> Iterator[StopFlag]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    listening = StopFlag()
    listening.listen()
    yield listening
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_raises_the_flag_and_a_second_one_does_no_harm(flag: StopFlag, number: signal.Signals) -> None:
    assert not flag()
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    assert flag()
