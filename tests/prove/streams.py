"""Every stream's reader under mutated frames, over some processes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.prove.chain_frames import ChainAnswers, ChainNews
from tests.prove.frames import Subject, Tally, mutated_frames
from tests.prove.market_frames import MarketChannel
from tests.prove.rtds_frames import ActivityStream
from tests.prove.spot_frames import BinanceStreams, CoinbaseMessages

CHUNK = 2_500
ACCEPTED_LEAST = 0.1
"""Of a stream's frames so many must still say something, or nothing was proved of what is accepted."""
STREAMS: dict[str, type[Subject]] = {
    one.name: one for one in (MarketChannel, ActivityStream, BinanceStreams, CoinbaseMessages, ChainNews, ChainAnswers)
}


def hear(stream: str, numbers: range) -> Tally:
    """Frames of one stream by their numbers."""
    return mutated_frames(numbers, STREAMS[stream]())


def prove_streams(frames: int, seed: int, workers: int, streams: Sequence[str]) -> dict[str, Tally]:
    """So many frames over the streams, each stream's from number ``seed`` on; a stream ends with its first problem."""
    jobs: list[tuple[str, range]] = []
    for place, stream in enumerate(streams):
        share = frames * (place + 1) // len(streams) - frames * place // len(streams)
        stop = seed + share
        jobs += [(stream, range(at, min(at + CHUNK, stop))) for at in range(seed, stop, CHUNK)]
    totals = {stream: Tally(Counter()) for stream in streams}
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for (stream, _), part in zip(jobs, pool.map(hear, *zip(*jobs, strict=True)), strict=True):
            _merge(totals[stream], part)
    return totals


def _merge(total: Tally, part: Tally) -> None:
    """Adds the next chunk of a stream, unless an earlier one had a problem."""
    if total.number is None:
        total.by_mutation.update(part.by_mutation)
        total.frames += part.frames
        total.accepted += part.accepted
        total.number, total.problem = part.number, part.problem


def tell_frames(totals: dict[str, Tally]) -> Iterator[str]:
    """A line per stream."""
    for stream, total in totals.items():
        share = total.accepted / max(1, total.frames)
        kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(total.by_mutation.items()))
        yield f"  {stream}: {total.frames:,} mutated frames, {share:.0%} still said something ({kinds})"


def complaints(totals: dict[str, Tally]) -> Iterator[str]:
    """What is wrong with it all, and how to see it again."""
    for stream, total in totals.items():
        if total.number is not None:
            yield f"{stream}, frame {total.number} {total.problem}"
            again = f'--stream "{stream}" --seed {total.number} --frames 1 --histories 0'
            yield f"again (with the same RECORDINGS, or none): python -m tests.prove {again}"
        elif total.frames >= CHUNK and total.accepted < ACCEPTED_LEAST * total.frames:
            yield f"{stream}: too few frames said something to prove anything (at least {ACCEPTED_LEAST:.0%})"
