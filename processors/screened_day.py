"""What screening looks at: the hours, readings, marks and limits of a closed day, brought into the columns that detectors take."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import polars as pl

from processors.closing import Closed
from processors.decode import HOUR, MINUTE, REALTIME
from processors.figures import DAY_MS, HOUR_MS, epoch_ms, scaled
from processors.points import end_ms, start_ms
from processors.programme_steps import VALIDATED
from processors.rules.averaging import ABOVE_RANGE, CALIBRATION, MAINTENANCE, OUT_OF_RANGE, STOPPED, VALID
from processors.rules.gas import Exact, reference_oxygen_expr
from processors.rules.millionths import share_above, share_at_least, wide
from processors.rules.periods import month_length, month_of
from processors.rules.spells import spells
from processors.screening_steps import Running

CONCENTRATIONS = ("/m3", "/L", "ppm", "ppb")
"""Ends of the units of pollutants; temperature, flow, oxygen or pH may well stand still."""
RECENT_DAYS = 8
"""Days of which hours are read with their minutes, the day among them; of those before it values alone."""
_STATS = ("avg", "avg_ref", "energy")
_HOURS = {"pid": pl.Int32, "stat": pl.String, "time_ms": pl.Int64, "value": pl.Int64, "reason": pl.String}
_STRETCHES = {"pid": pl.Int32, "start_ms": pl.Int64, "end_ms": pl.Int64, "scheduled": pl.Boolean}
_USUAL_PCT, _MINUTES = 100 * 10**6, 60


def finest(closed: Closed, start_ms: int, end_ms: int) -> pl.DataFrame:
    """Return the readings whose minute lies in [start, end), of each point in its finest kind, ordered by point and time.

    Columns ``pid``, ``time_ms``, ``value`` (at SCALE), ``code``, ``kind``, ``minute`` (the first that it covers), ``received_ms``, ``step_ms`` (how long one
    stands for).
    """
    source = closed.source
    step = {REALTIME: source.cadence_s * 1000, MINUTE: source.minute_s * 1000, HOUR: HOUR_MS}
    rows = closed.readings(start_ms, end_ms).filter(pl.col("kind").is_in(list(step)))
    return (
        rows.filter(pl.col("kind") == pl.col("kind").min().over("pid"))
        .sort("pid", "time", "minute")
        .unique(["pid", "time"], keep="first", maintain_order=True)
        .select(
            "pid",
            "value",
            "code",
            "kind",
            "minute",
            time_ms="time",
            received_ms="received",
            step_ms=pl.col("kind").replace_strict(list(step), list(step.values()), return_dtype=pl.Int64),
        )
    )


class ScreenedDay:
    """A closed day of a source as detectors take it. Frames have ``pid`` and ``time_ms``; values are Int64 at SCALE.

    Args:
        closed: the day.
        running: what says that the source ran.
        lookback_days: days of hours that are read, the day among them.
    """

    def __init__(self, closed: Closed, running: Running, lookback_days: int) -> None:
        self.closed, self.points = closed, closed.points
        self.offset_ms = self.points.rules.offset_ms
        self.start_ms, self.end_ms = closed.day_ms, closed.end_ms
        self.from_ms = self.end_ms - lookback_days * DAY_MS
        self.recent_ms = self.end_ms - min(lookback_days, RECENT_DAYS) * DAY_MS
        self._running, self._lookback_days = running, lookback_days
        self.watched = [pid for pid in closed.measuring if self.points.unit(pid).endswith(CONCENTRATIONS)]
        """Points of pollutants: those whose values are searched for patterns."""
        rows = [row for pid in closed.pids for row in self.points.points_of.get(pid, ())]
        self.oxygen = self._first([r.oxygen_factor for r in rows if r.reference_o2_pct is not None] + [running.oxygen])
        self.flow = self._first([r.flow_factor for r in rows if r.flow_factor] + running.flows)

    def earlier(self, days: int) -> ScreenedDay:
        """Return a day some days before, as it would be screened now."""
        closed = replace(self.closed, day_ms=self.start_ms - days * DAY_MS)
        return ScreenedDay(closed, self._running, self._lookback_days)

    @cached_property
    def month_ms(self) -> int:
        """Start of the day's local month."""
        return int(pl.select(month_of(pl.lit(self.start_ms), self.offset_ms)).item())

    @property
    def month_end_ms(self) -> int:
        """End of the day's local month."""
        return self.month_ms + int(pl.select(month_length(pl.lit(self.start_ms), self.offset_ms)).item()) * DAY_MS

    def of_role(self, *words: str) -> list[tuple[int, str]]:
        """Return the points that are something to the plant on the day, with the word of their role, in order."""
        rows = [row for pid in self.closed.pids for row in self.points.points_of.get(pid, ()) if row.role]
        on_day = [row for row in rows if start_ms(row) <= self.start_ms < end_ms(row)]
        of = [(self.pid(row.factor), row.role.partition("/")[0]) for row in on_day]
        return sorted((pid, word) for pid, word in of if pid is not None and word in words)

    @cached_property
    def power(self) -> int | None:
        """The point of the production's power, where there is one; it says more than a meter's hours."""
        return next((pid for pid, _word in self.of_role("power")), None)

    def _first(self, factors: list[str]) -> int | None:
        """Return the first point of the source among factors."""
        return next((pid for f in factors if (pid := self.pid(f)) is not None), None)

    def pid(self, factor: str) -> int | None:
        """Return the source's point of a factor."""
        return self.points.pid.get((self.closed.source.source, factor))

    @cached_property
    def limit_of(self) -> dict[int, tuple[str, int]]:
        """The stat and limit of each pollutant on the day: its strictest limit of an hour, else that of a day."""
        rows = self.points.limits.filter(
            pl.col("pid").is_in(self.watched),
            pl.col("averaging").is_in(["hour", "day"]),
            pl.col("stat") != VALIDATED,
            pl.col("limit_from") <= self.start_ms,
            self.start_ms < pl.col("limit_to"),
        ).sort(pl.col("averaging") != "hour", "limit", "stat", descending=[False, False, True])
        return {pid: (stat, limit) for pid, stat, limit in reversed(rows.select("pid", "stat", "limit").rows())}

    # -- hours ---------------------------------------------------------------------------------------------------

    @cached_property
    def figures(self) -> pl.DataFrame:
        """Hours of the days looked back on: ``pid``, ``stat``, ``time_ms``, ``value``, ``reason``."""
        rows = self.closed.past.cold_hours(self.closed.source.source, _STATS, self.from_ms, self.end_ms)
        own = {self.points.keys[pid].factor: pid for pid in self.closed.pids}
        known = [(own[row[0]], *row[1:5]) for row in rows if row[0] in own]
        return pl.DataFrame(known, schema=_HOURS, orient="row")

    @cached_property
    def recent(self) -> pl.DataFrame:
        """Hours of the last days: ``pid``, ``stat``, ``time_ms``, ``value``, ``n``, ``total``, ``reason``, ``limit``."""
        return self.with_minutes(self.recent_ms, self.end_ms)

    def with_minutes(self, start_ms: int, end_ms: int) -> pl.DataFrame:
        """Return hours as ``recent`` has them, of any days."""
        rows = self.closed.figures("hour", start_ms, end_ms, _STATS).rename({"hour": "time_ms"})
        return rows.drop("limit").join(self._limits, on=["pid", "stat"], how="left")

    @cached_property
    def hours(self) -> pl.DataFrame:
        """Measured hours of pollutants, with ``running`` and ``flow``."""
        return self.measured(self.watched).join(self.running, on="time_ms", how="left")

    def measured(self, pids: list[int]) -> pl.DataFrame:
        """Return the measured hours of some points."""
        wanted = (pl.col("stat") == "avg") & pl.col("pid").is_in(pids)
        return self.figures.filter(wanted).select("pid", "time_ms", "value")

    @cached_property
    def limited(self) -> pl.DataFrame:
        """Hours of the pollutants with a limit, in the stat that it is for, with ``limit``."""
        return self.figures.join(self._limits, on=["pid", "stat"])

    @property
    def _limits(self) -> pl.DataFrame:
        rows = [(pid, stat, limit) for pid, (stat, limit) in sorted(self.limit_of.items())]
        return pl.DataFrame(rows, schema={"pid": pl.Int32, "stat": pl.String, "limit": pl.Int64}, orient="row")

    def today(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the day itself."""
        return rows.filter(pl.col("time_ms").is_between(self.start_ms, self.end_ms, closed="left"))

    @cached_property
    def running(self) -> pl.DataFrame:
        """One row an hour of the source: ``time_ms``, ``flow`` (value), ``running`` (by flow, else oxygen, else declaration)."""
        told = self.figures.group_by("time_ms").agg(stopped=(pl.col("reason") == "stopped").any().fill_null(False))
        for name, pid in (("flow", self.flow), ("oxygen", self.oxygen)):
            value = self.measured([] if pid is None else [pid]).select("time_ms", pl.col("value").alias(name))
            told = told.join(value, on="time_ms", how="left")
        usual = pl.lit(self.usual(self.flow), dtype=pl.Int64)
        flows = pl.when(usual.is_not_null()).then(share_above(pl.col("flow"), usual, self._running.flow_pct_min))
        by_oxygen = pl.col("oxygen") < scaled(self._running.oxygen_pct_max)
        told = told.with_columns(running=~pl.col("stopped") & pl.coalesce(flows, by_oxygen, pl.lit(True)))
        return told.select("time_ms", "flow", "running")

    def usual(self, pid: int | None) -> int | None:
        """Return the middle of a point's hours above zero, the lower of two; None where there are none."""
        stat = "energy" if pid in self.meters else "avg"
        mine = self.figures.filter((pl.col("pid") == (-1 if pid is None else pid)) & (pl.col("stat") == stat))
        values = mine.filter(pl.col("value") > 0)["value"].sort().to_list()
        return values[(len(values) - 1) // 2] if values else None

    @cached_property
    def meters(self) -> list[int]:
        """The source's own energy meters."""
        return [pid for pid in self.closed.pids if pid in self.points.meters]

    # -- readings ------------------------------------------------------------------------------------------------

    @cached_property
    def raw(self) -> pl.DataFrame:
        """The day's readings of each point in its finest kind: ``pid``, ``time_ms``, ``value``, ``code``, ``step_ms``."""
        return finest(self.closed, self.start_ms, self.end_ms).select("pid", "value", "code", "time_ms", "step_ms")

    @property
    def step_s(self) -> int:
        """How long a reading of the day stands for."""
        return int(self.raw["step_ms"].max() or HOUR_MS) // 1000  # type: ignore[arg-type]

    @cached_property
    def readings(self) -> pl.DataFrame:
        """Valid readings of pollutants on the day, with ``running`` and ``flow`` of their hour."""
        valid = self.raw.filter((pl.col("code") == VALID) & pl.col("pid").is_in(self.watched)).select("pid", "time_ms", "value")
        by_hour = valid.with_columns(hour=pl.col("time_ms") // HOUR_MS * HOUR_MS)
        return by_hour.join(self.running, left_on="hour", right_on="time_ms", how="left").drop("hour")

    @cached_property
    def ranged(self) -> pl.DataFrame:
        """Readings of pollutants with a registered range, those beyond it too: ``full_scale``, ``range_high``, ``running``."""
        top = self.points.frame.filter(pl.col("from_ms") <= self.start_ms, self.start_ms < pl.col("to_ms")).select(
            "pid", range_high="high", full_scale=pl.col("high") - pl.col("low").fill_null(0)
        )
        kept = self.raw.filter(pl.col("code").is_in([VALID, ABOVE_RANGE, OUT_OF_RANGE]) & pl.col("pid").is_in(self.watched))
        rows = kept.join(top.filter(pl.col("range_high").is_not_null()), on="pid")
        by_hour = rows.with_columns(hour=pl.col("time_ms") // HOUR_MS * HOUR_MS)
        return by_hour.join(self.running, left_on="hour", right_on="time_ms", how="left").drop("hour")

    @cached_property
    def together(self) -> pl.DataFrame:
        """One row a time of the day, valid or stopped: ``oxygen``, ``flow`` (% of usual), ``power`` (% of usual), ``stopped``."""
        kept = self.raw.filter(pl.col("code").is_in([VALID, STOPPED]))
        rows = kept.group_by("time_ms").agg(flagged=(pl.col("code") == STOPPED).any())
        rows = rows.with_columns(hour=pl.col("time_ms") // HOUR_MS * HOUR_MS)
        for name, pid in (("oxygen", self.oxygen), ("flow", self.flow)):
            rows = rows.join(self.channel(pid, name), on="time_ms", how="left")
        energy = self.figures.filter(pl.col("stat") == "energy", pl.col("pid").is_in(self.meters[:1]))
        if self.power is not None:
            rows = rows.join(self.channel(self.power, "power"), on="time_ms", how="left")
        else:
            rows = rows.join(energy.select("time_ms", power="value"), left_on="hour", right_on="time_ms", how="left")
        by = self.power if self.power is not None else next(iter(self.meters), None)
        usual = {"flow": self.usual(self.flow), "power": self.usual(by)}
        shares = {
            name: (wide(pl.col(name)) * _USUAL_PCT // (of or 1)).cast(pl.Int64) if of else pl.lit(None, dtype=pl.Int64)
            for name, of in usual.items()
        }
        declared = pl.lit(False)
        for start, end, _scheduled in self.marked("stopped"):
            declared = declared | pl.col("time_ms").is_between(start, end, closed="left")
        return rows.with_columns(stopped=pl.col("flagged") | declared, **shares).drop("hour", "flagged").sort("time_ms")

    def says_running(self) -> pl.Expr:
        """Return what oxygen or power says of a row of ``together``; null where neither is known."""
        oxygen = pl.col("oxygen") < scaled(self._running.oxygen_pct_max)
        power = pl.col("power") > scaled(self._running.flow_pct_min)
        return pl.coalesce(oxygen, power)

    def channel(self, pid: int | None, name: str) -> pl.DataFrame:
        """Return the readings of a point, valid or taken while stopped, as a column."""
        kept = self.raw.filter((pl.col("pid") == (-1 if pid is None else pid)) & pl.col("code").is_in([VALID, STOPPED]))
        return kept.select("time_ms", pl.col("value").alias(name))

    @cached_property
    def limited_readings(self) -> pl.DataFrame:
        """Valid readings of the pollutants with a limit, at reference oxygen where it is for that, with ``limit`` and ``normal``."""
        rows = self.readings.join(self._limits, on="pid").join(self.channel(self.oxygen, "oxygen"), on="time_ms", how="left")
        of = self.points.frame.filter(pl.col("from_ms") <= self.start_ms, self.start_ms < pl.col("to_ms"))
        rows = rows.join(of.select("pid", "ref_o2", "guard", "air_o2", "above_only"), on="pid")
        columns = (pl.col(name) for name in ("value", "oxygen", "ref_o2", "guard"))
        converted = reference_oxygen_expr(*columns, air=pl.col("air_o2"), above_only=pl.col("above_only"))
        value = pl.when(pl.col("stat") == "avg_ref").then(converted).otherwise("value")
        return rows.with_columns(value=value, normal=True).drop("ref_o2", "guard", "air_o2", "above_only", "stat")

    # -- marks ---------------------------------------------------------------------------------------------------

    def marked(self, *types: str, factor: str | None = None) -> list[tuple[int, int, bool]]:
        """Return the confirmed marks of some types that reach into the days looked back on, and whether they were announced.

        Of checks only those with gas count, and of a ``factor``, where one is named, its own.
        """
        spans = [
            (epoch_ms(m.start), epoch_ms(m.end), m)
            for m in self.closed.marks
            if m.state == "confirmed" and m.type in types and m.check != "comparison"
            if m.check is None or factor is None or factor in (m.factors or ())
        ]
        return [
            (start, end, epoch_ms(m.set_at) <= start) for start, end, m in spans if start < self.end_ms and end > self.from_ms
        ]

    @cached_property
    def calibrations(self) -> pl.DataFrame:
        """Calibrations and maintenances of pollutants, marked or flagged: ``start_ms``, ``end_ms``, ``scheduled`` (announced)."""
        types = ("calibration", "maintenance")
        marks, keys = self.marked(*types), self.points.keys
        rows = [(pid, *mark) for pid in self.watched for mark in self.marked(*types, factor=keys[pid].factor)]
        marked = pl.DataFrame(rows, schema=_STRETCHES, orient="row")
        flagged = self.raw.filter(pl.col("pid").is_in(self.watched))
        met = pl.col("code").is_in([CALIBRATION, MAINTENANCE])
        step_ms = self.step_s * 1000
        found = spells(flagged, met, gap_ms_max=2 * step_ms, cover_ms=step_ms).select("pid", "start_ms", "end_ms")
        for start, end, _scheduled in marks:
            found = found.filter((pl.col("end_ms") <= start) | (pl.col("start_ms") >= end))
        return pl.concat([marked, found.with_columns(scheduled=False).cast(_STRETCHES)]).sort("pid", "start_ms")  # type: ignore[arg-type]

    def habitual(self, share_pct_min: Exact) -> pl.Expr:
        """Tell of evidence whether at its local hour valid minutes were short on a share of the earlier days [%], as by a daily check.

        Where nothing is known of earlier days, it may have been.
        """
        earlier = (pl.col("stat") == "avg") & pl.col("pid").is_in(self.watched) & (pl.col("time_ms") < self.start_ms)
        hours = self.recent.filter(earlier)
        if hours.is_empty():
            return pl.lit(True)
        short = hours.group_by(at=self._clock("time_ms")).agg(n=pl.len(), short=(pl.col("n") < _MINUTES).sum())
        usual = short.filter(share_at_least(pl.col("short"), pl.col("n"), share_pct_min))["at"].to_list()
        return self._clock("start_ms").is_in(usual)

    def _clock(self, time: str) -> pl.Expr:
        return (pl.col(time) + self.offset_ms) % DAY_MS // HOUR_MS

    @cached_property
    def changed(self) -> pl.DataFrame:
        """Settings of points that the registry changes with the day: ``pid``, ``time_ms``, ``setting``, ``old``, ``new``."""
        rows = []
        for pid in self.closed.pids:
            dated = sorted(self.points.points_of.get(pid, ()), key=start_ms)
            for old, new in pairwise(dated):
                if start_ms(new) == self.start_ms and end_ms(old) == self.start_ms:
                    for name, words in _SETTINGS:
                        before, after = (str(getattr(row, name)) for row in (old, new))
                        rows.append((pid, self.start_ms, words, before, after))
        names = {"pid": pl.Int32, "time_ms": pl.Int64, "setting": pl.String, "old": pl.String, "new": pl.String}
        return pl.DataFrame(rows, schema=names, orient="row")


_SETTINGS = (
    ("range_high", "range"),
    ("multiplier", "multiplier"),
    ("reference_o2_pct", "reference oxygen"),
    ("reference_volume_m3_t", "reference gas volume"),
)
