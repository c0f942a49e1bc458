"""The desk: hours of a shelf are made, judged and published, and what reads them follows: days, accounts, episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from ingest.records import Mark
from processors.accounts import account_figures
from processors.episodes import EpisodeBook
from processors.escalation import judging
from processors.exempting import ExemptSpan, exempted
from processors.figures import DAY_MS, HOUR_MS
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA, day_figures, days_apart, hour_figures
from processors.judging import EXCEEDS
from processors.metering import Meters
from processors.output import Output, Past
from processors.pending import judged_provisionally
from processors.ph_figures import EXTREMES
from processors.points import NO_METER, Points
from processors.publish import EMPTY, publish, verdict_behind, verdicts
from processors.rules.averaging import STOPPED
from processors.shelf import MarkSpan, Shelf

NO_DATA, DECLARED = SILENT = ("no data", "stopped")
"""What is stated of an hour of which nothing came, as marks have it."""
_OF_SILENCE = (pl.col("digest") == 0) & (pl.col("revision") > 0) & pl.col("reason").is_in(SILENT)


class Desk:
    """Makes and publishes figures of one shelf; ``decided_until`` tells the end of a point's last decided hour.

    ``accounts`` is false where it sees only a part of the sources, so that whoever sees all must add them up. The days of ``closing``
    sources are asked to be closed once they are decided, and again when they are revised, with as many days as it says, the revised among them;
    a running day is asked for with each decided or revised hour of points that are ``looked_at``.
    """

    def __init__(
        self,
        points: Points,
        episodes: EpisodeBook,
        findings: Findings,
        past: Past | None,
        decided_until: Callable[[int], int],
        *,
        accounts: bool,
        closing: Mapping[str, int] | None = None,
        looked_at: frozenset[int] = frozenset(),
    ) -> None:
        self.closing, self.looked_at = closing or {}, looked_at
        self.escalated = past is not None and bool(judging(points.registry.escalation, "day"))
        self.points, self.episodes, self.findings, self.past = points, episodes, findings, past
        self.decided_until, self.accounts = decided_until, accounts
        self.uncompared: set[tuple[int, int]] = set()
        """(sid, day) whose figures or device days are new; compared at a tick, so that it does not matter which came first."""
        self.pending: list[Mark] = []
        """Marks in doubt, whose hours are judged without them; the engine keeps them."""
        self.exempt: list[ExemptSpan] = []
        """What marks may exempt; the engine keeps it."""
        self._sids = pl.DataFrame(
            {"pid": range(len(points.keys)), "sid": points.sid_of_pid}, schema={"pid": pl.Int32, "sid": pl.Int32}
        )

    def hours(
        self,
        shelf: Shelf,
        keys: pl.DataFrame,
        spans: list[MarkSpan],
        out: Output,
        meters: Meters | None = None,
        *,
        empty: pl.DataFrame | None = None,
    ) -> None:
        """Make the hours of (``sid``, ``hour``, ``decided``) keys anew and publish those that are new or differ.

        Args:
            meters: whose energy belongs to these hours.
            empty: those of the keys of which is also stated what did not come; what was stated so before is stated anew by the marks of now.
        """
        rows, contested, disagreeing = hour_figures(shelf, keys.select("sid", "hour"), self.points, spans)
        self.findings.conflicts(contested, out)
        self.findings.disagree(disagreeing, out)
        rows = pl.concat([rows, *(meters.rows(keys, out) if meters is not None else [])])
        rows = rows.join(self._sids, on="pid").join(keys, on=["sid", "hour"]).drop("sid")
        again = self._silent(shelf, rows, keys, spans)
        rows = pl.concat([rows, *([again] if again is not None else [])])
        if empty is not None:
            rows = pl.concat([rows, self._no_data(shelf, rows, empty, spans)])
        rows = judged_provisionally(rows, self.pending, self.points)
        news = publish(shelf, exempted(rows, self.exempt), self.points, "hour")
        self._publish_on(shelf, news, out)
        if again is not None:  # whether nothing came or was due, a day's own figures need not show it: but rates of quarters do
            days = news.join(again, on=["pid", "stat", "hour"], how="semi").with_columns(hour=self.day_of(pl.col("hour")))
            over = [self.decided_until(pid) >= day + DAY_MS for pid, day in days.select("pid", "hour").rows()]
            self._close_later(days.filter(pl.Series(over, dtype=pl.Boolean)), out)

    def silent_hours(self, shelf: Shelf, from_ms: int) -> set[tuple[int, int]]:
        """Return the (sid, hour) on a shelf from a time on of which it was stated that nothing came."""
        frames = [f.filter(_OF_SILENCE).select("pid", "hour") for hour, f in shelf.hours.items() if hour >= from_ms]
        return set(pl.concat(frames).join(self._sids, on="pid").select("sid", "hour").unique().rows()) if frames else set()

    def day_of(self, time: pl.Expr) -> pl.Expr:
        """Return the start of the local day of times."""
        offset = self.points.rules.offset_ms
        return (time + offset) // DAY_MS * DAY_MS - offset

    def compare(self, shelf: Shelf, keys: Iterable[tuple[int, int]], out: Output) -> None:
        """Tell where the device's own days of (sid, day) keys differ from our decided ones."""
        wanted = pl.DataFrame(sorted(keys), schema={"sid": pl.Int32, "day": pl.Int64}, orient="row")
        found, ours = shelf.own_days_of(wanted), shelf.latest("day", wanted["day"].unique().to_list())
        if found is None:
            return
        own, contested = found
        self.findings.conflicts(contested, out)
        if ours is not None:
            if self.points.ph:  # ours is the mean of hydrogen ions, a device's that of pH
                ours = ours.join(self.points.frame.filter("ph"), on="pid", how="anti")
            self.findings.disagree_days(days_apart(own, ours, self.points), out)

    def _no_data(self, shelf: Shelf, rows: pl.DataFrame, decided: pl.DataFrame, spans: list[MarkSpan]) -> pl.DataFrame:
        """State the hours of which nothing came: no value, reason "no data", or "stopped" where it was declared."""
        info = self.points.frame.join(decided, on="sid").filter(
            (pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms")) & ~pl.col("sparse")
        )
        stats = [
            info.filter(pl.col("meter") == NO_METER).with_columns(stat=pl.lit("avg")),
            info.filter(pl.col("ref_o2").is_not_null() | pl.col("ref_volume").is_not_null()).with_columns(
                stat=pl.lit("avg_ref")
            ),
            *(info.filter("ph").with_columns(stat=pl.lit(stat)) for stat in EXTREMES),
            info.filter(pl.col("pid").is_in(self.points.peaks)).with_columns(stat=pl.lit("max")),
            info.filter(pl.col("flow_pid").is_not_null() & ~pl.col("ph")).with_columns(stat=pl.lit("mass")),
            info.filter(pl.col("meter") != NO_METER).with_columns(stat=pl.lit("energy")),
        ]
        missing = pl.concat(stats).join(rows, on=["pid", "stat", "hour"], how="anti")
        latest = shelf.latest("hour", missing["hour"].unique().to_list())
        if latest is not None:
            missing = missing.join(latest, on=["pid", "stat", "hour"], how="anti")
        return _stated(missing, spans)

    def _silent(self, shelf: Shelf, rows: pl.DataFrame, keys: pl.DataFrame, spans: list[MarkSpan]) -> pl.DataFrame | None:
        """State anew the decided hours of which nothing had come, and has not since; None where there are none."""
        latest = shelf.latest("hour", keys["hour"].unique().to_list())
        if latest is None:
            return None
        silent = latest.filter(_OF_SILENCE)
        if silent.is_empty():
            return None
        silent = silent.select("pid", "stat", "hour").join(self._sids, on="pid").join(keys, on=["sid", "hour"])
        silent = silent.join(rows, on=["pid", "stat", "hour"], how="anti")
        silent = silent.join(self.points.frame.select("pid", "from_ms", "to_ms", "rules"), on="pid")  # before it was judged
        silent = silent.filter((pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms")))
        return _stated(silent, spans) if silent.height else None

    def _publish_on(self, shelf: Shelf, news: pl.DataFrame, out: Output) -> None:
        """Give out hours, then the days and accounts that read decided ones, then the episodes."""
        if news.is_empty():
            return
        out.figures.append(news)
        news = news.filter(pl.col("revision") > 0)
        if news.is_empty():
            return
        if self.looked_at:
            self._look_later(news, out)
        decided = pl.concat([news, self._days(shelf, news, out)])
        events, episodes = self.episodes.apply(
            verdicts(decided, self.points, self.episodes),
            lambda episode: verdict_behind(shelf, episode, self.points, self.past),
        )
        out.events += events
        out.episodes += episodes

    def _days(self, shelf: Shelf, news: pl.DataFrame, out: Output) -> pl.DataFrame:
        """Give out the days of hours, and of what reads them; return those that are decided."""
        day = self.day_of(pl.col("hour"))
        keys = news.select("pid", day=day).unique()
        if self.points.readers.height:
            readers = keys.join(self.points.readers, on="pid").select(pid="reader", day="day")
            keys = pl.concat([keys, readers]).unique()
        starts = keys["day"].unique().to_list()
        hours = shelf.latest("hour", [h for d in starts for h in range(d, d + DAY_MS, HOUR_MS)])
        if hours is None:
            return EMPTY
        hours = hours.filter(pl.col("revision") > 0).select(*HOUR_SCHEMA, "verdict")
        of_days = hours.with_columns(day=day).join(keys, on=["pid", "day"], how="semi")
        days = day_figures(of_days, hours, self.points)
        pids = days["pid"].unique().sort()
        known = int(news["decided"].max() or 0)  # type: ignore[arg-type]
        until = pl.Series("until", [self.decided_until(pid) for pid in pids.to_list()], dtype=pl.Int64)
        over = pl.col("until") >= pl.col("hour") + DAY_MS
        days = days.join(pl.DataFrame([pids, until]), on="pid").with_columns(decided=pl.when(over).then(known)).drop("until")
        published = publish(shelf, days, self.points, "day")
        if published.height:
            out.figures.append(published)
            decided = published.filter((pl.col("revision") > 0) & pl.col("hour").is_in(list(shelf.own_days)))
            self.uncompared |= set(decided.join(self._sids, on="pid").select("sid", "hour").unique().rows())
            self._close_later(published.filter(pl.col("revision") > 0), out)
            if self.accounts:
                out.accounts += account_figures(shelf, published, self.points, self.past)
        return published.filter(pl.col("revision") > 0)

    def _look_later(self, hours: pl.DataFrame, out: Output) -> None:
        """Ask for the running days of decided hours to be looked at; those that are over are closed."""
        rows = hours.filter(pl.col("pid").is_in(list(self.looked_at))).select("pid", day=self.day_of(pl.col("hour"))).unique()
        for pid, day in rows.sort("day", "pid").rows():
            if self.decided_until(pid) < day + DAY_MS:
                out.closings.setdefault((self.points.keys[pid].source, day), "hour decided")

    def _close_later(self, days: pl.DataFrame, out: Output) -> None:
        """Ask for the days of published day figures to be closed: of sources whose pack asks for it, and where a day exceeds or did."""
        if not self.closing and not self.escalated:
            return
        raising = (pl.col("verdict") == EXCEEDS) | (pl.col("limit").is_not_null() & (pl.col("revision") > 1))
        rows = days.group_by("pid", "hour").agg(pl.col("revision").max(), raising=raising.any()).sort("hour", "pid")
        for pid, day, revision, raises in rows.rows():
            source = self.points.keys[pid].source
            if source in self.closing or (self.escalated and raises):
                out.closings.setdefault((source, day), "day decided" if revision == 1 else "day revised")
            if revision > 1:
                for later in range(day + DAY_MS, day + self.closing.get(source, 1) * DAY_MS, DAY_MS):
                    if later + DAY_MS <= self.decided_until(pid):
                        out.closings.setdefault((source, later), "day before revised")


def _stated(silent: pl.DataFrame, spans: list[MarkSpan]) -> pl.DataFrame:
    """Return what is stated of hours of which nothing came, by the marks.

    Args:
        silent: ``pid``, ``sid``, ``stat``, ``hour``, ``rules``, ``decided``.

    Returns:
        Rows of HOUR_SCHEMA and ``decided``: no value, or a mass of 0 where a stop covers the whole hour.
    """
    stopped = pl.lit(False)
    for span in spans:
        if span.code == STOPPED and span.pid is None:
            whole = (pl.col("hour") >= span.start_ms) & (pl.col("hour") + HOUR_MS <= span.end_ms)
            stopped = stopped | ((pl.col("sid") == span.sid) & whole)
    return silent.with_columns(
        value=pl.when(stopped & (pl.col("stat") == "mass")).then(0),
        n=0,
        total=0,
        reason=pl.when(stopped).then(pl.lit(DECLARED)).otherwise(pl.lit(NO_DATA)),
        note=None,
        digest=0,
        as_of="decided",
    ).select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()), "decided")
