"""The processing unit and the tight points of a petrol station: how rich its vapour is, whether it runs, what leaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from processors.figures import HOUR_MS
from processors.rules.millionths import unscaled
from processors.rules.vapour_pressure import concentrations, idle_unit, leak
from processors.rules.verdict import number_text
from processors.station_events import NORMAL, WARNING
from processors.station_parts import Said, at_each, digest_of, times_said
from processors.station_steps import VapourIdle, VapourLeak, VapourProcessed

if TYPE_CHECKING:
    from processors.stations import Station


def concentrated(station: Station) -> Iterator[dict[str, Any]]:
    """Yield the figures of each processing unit."""
    rule = station.closed.pack.rule(VapourProcessed)
    if rule is None:
        return
    for pid, name in station.subjects("processed"):
        samples = station.samples("processed", name).filter(pl.col("time_ms") >= station.closed.day_ms - HOUR_MS)
        times = concentrations(
            samples, limit_g_m3=rule.rich_g_m3, warn_n=rule.rich_n, lasting_s=rule.rich_s, gap_s_max=rule.rich_gap_s_max
        ).filter(pl.col("end_ms") >= station.closed.day_ms)
        today = samples.filter((pl.col("time_ms") >= station.closed.day_ms) & pl.col("value").is_not_null())
        as_of = int(samples["received"].max() or station.closed.end_ms)  # type: ignore[arg-type]
        what = f"processed vapour above {number_text(rule.rich_g_m3)} g/m3"
        yield station.row(
            times_said("processed", pid, times, what, None if today.height else "no data", digest_of(samples), as_of)
        )


def idle(station: Station) -> Iterator[dict[str, Any]]:
    """Yield the figure of each processing unit that says whether it runs."""
    rule, day = station.closed.pack.rule(VapourIdle), station.closed.day_ms
    if rule is None:
        return
    for pid, name in station.subjects("running"):
        pressures, runs, starts = (station.samples(role, name) for role in ("tank", "running", "starts"))
        recent = pressures.filter(pl.col("time_ms") >= day - HOUR_MS)
        samples = at_each(at_each(recent, runs, "runs"), starts, "starts", lasting=True)
        known = samples.filter((pl.col("time_ms") >= day) & pl.all_horizontal(pl.col("value", "runs", "starts").is_not_null()))
        idle = samples.select("pid", "time_ms", "value", running=pl.col("runs") > 0, start_pressure="starts")
        times = idle_unit(idle, gap_s_max=rule.idle_gap_s_max).filter((pl.col("n") >= rule.idle_n) & (pl.col("end_ms") >= day))
        none = None if known.height else "state, start pressure or tank pressure is not known"
        as_of = max(int(part["received"].max() or station.closed.end_ms) for part in (pressures, runs))  # type: ignore[arg-type]
        what = "tank pressure above its start pressure, not running,"
        yield station.row(times_said("idle", pid, times.with_columns(alarm_ms=None), what, none, digest_of(samples), as_of))


def leaks(station: Station) -> Iterator[dict[str, Any]]:
    """Yield the figure of each vapour-tight point."""
    rule = station.closed.pack.rule(VapourLeak)
    if rule is None:
        return
    for pid, name in station.subjects("tight"):
        samples = station.samples("tight", name).filter(pl.col("time_ms") >= station.closed.day_ms)
        verdicts = [leak(unscaled(value), leak_umol_mol_max=rule.leak_umol_mol_max) for value in samples["value"].drop_nulls()]
        failed = sum(v.outcome == "fails" for v in verdicts)
        bound = number_text(rule.leak_umol_mol_max)
        note = f"{failed} of {len(verdicts)} readings above {bound} umol/mol" if failed else None
        state, none = (WARNING if failed else NORMAL, None) if verdicts else (None, "no data")
        as_of = int(samples["received"].max() or station.closed.end_ms)  # type: ignore[arg-type]
        yield station.row(Said("leak", pid, state, len(verdicts), note, none, digest_of(samples), as_of))
