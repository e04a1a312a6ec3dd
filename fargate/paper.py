"""The `paper` command: which world is traded, from where it continues, and the run until somebody stops it."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from fargate.compose import House, Opening, engine_of, open_house
from fargate.condition import Health
from fargate.health import HealthServer
from fargate.present import LIVE_SOURCES
from fargate.runner import ControlApi, Dashboard, Place, StopFlag
from fargate.screens import Displayed, no_book
from fargate.session import IDLE_S, Pace, Session, close_books, probe_urls, trade_live, trader_on
from fargate.trader import Stopped, Trader, status_line
from shared.adapters.embedded.server import EmbeddedAws, free_port, port_is_busy
from shared.adapters.polymarket.reachability import probe
from shared.adapters.replay.recording import TapePrints
from shared.adapters.synthetic import generate
from shared.adapters.synthetic.displayed import DisplayedBooks
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, iso
from shared.domain.messages import Event, MarketListed, RankingPublished, VoicesPublished
from shared.research.driver import Driver
from shared.research.figuring import Figuring
from shared.research.ranking import most_active
from shared.research.replay import Prepared, ReplayOptions, prepare
from shared.research.whales import walk_forward
from shared.settings import Settings

BACKLOG_NS = 2 * HOUR
"""Event time that a first run goes through at full speed, so that there is something to see within a minute."""
BACKLOG_ROWS = 20_000
LIVE = "live"
SYNTHETIC_SEED = 7

Say = Callable[[str], None]


class PaperOptions(Struct, frozen=True):
    """``speed``: event seconds per second (0: as fast as possible). ``stop_at_end``: end with the recording."""

    recording: Path | None = None
    resolutions: Path | None = None
    synthetic: bool = False
    fresh: bool = False
    speed: float = 60.0
    sizing: str = "kelly"
    stop_at_end: bool = False
    dashboard: bool = True


class World(Struct, frozen=True):
    """What is traded: its name for people, the folder of its state, and the files behind it (None: the live venue)."""

    source: str
    folder: Path
    path: Path | None
    resolutions: Path | None = None


def world_of(settings: Settings, options: PaperOptions, say: Say) -> World:
    """The world the options name: a recording, the live venue, or the synthetic day (generated once)."""
    state = settings.state.state_dir
    if options.recording is None and not options.synthetic and venue_answers(settings, say):
        _prepare_folder(state / LIVE, options.fresh)
        return World(LIVE, state / LIVE, None)
    if options.recording is not None:
        path = options.recording
        if not path.exists():
            raise BadInput(f"RECORDING {path} does not exist")
        folder = state / f"recording-{path.stem}"
        _prepare_folder(folder, options.fresh)
        return World(f"recording: {path.name}", folder, path, options.resolutions or _resolutions_beside(path))
    folder = state / "synthetic"
    _prepare_folder(folder, options.fresh)
    day = folder / "day"
    if not (day / "truth.parquet").exists():
        generate(SYNTHETIC_SEED, settings.synthetic_hours, day, progress=say)
    return World("synthetic", folder, day)


def venue_answers(settings: Settings, say: Say) -> bool:
    """Whether all three public interfaces answer; says in one line when they do not."""
    silent = [sentence for _, ok, sentence in asyncio.run(probe(probe_urls(settings))) if not ok]
    if silent:
        say(f"{silent[0]} Trading the SYNTHETIC day instead.")
    return not silent


def _prepare_folder(folder: Path, fresh: bool) -> None:
    """Make the folder, emptied when ``fresh``; ``BadInput`` while another run uses it."""
    if fresh and folder.exists():
        EmbeddedAws(folder / "aws", 0).vacate()  # a server left over from a killed run must not outlive its folder
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _resolutions_beside(path: Path) -> Path | None:
    """``wallet_activity_X`` comes with ``resolutions_X`` in the recordings; None when there is no such file."""
    if path.is_dir():
        return None
    beside = path.with_name(path.name.replace("wallet_activity_", "resolutions_"))
    return beside if beside != path and beside.exists() else None


def _opening(session: Session, aws: EmbeddedAws, strict_sources: frozenset[str], sizing: str) -> Opening:
    """The stores of a world are on the embedded AWS beside us."""
    engine = engine_of(session.settings, sizing, strict_sources)
    return Opening(session.settings, aws.endpoint, engine, 0, session.say, session.flag)


def run_recorded(session: Session, aws: EmbeddedAws, world: World, options: PaperOptions) -> bool:
    """Trade a recorded or synthetic world; True when it ended with the kill switch on."""
    say, path = session.say, world.path
    assert path is not None
    ready = prepare(ReplayOptions(path, world.resolutions, seed=0), say)
    house = open_house(_opening(session, aws, frozenset(), options.sizing), world.folder)
    trader = trader_on(session, house, _displayed(path))
    driver = trader.driver
    try:
        events, start = _start(ready, house, driver, trader, say)
        pace = Pace(trader, options.speed, start if house.records else _backlog_end(ready, start), say)
        driver.on_tick, driver.tick_every = pace.tick, 1
        trader.progress = f"replaying {world.source} at {options.speed:g}x" if options.speed else "replaying"
        driver.moments = Figuring(driver)
        driver.run(events, TapePrints(ready.recording))
        trader.progress = "the recording has ended"
        say(f"the recording has ended: {status_line(trader, driver.now)}")
        trader.finish(driver.now)
        while not options.stop_at_end:
            trader.tick(driver.now)
            time.sleep(IDLE_S)
    except Stopped:
        close_books(session, trader)
    finally:
        house.close()
    return not driver.engine.desk.risk.trading


def _displayed(path: Path) -> Displayed:
    """The books that lie beside the trades of a synthetic day."""
    books = path / "books.parquet"
    return DisplayedBooks(books).book if books.exists() else no_book


def _backlog_end(ready: Prepared, start: int) -> int:
    """Up to when a first run hurries: two hours of event time, and enough rows where a recording is sparse."""
    return max(start + BACKLOG_NS, ready.recording.time_of_row_after(start, BACKLOG_ROWS))


def _start(
    ready: Prepared, house: House, driver: Driver, trader: Trader[Driver], say: Say
) -> tuple[Iterator[Event], int]:
    """Rank on the earlier part, warm up to where an earlier run stopped, recover its books; events from there on."""
    engine, recording = driver.engine, ready.recording
    split = ready.split()
    found = walk_forward(recording.trades(split), ready.resolutions, recording.markets, split)
    ranking = found.ranking
    say(found.sentence)
    if not ranking.wallets:
        split, _ = recording.span()
        ranking = most_active(recording, split)
        say(
            f"no edge is shown; watching the {len(ranking.wallets)} busiest wallets from the start, each copied only "
            "once its own resolved markets speak for it"
        )
    trader.ranked = {ranked.wallet: ranked for ranked in ranking.wallets}
    start = max(split, house.resume_at())
    for at, market in recording.listings(ready.known):
        engine.warm(Event(0, min(at, start), at, "driver", MarketListed(market)))
    engine.warm(Event(0, split, split, "driver", RankingPublished(ranking)))
    if found.voices is not None:
        engine.warm(Event(0, split, split, "driver", VoicesPublished(found.voices)))
    events = recording.events()
    first: Event | None = None
    for event in events:
        if event.observed_at > start:
            first = event
            break
        if event.observed_at > split:
            engine.warm(event)
    for at, resolved in ready.resolved:
        if at <= start:
            engine.warm(Event(0, start, at, "driver", resolved))
        else:
            driver.schedule(resolved, at)
    if house.records:
        say(f"continuing after {iso(start)[:19]}Z with {len(house.records)} journal records")
        driver.recover(house.records, start)
    else:
        driver.recover([], start)
        trader.deposit(trader.about.capital, start)
    trader.health.recovered()
    return _chain(first, events), start


def _chain(first: Event | None, rest: Iterator[Event]) -> Iterator[Event]:
    if first is not None:
        yield first
        yield from rest


def run_paper(settings: Settings, options: PaperOptions, say: Say) -> bool:
    """The whole command, from the health port to a clean end; True when it ended with the kill switch on.

    ``LeaseLost`` when another process has taken over meanwhile.
    """
    flag = StopFlag()
    flag.listen()
    busy = settings.dashboard_port
    if options.dashboard and port_is_busy(busy):  # before anything is made or forgotten
        raise BadInput(f"port {busy} on 127.0.0.1 is in use by another program; set DASHBOARD_PORT to another one")

    health = Health()
    with HealthServer(settings.health, health):
        return _run_world(settings, options, say, flag, health)


def _run_world(settings: Settings, options: PaperOptions, say: Say, flag: StopFlag, health: Health) -> bool:
    def step(line: str) -> None:
        """A line on a step of the preparation, which a signal ends here."""
        say(line)
        health.beat(line)
        if flag():
            raise Stopped

    def tell(line: str) -> None:
        say(line)
        health.beat()

    try:
        world = world_of(settings, options, step)
        return _run_in(Session(settings, world.source, tell, flag, health), world, options)
    except Stopped:
        say("stopped before trading began")
        return False


def _run_in(session: Session, world: World, options: PaperOptions) -> bool:
    """Trade a world, with the embedded AWS and the dashboard around it."""
    settings, say = session.settings, session.say
    port = settings.aws_port if not port_is_busy(settings.aws_port) else free_port()
    aws = EmbeddedAws(world.folder / "aws", port)
    dashboard, control = Dashboard(settings.dashboard_port), ControlApi(free_port())
    say("starting the embedded AWS on 127.0.0.1")
    with aws:
        try:
            if options.dashboard:
                place = Place(aws.endpoint, settings.account, settings.state.table_prefix)
                control.start(place, world.folder / "control.log")
                dashboard.start(place, control, world.folder / "dashboard.log")
                say(f"dashboard: {dashboard.url}")
            write_address(world.folder, aws.url)
            if world.path is not None:
                return run_recorded(session, aws, world, options)
            return trade_live(session, open_house(_opening(session, aws, LIVE_SOURCES, options.sizing), world.folder))
        except BaseException as error:
            session.health.end(error)
            raise
        finally:
            dashboard.stop()
            control.stop()
            (world.folder / "address").unlink(missing_ok=True)
            say("stopping the embedded AWS (its state is kept)")


def write_address(folder: Path, url: str) -> None:
    """Where `kill`, `flatten` and `resume` find the running system."""
    (folder / "address").write_text(url + "\n", encoding="utf-8")
