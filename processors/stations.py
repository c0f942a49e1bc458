"""Petrol stations, day by day: what each nozzle recovers, and the states of tank, valve, vapour line and processing unit.

A refuelling is a report of its own, and its values are kept as they came. A day is judged from its readings, what reached into it from the
day before, and what the newest judged day before it left behind: figures of level "day", on the nozzle's fuel point, the tank's pressure or the
unit's concentration. A revised day asks for the next one to be closed again; that goes on until a day comes out equal.

- ``nozzle``: state 0 normal, 1 warning, 2 alarm, None not refuelled or too few; ``n`` refuellings of the day that count.
- ``nozzle_share``: share out of band [%] among the ``n`` refuellings judged, pooled ones with them.
- ``nozzle_row``: warning days in a row; ``n`` refuellings that wait in the pool, ``total`` of them out of band.
- ``zero_pressure`` (``n`` days in a row), ``valve`` (``n`` times), ``pressure_share`` (``n`` samples), ``back_pressure`` (``n``
  refuellings judged), ``processed`` and ``idle`` (``n`` times), ``leak`` (``n`` readings): states.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from processors.decode import REALTIME
from processors.digest import mix, text_hash
from processors.figures import DAY_MS, HOUR_MS, local_iso
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.output import Output
from processors.points import end_ms, start_ms
from processors.publish import publish
from processors.rules.averaging import VALID
from processors.rules.gas import half_up
from processors.rules.millionths import MILLION, unscaled
from processors.rules.vapour import COUNTED, NozzleState, nozzle_day, refuellings
from processors.rules.vapour_pressure import (
    back_pressure,
    pressure_days,
    valve_limits,
    zero_pressure,
)
from processors.rules.verdict import number_text
from processors.shelf import Shelf, marked
from processors.station_events import ALARM, NORMAL, WARNING, tell_states
from processors.station_parts import Said, at_each, digest_of, refuelled, times_said
from processors.station_steps import (
    STATES,
    VapourBackPressure,
    VapourNozzleDay,
    VapourPressureShare,
    VapourRefuelling,
    VapourValve,
    VapourZeroPressure,
)
from processors.station_units import concentrated, idle, leaks

if TYPE_CHECKING:
    from processors.closing import Closed

BACK_DAYS = 31
"""Days back in which the state of a day before is looked for, and ahead in which a later one is closed again."""


def close_station(closed: Closed, findings: Findings, out: Output) -> None:
    """Make the day's figures of a petrol station, tell what they say, and ask for the next day where they differ."""
    if closed.until_ms < closed.end_ms:
        return  # not over yet: it is closed once it is
    station = Station(closed, out)
    rows = [*station.nozzles(), *station.pressures(), *concentrated(station), *idle(station), *leaks(station)]
    if not rows:
        return
    shelf = Shelf()
    shelf.put("day", station.known.filter(pl.col("hour") == closed.day_ms))
    frame = pl.DataFrame(rows, schema={**HOUR_SCHEMA, "decided": pl.Int64})
    news = publish(shelf, frame, closed.points, "day")
    if news.is_empty():
        return
    out.figures.append(news)
    later = station.known.filter(pl.col("hour") > closed.day_ms)["hour"].min()
    if later is not None:
        out.closings[closed.source.source, int(later)] = "day before revised"  # type: ignore[arg-type]
    names = {pid: name for pid, (_, name) in station.roles.items()}
    tell_states(news, station.known.filter(pl.col("hour") <= closed.day_ms), names, closed, findings, out)


class Station:
    """A petrol station's day: its readings by role, and the figures known of days around it."""

    def __init__(self, closed: Closed, out: Output) -> None:
        self.closed, self.out = closed, out
        pids, day = closed.pids, closed.day_ms
        known = closed.figures(
            "day", day - BACK_DAYS * DAY_MS, day + BACK_DAYS * DAY_MS, (*STATES, "nozzle_share", "nozzle_row")
        )
        fresh = [f.filter(pl.col("pid").is_in(pids) & (pl.col("level") == "day")).select(known.columns) for f in out.figures]
        self.known = (
            pl.concat([known, *fresh])
            .unique(["pid", "stat", "hour"], keep="last", maintain_order=True)
            .filter(pl.col("stat").is_in([*STATES, "nozzle_share", "nozzle_row"]))
        )
        """The latest figures of the days around, those that this very tick made over those of the store."""
        self.rules_digest = text_hash(closed.pack.digest_text())
        self.roles = self._roles()
        self.zero = closed.pack.rule(VapourZeroPressure)
        reach = max([HOUR_MS, *([(self.zero.zero_h * HOUR_MS + self.zero.zero_gap_s_max * 1000)] if self.zero else [])])
        self.start = day - reach
        self.readings = self._readings()

    def _roles(self) -> dict[int, tuple[str, str]]:
        """Return what each point is, and of what, by the registry's row of the day."""
        found = {}
        for pid in self.closed.pids:
            for row in self.closed.points.points_of.get(pid, []):
                if row.role and start_ms(row) <= self.closed.day_ms < end_ms(row):
                    word, _, name = row.role.partition("/")
                    found[pid] = (word, name)
        return found

    def _readings(self) -> pl.DataFrame:
        """Return instants with a role from ``start`` to the day's end: ``role``, ``name``, ``pid``, ``time_ms``, ``value`` (None
        where not valid or marked), ``hash`` and ``received``."""
        rows = self.closed.readings(self.start, self.closed.end_ms)
        roles = pl.DataFrame(
            [(pid, word, name) for pid, (word, name) in self.roles.items()],
            schema={"pid": pl.Int32, "role": pl.String, "name": pl.String},
            orient="row",
        )
        rows = marked(rows.filter(pl.col("kind") == REALTIME).join(roles, on="pid"), self.closed.spans)
        here = (pl.col("time") >= self.start) & (pl.col("time") < self.closed.end_ms)
        return (
            rows.filter(here)
            .unique(["pid", "time"])
            .select(
                "role",
                "name",
                "pid",
                time_ms="time",
                value=pl.when(pl.col("code") == VALID).then("value"),
                hash=mix(pl.col("hash").reinterpret(signed=True), pl.col("code")),
                received="received",
            )
            .sort("pid", "time_ms")
        )

    # -- nozzles -------------------------------------------------------------------------------------------------

    def nozzles(self) -> Iterator[dict[str, Any]]:
        """Yield the figures of each nozzle."""
        counting, daily = self.closed.pack.rule(VapourRefuelling), self.closed.pack.rule(VapourNozzleDay)
        if counting is None or daily is None:
            return
        today = self.readings.filter(pl.col("time_ms") >= self.closed.day_ms)
        for pid, name in self.subjects("fuel"):
            own = today.filter(
                (pl.col("name") == name) & pl.col("role").is_in(["fuel", "vapour", "ratio", "fuel_speed", "vapour_speed"])
            )
            filled = refuelled(own)
            judged = refuellings(
                filled.with_columns(pid=pl.lit(pid)),
                ratio_min=counting.ratio_min,
                ratio_max=counting.ratio_max,
                counted_l_min=counting.counted_l_min,
                stored_l_min=counting.stored_l_min,
                fuel_l_min_min=counting.fuel_l_min_min,
            ).filter(pl.col("status") == COUNTED)
            counted, bad = judged.height, judged.filter(~pl.col("in_band")).height
            old = self._before(pid)
            new, said = old, None
            if filled.height:
                new, said = nozzle_day(
                    old,
                    counted=counted,
                    bad=bad,
                    thin_n=daily.thin_n,
                    warn_share_pct=daily.warn_share_pct,
                    streak_days=daily.warning_days,
                )
            digest = text_hash(digest_of(own), old.pool_n, old.pool_bad, old.streak)
            as_of = int(own["received"].max() or self.closed.end_ms)  # type: ignore[arg-type]
            judged_n, judged_bad = old.pool_n + counted, old.pool_bad + bad
            thin = said is None or said.state == "thin"
            reason = "not refuelled" if said is None else said.reason if thin else None
            state = None if said is None or thin else ALARM if said.alarm else WARNING if said.state == "warning" else NORMAL
            note = None if said is None or thin else said.reason
            yield self.row(Said("nozzle", pid, state, counted, note, reason, digest, as_of))
            share = Said("nozzle_share", pid, None, 0 if thin else judged_n, note, reason, digest, as_of)
            value = None if thin else half_up(Fraction(100 * judged_bad, judged_n))
            yield self.row(share) | {"value": value}
            row = self.row(Said("nozzle_row", pid, new.streak, new.pool_n, None, None, digest, as_of))
            yield row | {"total": new.pool_bad}
            yield from self._back_pressure(pid, name, filled, digest, as_of)

    def _before(self, pid: int) -> NozzleState:
        """Return what the newest judged day before this one left behind of a nozzle."""
        rows = self.known.filter(
            (pl.col("pid") == pid) & (pl.col("stat") == "nozzle_row") & (pl.col("hour") < self.closed.day_ms)
        ).sort("hour")
        if rows.is_empty():
            return NozzleState()
        last = rows.row(-1, named=True)
        return NozzleState(last["n"], int(last["total"]), last["value"] // MILLION)

    def _back_pressure(self, pid: int, name: str, filled: pl.DataFrame, digest: int, as_of: int) -> Iterator[dict[str, Any]]:
        rule = self.closed.pack.rule(VapourBackPressure)
        flows = filled.filter(pl.col("vapour_l_min").is_not_null())
        if rule is None or flows.is_empty() or not any(word == "line" for word, _ in self.roles.values()):
            return
        joined = flows.sort("time_ms")
        samples = []
        for role in ("line", "tank"):
            pressures = self.samples(role, name)
            samples.append(digest_of(pressures))
            joined = joined.join_asof(
                pressures.select("time_ms", pl.col("value").alias(role)).sort("time_ms"),
                on="time_ms",
                strategy="backward",
                tolerance=rule.line_s_max * 1000,
            )
        verdicts = [
            back_pressure(
                line_pa=None if r["line"] is None else unscaled(r["line"]),
                tank_pa=None if r["tank"] is None else unscaled(r["tank"]),
                flow_l_min=unscaled(r["vapour_l_min"]),
                slope_pa_min_l=rule.slope_pa_min_l,
                intercept_pa=rule.intercept_pa,
                flow_l_min_min=rule.flow_l_min_min,
            )
            for r in joined.iter_rows(named=True)
        ]
        judged, failed = [v for v in verdicts if v.outcome != "not judged"], [v for v in verdicts if v.outcome == "fails"]
        state = None if not judged else WARNING if failed else NORMAL
        note = (
            f"{len(failed)} of {len(judged)} refuellings above the allowed back-pressure; {failed[0].reason}"
            if failed
            else None
        )
        reason = None if judged else verdicts[0].reason
        yield self.row(Said("back_pressure", pid, state, len(judged), note, reason, text_hash(digest, *samples), as_of))

    # -- tanks and units -----------------------------------------------------------------------------------------

    def pressures(self) -> Iterator[dict[str, Any]]:
        """Yield the figures of each tank."""
        day, offset = self.closed.day_ms, self.closed.points.rules.offset_ms
        valve, usual = self.closed.pack.rule(VapourValve), self.closed.pack.rule(VapourPressureShare)
        for pid, name in self.subjects("tank"):
            samples = self.samples("tank", name)
            today = samples.filter((pl.col("time_ms") >= day) & pl.col("value").is_not_null())
            none = None if today.height else "no data"
            as_of = int(samples["received"].max() or self.closed.end_ms)  # type: ignore[arg-type]
            if self.zero is not None:
                found = zero_pressure(
                    samples,
                    band_pa=self.zero.band_pa,
                    lasting_s=self.zero.zero_h * 3600,
                    gap_s_max=self.zero.zero_gap_s_max,
                    streak_days=self.zero.zero_days,
                    offset_ms=offset,
                ).filter(pl.col("day") == day)
                before = self._state_before(pid, "zero_pressure")
                row = before["n"] + 1 if before is not None and before["value"] else 1
                state = NORMAL if found.is_empty() else ALARM if row >= self.zero.zero_days else WARNING
                note = None
                if found.height:
                    at, band = local_iso(found["warned_ms"][0]), number_text(self.zero.band_pa)
                    note = f"pressure within {band} Pa of zero for {self.zero.zero_h} h at {at}; {row} such days in a row"
                digest = text_hash(digest_of(samples), 0 if before is None else before["n"] if before["value"] else 0)
                yield self.row(
                    Said("zero_pressure", pid, None if none else state, row if found.height else 0, note, none, digest, as_of)
                )
            if valve is not None:
                opened = self._with_openings(samples.filter(pl.col("time_ms") >= day - HOUR_MS), name)
                if opened is not None:
                    times = valve_limits(
                        opened, margin_pa=valve.margin_pa, lasting_s=valve.valve_s, gap_s_max=valve.valve_gap_s_max
                    ).filter(pl.col("end_ms") >= day)
                    what = f"pressure more than {number_text(valve.margin_pa)} Pa beyond the valve's opening"
                    yield self.row(times_said("valve", pid, times, what, none, digest_of(opened), as_of))
            if usual is not None:
                share = pressure_days(
                    today, low_pa=usual.low_pa, high_pa=usual.high_pa, share_pct_max=usual.outside_pct_max, offset_ms=offset
                )
                n = share["n"][0] if share.height else 0
                outside = share.filter("warning").height > 0
                said = None if none else WARNING if outside else NORMAL
                note = None
                if share.height:
                    ends = f"{number_text(usual.low_pa)} to {number_text(usual.high_pa)}"
                    note = f"{share['outside'][0]} of {n} pressures outside {ends} Pa"
                yield self.row(Said("pressure_share", pid, said, n, note, none, digest_of(today), as_of))

    def _with_openings(self, samples: pl.DataFrame, name: str) -> pl.DataFrame | None:
        """Add the valve's opening pressures to a tank's samples."""
        rows = samples
        known = False
        for role in ("positive", "negative"):
            sent = self.samples(role, name)
            known = known or sent["value"].count() > 0
            rows = at_each(rows, sent, role, lasting=True)
        return rows if known else None

    # -- what they share -----------------------------------------------------------------------------------------

    def subjects(self, role: str) -> list[tuple[int, str]]:
        """Return the points of a role and what they are of, one a name."""
        found = {name: pid for pid, (word, name) in sorted(self.roles.items(), reverse=True) if word == role}
        return sorted((pid, name) for name, pid in found.items())

    def samples(self, role: str, name: str) -> pl.DataFrame:
        """Return the readings of a role: those of this name, else those without one."""
        of_role = self.readings.filter(pl.col("role") == role)
        named = (role, name) in self.roles.values()
        return of_role.filter(pl.col("name") == (name if named else ""))

    def _state_before(self, pid: int, stat: str) -> dict[str, Any] | None:
        """Return the figure of the day before."""
        day = pl.col("hour") == self.closed.day_ms - DAY_MS
        rows = self.known.filter(day & (pl.col("pid") == pid) & (pl.col("stat") == stat))
        return rows.row(0, named=True) if rows.height else None

    def row(self, said: Said) -> dict[str, Any]:
        """Return what is said of a subject as a row of HOUR_SCHEMA with ``decided``."""
        return {
            "pid": said.pid,
            "stat": said.stat,
            "hour": self.closed.day_ms,
            "value": None if said.state is None else said.state * MILLION,
            "n": said.n,
            "total": None,
            "reason": said.reason,
            "note": said.note,
            "digest": said.digest,
            "rules": self.rules_digest,
            "as_of": said.as_of,
            "decided": self.closed.now_ms,
        }
