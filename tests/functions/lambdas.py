"""Functions in processes of their own, as the platform runs them: each run can be killed at any moment, and two can run
at once. All are forked from one process that has everything loaded.
"""

import os
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from signal import SIGKILL
from typing import Any

from tests.functions.context import context

Event = dict[str, Any]
MOST_S = 60.0
_platform = get_context("forkserver")
_platform.set_forkserver_preload(["tests.functions.shifted"])


class Run:
    """One run of a function over events, one after another, with a clock that is ``later`` nanoseconds ahead."""

    def __init__(self, function: str, events: list[Event], environment: dict[str, str], later: int) -> None:
        self._answers, theirs = _platform.Pipe(duplex=False)
        self._process = _platform.Process(target=_run, args=(function, events, environment, later, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def kill(self) -> None:
        """The process is gone at once (kill -9)."""
        self._process.kill()

    def answers(self) -> list[Any] | None:
        """What the handler answered to each event; None when it was killed before. An error of it is the test's."""
        told: list[Any] | None = None
        try:
            assert self._answers.poll(MOST_S), "a function runs for too long"
            told = self._answers.recv()
        except EOFError:
            self._process.join(MOST_S)
            assert self._process.exitcode == -SIGKILL, "the function has failed; its log says why"
        self._process.join(MOST_S)
        self._process.close()
        self._answers.close()
        return told


def _run(function: str, events: list[Event], environment: dict[str, str], later: int, answers: Connection) -> None:
    """In the new process."""
    shifted: Any = import_module("tests.functions.shifted")
    shifted.shift = later
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    handler = import_module(f"functions.{function}.handler").handler
    answers.send([handler(event, context()) for event in events])
    answers.close()
