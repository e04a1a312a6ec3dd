"""A clock that only moves when somebody waits on it, shared by a client and the local venue."""


class FakeTime:
    """Nanoseconds under the test's control; ``sleep`` returns at once and records what was asked."""

    def __init__(self, start_s: int = 1_790_000_000) -> None:
        self.now_ns = start_s * 1_000_000_000
        self.slept_s: list[float] = []

    def clock(self) -> int:
        """The current instant in nanoseconds."""
        return self.now_ns

    def seconds(self) -> float:
        """The current instant in seconds."""
        return self.now_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ns += round(seconds * 1e9)

    async def sleep(self, seconds: float) -> None:
        """Wait without waiting: time passes, the wish is recorded."""
        self.slept_s.append(seconds)
        self.advance(seconds)
