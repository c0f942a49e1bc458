"""Early warning in the engine: hours that are going to exceed are announced while there is time to act.

Two things are read, both already there: the running hour's minutes, at the first tick in each LOOK_MS of log time; and the hours that were
decided before, when an hour is decided in time. Which warnings are open is what the events say, so that a restart knows it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from ingest.registry import WarningLevel
from processors.episodes import decimal_text
from processors.exempting import ExemptSpan
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, MINUTE_SCALE, SCALE, Event, epoch_ms, local_iso, scaled
from processors.findings import Findings
from processors.judging import EXCEEDS
from processors.output import Output
from processors.packs import EarlyHour, EarlyNextHour, chosen
from processors.points import Points
from processors.rules.averaging import ABOVE_RANGE
from processors.rules.early import MINUTES, chances, hour_so_far, one_hour_changes, room, withheld_above_range
from processors.rules.gas import reference_oxygen_expr
from processors.rules.weather import internal_limit
from processors.shelf import MarkSpan, Shelf
from processors.weather_steps import EarlyUnderWarning

LOOK_MS = 10 * MINUTE_MS
"""Log time between two looks at running hours."""
IN_TIME_MS = 15 * MINUTE_MS
"""An hour decided later than this after its end foresees nothing: the hour that it is about is too far gone."""
HELD_MAX = 8
"""Hours of which the limits in force are remembered."""
WARNINGS_MAX = 20_000
"""Newest events of early warning that are read after a restart, to know which warnings are open."""
EXPECTED, ENDED = "exceedance.expected", "exceedance.expected_ended"
_FINER = 10 ** (MINUTE_SCALE - SCALE)

DECIDED = ("came true", "did not", "not judged")
"""Outcomes of a warning that the hour's decision ended; "withdrawn" it was before."""

Series = tuple[int, str]
"""A point (``pid``) and stat."""
Decision = tuple[str | None, int | None, str | None]
"""Verdict, value and reason of a decided hour."""
Running = Callable[[tuple[str, str, str, str, int], int], str | None]
"""The open episode of a series (source, factor, stat, limit) that an hour would lengthen, by the hour's start."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What was told of a series' hour: how often a warning was opened, and whether one is open."""

    limit_id: str
    limit: int
    times: int
    open: bool


class Early:
    """Warnings of all points that have an hourly limit and whose rule pack asks for them; ``active`` where there are any."""

    def __init__(self, points: Points, running: Running, findings: Findings) -> None:
        self._points, self._running, self._findings = points, running, findings
        self._warned: dict[tuple[int, int], dict[Series, Warned]] = {}
        self._rows = self._limited()
        self._held: dict[int, pl.DataFrame] = {}
        self.active = self._rows.height > 0
        self.sids: list[int] = self._rows["sid"].unique().sort().to_list()
        """Sources with such points."""
        self._warnable = self._under_warnings()
        wanted = set(self._rows["pid"].to_list()) | set(self._rows["oxygen_pid"].drop_nulls().to_list())
        self._converted: dict[int, tuple[pl.DataFrame, pl.DataFrame]] = {}
        """By minute of the running hour, at most 60: its figures, and what was made of them."""
        self._censoring = self._rows.filter(pl.col("t_as") == "censored")["pid"].unique().to_list()
        """Points of which a minute above the range counts as above the limit."""
        states = points.states
        self._unproved = [] if states is None else states.filter(pl.col("actual") | pl.col("flow"))["pid"].unique().to_list()
        """Points of which the top of the range, at the state that is sent, proves nothing of the standard state."""
        self._wanted = pl.Series([pid in wanted for pid in range(len(points.keys))], dtype=pl.Boolean)

    def _limited(self) -> pl.DataFrame:
        """Return the hourly limits under a rule of early warning, with its parameters: None where a pack has only one of the two rules."""
        points, found = self._points, []
        for row in points.limits.filter(_WARNED_LIMITS).iter_rows(named=True):
            source = points.sources.get(points.keys[row["pid"]].source)
            pack = chosen(source, points.packs) if source is not None else None
            hour, ahead = (None, None) if pack is None else (pack.rule(EarlyHour), pack.rule(EarlyNextHour))
            if hour is not None or ahead is not None:
                named = {k: v for rule in (hour, ahead) if rule is not None for k, v in rule.numbers().items()}
                found.append({**row, **named})
        rows = pl.DataFrame(found, schema={**points.limits.schema, **dict.fromkeys(_PARAMETERS, pl.Int64), "t_as": pl.String})
        info = points.frame.filter(pl.col("meter") == 0).select(
            "pid",
            "sid",
            "ref_o2",
            "guard",
            "air_o2",
            "above_only",
            "oxygen_pid",
            "from_ms",
            "to_ms",
            "inlet_o2_pid",
            "minutes_min",
            "high",
        )
        measured = pl.col("inlet_o2_pid").is_null() | (pl.col("stat") == "avg")  # else oxygen before decides what is compared
        return (
            rows.drop("averaging", "limit_rules", "lower", "when_pid", "when_op", "when_value")
            .join(info, on="pid")
            .filter(measured)
            .drop("inlet_o2_pid")
            .sort("pid", "stat", "limit", "limit_id")
        )

    def _under_warnings(self) -> list[tuple[int, EarlyUnderWarning, dict[str, str]]]:
        """Return sid, rule and areas of the sources that a pollution-weather warning of any time concerns, where the rule pack heeds it."""
        points, found = self._points, []
        for sid in self.sids if points.registry.weather else ():
            source = points.source_names[sid]
            rule = chosen(points.sources[source], points.packs).rule(EarlyUnderWarning)
            areas = points.warnings.areas(source)
            if rule is not None and points.warnings.of(areas):
                found.append((sid, rule, areas))
        return found

    def _tightened(self, limits: pl.DataFrame, hour: int) -> pl.DataFrame:
        """Put the percentages that hold under the pollution-weather warnings at the hour's start in place of the usual ones."""
        if not self._warnable:
            return limits.with_columns(level=pl.lit(None, dtype=pl.String))
        rows = []
        levels: dict[tuple[tuple[str, str], ...], WarningLevel | None] = {}
        for sid, rule, areas in self._warnable:
            where = tuple(areas.items())
            if where not in levels:
                levels[where] = self._points.warnings.level(areas, hour)
            if (level := levels[where]) is not None:
                shares = [
                    int(internal_limit(100, level=level, share_pct=usual, tight_share_pct=tight, tight_from=rule.tight_from))
                    for usual, tight in (
                        (rule.warned_opens_pct, rule.tight_opens_pct),
                        (rule.warned_closes_pct, rule.tight_closes_pct),
                    )
                ]
                rows.append((sid, level, *shares))
        under = pl.DataFrame(rows, schema=_UNDER, orient="row")
        return limits.join(under, on="sid", how="left", maintain_order="left").with_columns(
            opens_pct=pl.min_horizontal("opens_pct", "opens_under"), closes_pct=pl.min_horizontal("closes_pct", "closes_under")
        )

    def _holding(self, hour: int) -> pl.DataFrame:
        """Return the strictest limit of each series in an hour; those of the last few hours asked for are remembered."""
        known = self._held.get(hour)
        if known is not None:
            return known
        held = (
            (pl.col("limit_from") <= hour)
            & (pl.col("limit_to") > hour)
            & (pl.col("from_ms") <= hour)
            & (pl.col("to_ms") > hour)
        )
        if len(self._held) >= HELD_MAX:
            self._held.clear()
        limits = self._rows.filter(held).unique(["pid", "stat"], keep="first", maintain_order=True)
        self._held[hour] = found = self._tightened(limits, hour)
        return found

    # -- within the hour -----------------------------------------------------------------------------------------

    def look(self, shelf: Shelf, keys: list[tuple[int, int]], spans: list[MarkSpan], now: int, out: Output) -> None:
        """Look at the running hours of (sid, hour) keys, whose minutes are up to date, and tell warnings that open or close."""
        if not keys:
            return
        hour = keys[0][1]
        sids = {sid for sid, _hour in keys}
        marked = _marked(spans, now)
        self._withdraw_marked(sids, hour, marked, now, out)
        rows = self._running_minutes(shelf, hour, now)
        if rows.is_empty():
            return
        seen = hour_so_far(rows)
        if not self._warned and not seen["opens"].any():
            return
        left = MINUTES - (now - hour) // MINUTE_MS
        state = {key: w for (sid, h), each in self._warned.items() if h == hour and sid in sids for key, w in each.items()}
        opening = pl.col("opens")
        told = [key for key, w in state.items() if w.open]
        if told:
            open_now = pl.DataFrame(told, schema=_KEYS, orient="row").with_columns(told=True)
            seen = seen.join(open_now, on=_SERIES, how="left")
            opening = pl.when(pl.col("told").is_null()).then(opening).otherwise("closes")
        turned = [
            row
            for row in seen.filter(opening).sort(_SERIES).iter_rows(named=True)
            if (sid := self._points.sid_of_pid[row["pid"]]) in sids and not _is_marked(marked, sid, row["pid"])
        ]
        if not turned:
            return
        limits = {(r["pid"], r["stat"]): r for r in self._holding(hour).iter_rows(named=True)}
        counts = self._chances(
            shelf, [(r, limits[r["pid"], r["stat"]]) for r in turned if r["opens"] and not r["censored"]], hour, left
        )
        for row in turned:
            series = (row["pid"], row["stat"])
            if not row["opens"]:
                self._end(series, hour, state[series], "withdrawn", row["value"], None, now, out)
                continue
            rest = None if row["censored"] else room(row["total"], row["n"], left, limits[series]["limit"])
            facts = {
                "by": "above range" if row["censored"] else "minutes above" if row["above"] else "hour so far",
                "n": row["n"],
                "rest": None if rest is None else decimal_text(rest),
                "above_min": limits[series]["above_min"],
            }
            if limits[series]["level"] is not None:
                facts |= {"level": limits[series]["level"], "opens_pct": limits[series]["opens_pct"]}
            self._tell(limits[series], hour, row["value"], counts.get(series, (0, 0)), facts, now, out)

    def _running_minutes(self, shelf: Shelf, hour: int, now: int) -> pl.DataFrame:
        """Return the minutes that ended of the series with a limit and a rule for running hours, as ``hour_so_far`` takes them."""
        self._converted = {minute: kept for minute, kept in self._converted.items() if minute >= hour}
        limits = self._holding(hour)
        fresh: dict[int, pl.DataFrame] = {}
        minutes = range(hour, now - MINUTE_MS + 1, MINUTE_MS) if limits.height else range(0)
        for minute in minutes:
            bucket, kept = shelf.buckets.get(minute), self._converted.get(minute)
            if bucket is not None and bucket.figures is not None and (kept is None or kept[0] is not bucket.figures):
                fresh[minute] = bucket.figures
        if fresh:
            made = self._as_judged(pl.concat(fresh.values()), limits.filter(pl.col("valid_min").is_not_null()))
            parts = made.partition_by("minute", as_dict=True)
            self._converted |= {minute: (figures, parts.get((minute,), made.clear())) for minute, figures in fresh.items()}
        frames = [self._converted[minute][1] for minute in minutes if minute in self._converted]
        return pl.concat(frames) if frames else _NO_MINUTES

    def _as_judged(self, minutes: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
        """Return the valid values of minutes as their limits judge them: measured, or at reference oxygen; None of those above their range.

        A minute above its range counts where the top of the range lies above the limit as it is judged, or is not registered.
        """
        over = minutes["code"] == ABOVE_RANGE
        if self._unproved:
            over &= ~minutes["pid"].is_in(self._unproved)
        known = minutes.select("pid", "minute", "value", over=over).filter(
            self._wanted.gather(minutes["pid"]) & (minutes["value"].is_not_null() | over)
        )
        oxygen = known.select("minute", oxygen_pid="pid", oxygen="value")
        rows = known.join(limits, on="pid").join(oxygen, on=["oxygen_pid", "minute"], how="left")
        reference, guard, air = (pl.col(name) * _FINER for name in ("ref_o2", "guard", "air_o2"))
        if over.any():
            top = pl.coalesce("high", "limit") * _FINER  # where no range is registered oxygen alone says whether it counts
            rows = rows.filter(~pl.col("over") | (pl.col("t_as") == "censored"))
            rows = rows.with_columns(value=pl.when("over").then(top).otherwise("value"))
        converted = reference_oxygen_expr(
            pl.col("value"), pl.col("oxygen"), reference, guard, air=air, above_only=pl.col("above_only"), digits=MINUTE_SCALE
        )
        value = pl.when(pl.col("stat") == "avg_ref").then(converted).otherwise("value")
        judged = rows.with_columns(value=value).filter(pl.col("value").is_not_null())
        if over.any():
            proved = pl.col("high").is_null() | (pl.col("value") > pl.col("limit") * _FINER)
            judged = judged.filter(~pl.col("over") | proved)
            judged = judged.with_columns(value=pl.when(~pl.col("over")).then("value"))
        return judged.select(*_SERIES, "minute", "limit", *_PARAMETERS[:4], "value")

    def _chances(
        self, shelf: Shelf, rows: list[tuple[dict[str, Any], dict[str, Any]]], hour: int, left: int
    ) -> dict[Series, tuple[int, int]]:
        bases = [
            (r["pid"], r["stat"], hour, r["value"], left, limit["limit"], limit["hours_back"])
            for r, limit in rows
            if limit["hours_back"] is not None
        ]
        frame = pl.DataFrame(bases, schema=_BASES, orient="row")
        return {(pid, stat): (k, of) for pid, stat, _hour, k, of in self._counted(shelf, frame).iter_rows()}

    def _counted(self, shelf: Shelf, bases: pl.DataFrame) -> pl.DataFrame:
        """Return ``chances`` of hours that are foreseen, from the decided hours on the shelf."""
        if bases.is_empty():
            return bases.select("pid", "stat", "hour", k=pl.lit(0), of=pl.lit(0))
        first, last = int(bases["hour"].min()), int(bases["hour"].max())  # type: ignore[arg-type]
        back = int(bases["hours_back"].max()) + 1  # type: ignore[arg-type]
        known = shelf.latest("hour", list(range(first - back * HOUR_MS, last, HOUR_MS)))
        if known is None:
            return bases.select("pid", "stat", "hour", k=pl.lit(0), of=pl.lit(0))
        series = bases.select("pid", "stat").unique()
        known = known.filter(pl.col("revision") > 0).join(series, on=["pid", "stat"], how="semi")
        return chances(bases, one_hour_changes(known))

    # -- when hours are decided ----------------------------------------------------------------------------------

    def decided(
        self,
        keys: pl.DataFrame,
        figures: list[pl.DataFrame],
        shelf: Shelf,
        spans: list[MarkSpan],
        exempt: list[ExemptSpan],
        out: Output,
    ) -> None:
        """End the warnings of hours that were decided, foresee the hours after them, and tell those without a mean for want of range.

        Args:
            keys: ``sid``, ``hour``, ``decided`` (log time).
            figures: what was published of them.
            spans, exempt: marks under which no value counts, and those that may exempt; an hour ahead that they take is not foreseen.
        """
        hourly = [f.filter(pl.col("revision") == 1) for f in figures if f["level"].first() == "hour"]
        news = pl.concat(hourly) if hourly else None
        foreseen = self._foreseen(news, shelf) if news is not None else []
        if news is not None:
            self._tell_above_range(news, shelf, exempt, out)
        by_hour: dict[int, list[tuple[dict[str, Any], dict[str, Any], tuple[int, int]]]] = {}
        for row, limit, counts in foreseen:
            by_hour.setdefault(row["hour"], []).append((row, limit, counts))
        verdicts = self._verdicts(news)
        at: dict[int, dict[int, int]] = {}
        for sid, hour, decided in keys.select("sid", "hour", "decided").rows() if self._warned or by_hour else ():
            at.setdefault(hour, {})[sid] = decided
        for hour in sorted(at):
            for sid, decided in sorted(at[hour].items()):
                self._decided_hour(sid, hour, decided, verdicts, out)
            for row, limit, counts in by_hour.get(hour, ()):
                if not _lost(spans, exempt, limit, hour + HOUR_MS):
                    self._tell(limit, hour + HOUR_MS, row["value"], counts, {"by": "last hours"}, row["decided"], out)

    def _verdicts(self, news: pl.DataFrame | None) -> dict[tuple[int, str, int], Decision]:
        """Return verdict, value and reason of what was published of hours with a warning."""
        if news is None or not self._warned:
            return {}
        pids = {pid for each in self._warned.values() for pid, _stat in each}
        rows = news.filter(pl.col("pid").is_in(list(pids))).select("pid", "stat", "hour", "verdict", "value", "reason").rows()
        return {(pid, stat, hour): (verdict, value, reason) for pid, stat, hour, verdict, value, reason in rows}

    def _decided_hour(self, sid: int, hour: int, now: int, verdicts: dict[tuple[int, str, int], Decision], out: Output) -> None:
        for (pid, stat), each in sorted(self._warned.pop((sid, hour), {}).items()):
            if each.open:
                verdict, value, reason = verdicts.get((pid, stat, hour), (None, None, None))
                above = verdict == EXCEEDS and value is not None and value > each.limit
                outcome = "came true" if above else "not judged" if value is None else "did not"
                self._end((pid, stat), hour, each, outcome, value, reason, now, out)

    def _tell_above_range(self, news: pl.DataFrame, shelf: Shelf, exempt: list[ExemptSpan], out: Output) -> None:
        """Tell the decided hours that have no mean because minutes of them lie above the analyser's range."""
        withheld = news.filter(
            pl.col("value").is_null() & pl.col("pid").is_in(self._censoring) & ~pl.col("reason").is_in(["stopped", "no data"])
        ).sort("hour")
        for (hour,), rows in withheld.partition_by("hour", as_dict=True).items() if withheld.height else ():
            limits = self._holding(int(hour)).filter(pl.col("t_as") == "censored")
            short = rows.select("pid", "stat", "hour", "n", "decided").join(limits, on=_SERIES)
            short = short.sort(_SERIES).unique("pid", keep="first", maintain_order=True)
            buckets = [shelf.buckets.get(m) for m in range(int(hour), int(hour) + HOUR_MS, MINUTE_MS)] if short.height else []
            over = [
                b.figures.filter(pl.col("code") == ABOVE_RANGE).select("pid", "minute")
                for b in buckets
                if b is not None and b.figures is not None and (b.figures["code"] == ABOVE_RANGE).any()
            ]
            if not over:
                continue
            for row in withheld_above_range(pl.concat(over), short).iter_rows(named=True):
                if not _exempt(exempt, row["pid"], row["hour"]):
                    self._findings.above_range(row, self._points.unit(row["pid"]), out)

    def _foreseen(self, news: pl.DataFrame, shelf: Shelf) -> list[tuple[dict[str, Any], dict[str, Any], tuple[int, int]]]:
        """Return the hours, decided in time, after which an hour that exceeds is likely enough: figure, limit, and how likely."""
        ended = pl.col("hour") + HOUR_MS
        in_time = (
            (pl.col("decided") >= ended - IN_TIME_MS)
            & (pl.col("decided") <= ended + IN_TIME_MS)
            & pl.col("value").is_not_null()
        )
        fresh = news.filter(in_time).select("pid", "stat", "hour", "value", "decided")
        ahead = [
            self._holding(int(hour) + HOUR_MS).filter(pl.col("hours_back").is_not_null()).with_columns(hour=pl.lit(int(hour)))
            for hour in fresh["hour"].unique().sort().to_list()
        ]
        if not ahead:
            return []
        both = fresh.join(pl.concat(ahead), on=["pid", "stat", "hour"]).sort("hour", "pid", "stat")
        bases = both.select(
            "pid", "stat", "limit", "hours_back", hour=ended, base="value", left=pl.lit(MINUTES, dtype=pl.Int64)
        ).select(*_BASES)
        counted = {(pid, stat, hour): (k, of) for pid, stat, hour, k, of in self._counted(shelf, bases).iter_rows()}
        found = []
        for row in both.iter_rows(named=True):
            k, of = counted.get((row["pid"], row["stat"], row["hour"] + HOUR_MS), (0, 0))
            if of >= row["changes_min"] and k * 100 >= row["share_pct"] * of:
                found.append((row, row, (k, of)))
        return found

    # -- what is told --------------------------------------------------------------------------------------------

    def _tell(
        self,
        limit: dict[str, Any],
        hour: int,
        value: int | None,
        counts: tuple[int, int],
        facts: dict[str, Any],
        now: int,
        out: Output,
    ) -> None:
        series, sid = (limit["pid"], limit["stat"]), limit["sid"]
        known = self._warned.setdefault((sid, hour), {})
        before = known.get(series)
        if before is not None and before.open:
            return
        warned = Warned(limit["limit_id"], limit["limit"], before.times + 1 if before is not None else 1, True)
        known[series] = warned
        k, of = counts if limit["changes_min"] is not None and counts[1] >= limit["changes_min"] else (None, None)
        more = {**facts, "value": None if value is None else decimal_text(value), "likely": k, "of": of}
        self._event(EXPECTED, series, hour, warned, more, now, out)

    def _end(
        self,
        series: Series,
        hour: int,
        warned: Warned,
        outcome: str,
        value: int | None,
        reason: str | None,
        now: int,
        out: Output,
    ) -> None:
        sid = self._points.sid_of_pid[series[0]]
        if (sid, hour) in self._warned:
            self._warned[sid, hour][series] = replace(warned, open=False)
        facts = {"outcome": outcome, "value": None if value is None else decimal_text(value), "reason": reason}
        self._event(ENDED, series, hour, warned, facts, now, out)

    def _event(
        self, kind: str, series: Series, hour: int, warned: Warned, facts: dict[str, Any], now: int, out: Output
    ) -> None:
        pid, stat = series
        key = self._points.keys[pid]
        named = (key.source, key.factor, stat, warned.limit_id)
        thread = "/".join((*named, local_iso(hour)))
        told = {
            "expected": thread,
            "episode": self._running((*named, HOUR_MS), hour) or thread,
            "stat": stat,
            "unit": self._points.unit(pid),
            "limit": decimal_text(warned.limit),
            "limit_id": warned.limit_id,
            "hour_start": local_iso(hour),
            "hour_end": local_iso(hour + HOUR_MS),
            "times": warned.times,
            **facts,
        }
        again = f"#{warned.times}" if warned.times > 1 else ""
        out.events.append(Event(f"{kind}/{thread}{again}", kind, key.source, key.factor, now, True, told))

    def _withdraw_marked(self, sids: set[int], hour: int, marked: set[tuple[int, int | None]], now: int, out: Output) -> None:
        for sid in sorted(sids) if marked else ():
            for series, warned in sorted(self._warned.get((sid, hour), {}).items()):
                if warned.open and _is_marked(marked, sid, series[0]):
                    self._end(series, hour, warned, "withdrawn", None, None, now, out)

    # -- restart -------------------------------------------------------------------------------------------------

    def restore(self, events: Iterable[Event]) -> None:
        """Take back what was told: ``events`` of early warning, newest first."""
        known = list(events)
        newest = max((e.time_ms for e in known), default=0)
        for event in reversed(known):
            pid = self._points.pid.get((event.source, event.factor or ""))
            hour = epoch_ms(datetime.fromisoformat(event.facts["hour_start"]))
            if pid is None or hour < newest - DAY_MS:
                continue
            facts, sid = event.facts, self._points.sid_of_pid[pid]
            of_hour = self._warned.setdefault((sid, hour), {})
            if event.kind == ENDED and facts["outcome"] in DECIDED:
                self._warned.pop((sid, hour))
                continue
            limit = scaled(facts["limit"])
            of_hour[pid, facts["stat"]] = Warned(facts["limit_id"], limit, facts["times"], event.kind == EXPECTED)


def still_open(events: Iterable[Event]) -> list[Event]:
    """Return the warnings that have not ended, among events of early warning that stand newest first."""
    ended: set[str] = set()
    found: list[Event] = []
    for event in events:
        name = event.id.partition("/")[2]
        if event.kind == ENDED:
            ended.add(name)
        elif event.kind == EXPECTED and name not in ended:
            found.append(event)
    return found


def _marked(spans: list[MarkSpan], now: int) -> set[tuple[int, int | None]]:
    """Return the sources, and points of them, that a mark says something of at a time."""
    return {(s.sid, s.pid) for s in spans if s.start_ms <= now < s.end_ms}


def _lost(spans: list[MarkSpan], exempt: list[ExemptSpan], limit: dict[str, Any], hour: int) -> bool:
    """Return whether the marks known over an hour leave a point too few minutes for a mean, or exempt it (if its particulates allow)."""
    minutes = range(hour, hour + HOUR_MS, MINUTE_MS)
    over = [s for s in spans if s.sid == limit["sid"] and s.pid in (None, limit["pid"])]
    left = sum(not any(s.start_ms < m + MINUTE_MS and s.end_ms > m for s in over) for m in minutes)
    return left < limit["minutes_min"] or _exempt(exempt, limit["pid"], hour)


def _exempt(exempt: list[ExemptSpan], pid: int, hour: int) -> bool:
    """Return whether marks may exempt an hour of a point (if its particulates allow)."""
    mine = [s for s in exempt if s.pid == pid]
    minutes = range(hour, hour + HOUR_MS, MINUTE_MS) if mine else range(0)
    under = sum(any(s.start_ms <= m and m + MINUTE_MS <= s.until_ms for s in mine) for m in minutes)
    return any(under >= s.minutes_min for s in mine)


def _is_marked(marked: set[tuple[int, int | None]], sid: int, pid: int) -> bool:
    return (sid, None) in marked or (sid, pid) in marked


_PARAMETERS = ("valid_min", "above_min", "opens_pct", "closes_pct", "hours_back", "changes_min", "share_pct")
_SERIES = ("pid", "stat")
_WARNED_LIMITS = (
    (pl.col("averaging") == "hour") & pl.col("stat").is_in(["avg", "avg_ref"]) & ~pl.col("lower") & pl.col("when_pid").is_null()
)
"""Limits of hourly means from above that hold without a condition: others are judged, and never announced."""
_KEYS = {"pid": pl.Int32, "stat": pl.String}
_BASES = {
    **_KEYS,
    "hour": pl.Int64,
    "base": pl.Int64,
    "left": pl.Int64,
    "limit": pl.Int64,
    "hours_back": pl.Int64,
}
_UNDER = {"sid": pl.Int32, "level": pl.String, "opens_under": pl.Int64, "closes_under": pl.Int64}
_NO_MINUTES = pl.DataFrame(schema={"pid": pl.Int32})
