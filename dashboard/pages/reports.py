"""Reports: files to take away as CSV or Excel, and what the daily digest says."""

import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import streamlit as st
from msgspec import Struct

from dashboard.columns import show_table
from dashboard.figures import show_figures
from dashboard.frame import REFRESH_S, open_page, told
from dashboard.heads.reports import reports
from dashboard.money_parts import START
from dashboard.queries.asked import Queries
from dashboard.reports import DAYS_MOST, REPORTS, Asked, Report, file_name
from dashboard.sheets import FORMATS, Columns, Values, written
from dashboard.state import Live
from dashboard.tables import Row
from dashboard.words import count, plain
from shared.domain.instants import DAY, day_of, iso, iso_day

MADE = "report_made"
SHOWN = 20  # rows of a file that the page shows
TOLD_EVERY = 500  # rows between two words on progress
SLOW_S = 2.0  # what takes longer shows how far it is
DIGEST_DAYS = 7
_FIRST = date(1970, 1, 1)


class Made(Struct, frozen=True):
    """A file that was made: its name, what it is, how many rows it has, whether it was cut, and its first rows."""

    name: str
    mime: str
    content: bytes
    rows: int
    cut: bool
    first: list[Row]


def date_of(day: int) -> date:
    """The date of a numbered UTC day."""
    return _FIRST + timedelta(days=day)


def day_of_date(chosen: date) -> int:
    """The number of a date's UTC day."""
    return (chosen - _FIRST).days


@st.fragment(run_every=15 * REFRESH_S)
def head(queries: Queries) -> None:
    """How much there is to take away."""
    with told("The figures"):
        show_figures("records", reports(queries))


@st.fragment
def files(queries: Queries) -> None:
    """Choose a report, its days and the kind of file; prepare it; take it."""
    st.header("Files", help="Made when asked for, from the account's own tables.")
    with told("The reports"):
        live = queries.live()
        if live is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        report, days, kind = choice(queries, live)
        if days is None:
            return
        if st.button("Prepare", type="primary", icon=":material/build:", key="prepare"):
            st.session_state[MADE] = make(queries, live, report, days, kind)
        made = st.session_state.get(MADE)
        if made is not None:
            offer(made)


def choice(queries: Queries, live: Live) -> tuple[Report, Sequence[int] | None, str]:
    """What was chosen; no days where they make no sense, after telling why."""
    names = {one.name: one for one in REPORTS}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Report", list(names), key="report", width=180, help="What is in the file.")
        kind = st.segmented_control(
            "Kind of file", list(FORMATS), default="CSV", required=True, key="report_format", help="CSV is plain text."
        )
        report = names[name]
        days = _days(queries, live) if report.daily else [day_of(live.event_at)]
    most = f"At most {count(FORMATS[str(kind)].most)} rows"
    span = f", {DAYS_MOST} days" if report.daily else ""
    st.caption(plain(f"{report.says} {most}{span}. Money is exact, times are UTC."))
    return report, days, str(kind)


def _days(queries: Queries, live: Live) -> Sequence[int] | None:
    """The days from the first to the last chosen; those before the account began, or not lived yet, cannot be."""
    today = date_of(day_of(live.event_at))
    began = queries.money.began()
    oldest = today if began is None else date_of(day_of(began))
    first = st.date_input(
        "From", today, oldest, today, "report_from", "First UTC day of the file.", format="YYYY-MM-DD", width=160
    )
    last = st.date_input(
        "To", today, oldest, today, "report_to", "Last UTC day of the file.", format="YYYY-MM-DD", width=160
    )
    days = range(day_of_date(first), day_of_date(last) + 1)
    if not days:
        st.error(plain(f"The first day, {first}, is after the last, {last}."))
        return None
    if len(days) > DAYS_MOST:
        st.error(plain(f"{first} to {last} are {count(len(days))} days; a file covers at most {DAYS_MOST}."))
        return None
    return days


def make(queries: Queries, live: Live, report: Report, days: Sequence[int], kind: str) -> Made:
    """Read the rows and write the file, saying how far it is where that takes long."""
    format_ = FORMATS[kind]
    span = f"{iso_day(days[0] * DAY)} to {iso_day(days[-1] * DAY)}" if report.daily else "as it stands"
    about = (
        ("Account", queries.money.account),
        ("Report", f"{report.name}: {report.says}"),
        ("Days (UTC)", span),
        ("As of (event time)", iso(live.event_at)),
        ("Made", iso(queries.now())),
        ("Source of the trades", live.source),
        ("Numbers", "Dollars and shares, exact. Those of more than 15 digits are stored as text."),
    )
    made = format_(report.columns, about)
    progress = Progress(len(days))
    rows, cut = 0, False
    first: list[Row] = []
    for row in report.rows(Asked(queries, live, days, progress.day)):
        if rows == format_.most:
            cut = True
            break
        made.add(row)
        rows += 1
        if len(first) < SHOWN:
            first.append(_shown(report.columns, row))
        if rows % TOLD_EVERY == 0:
            progress.rows(rows)
    content = made.close()
    progress.end()
    name = file_name(queries.money.account, report, days, format_.ending)
    return Made(name, format_.mime, content, rows, cut, first)


def _shown(columns: Columns, row: Values) -> Row:
    return {name: written(cell, value) for (name, cell), value in zip(columns, row, strict=True)}


class Progress:
    """A line that appears once a file takes longer than a moment."""

    def __init__(self, days: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._days = days
        self._clock = clock
        self._began = clock()
        self._place = st.empty()
        self._done = 0
        self._rows = 0

    def day(self, number: int) -> None:
        """So many days are done."""
        self._done = number
        self._tell()

    def rows(self, number: int) -> None:
        """So many rows are written."""
        self._rows = number
        self._tell()

    def end(self) -> None:
        """The file is there."""
        self._place.empty()

    def _tell(self) -> None:
        if self._clock() - self._began >= SLOW_S:
            words = f"{count(self._rows)} rows, {count(self._done)} of {count(self._days)} days"
            self._place.progress(min(self._done / self._days, 1.0), words)


def offer(made: Made) -> None:
    """The file, and its first rows."""
    if not made.rows:
        st.info(
            f"Nothing to take: {made.name} would have no rows. Choose other days or another report.",
            icon=":material/inbox:",
        )
        return
    if made.cut:
        st.warning(
            f"The file was cut at {count(made.rows)} rows, its most. Choose fewer days, or CSV.",
            icon=":material/content_cut:",
        )
    st.download_button(
        f"Download {made.name}",
        made.content,
        file_name=made.name,
        mime=made.mime,
        on_click="ignore",
        icon=":material/download:",
        key="download",
        help="Saves the file on your machine.",
    )
    size = len(made.content) / 1024
    st.caption(f"{count(made.rows)} rows, {size:,.0f} kB. The first {count(len(made.first))}:")
    show_table(made.first, key="report_rows", height=min(430, 38 + 35 * len(made.first)))


@st.fragment
def digests(queries: Queries) -> None:
    """What the daily digest says of a day: it is sent soon after midnight, and can be read here at any time."""
    st.header(
        "Daily digest",
        help="The message that is sent for each UTC day soon after it is over, made from the books as they are now.",
    )
    with told("The digest"):
        live = queries.live()
        if live is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        began = queries.money.began()
        last = day_of(live.event_at)
        oldest = last if began is None else day_of(began)
        days = list(range(last, max(oldest, last - DIGEST_DAYS + 1) - 1, -1))
        chosen = st.segmented_control(
            "Day (UTC)",
            days,
            format_func=lambda day: iso_day(day * DAY) + (" (goes on)" if day == last else ""),
            key="digest_day",
            help="Choose a day to read its digest.",
        )
        if chosen is None:
            st.caption("Choose a day.")
            return
        with st.spinner("Reading the day…"):
            text = queries.money.digest(int(chosen))
        with st.container(border=True, key="digest"):
            st.markdown(digest_lines(text))


def digest_lines(text: str) -> str:
    """A digest as Markdown: its first line as a title, then what each line is about in bold."""
    head, *rest = text.splitlines()
    lines = [f"**{plain(head)}**"]
    for line in rest:
        name, colon, said = line.partition(": ")
        lines.append(f"- **{plain(name)}** {plain(said)}" if colon else f"- **{plain(line)}**")
    return "\n".join([lines[0], "", *lines[1:]])


def main() -> None:
    """Lay the page out."""
    queries = open_page("Reports")
    if queries is None:
        return
    head(queries)
    files(queries)
    digests(queries)


main()
