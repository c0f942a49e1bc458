"""Three real feeds under their rule packs: hours, days, masses, verdicts and what is withheld equal an independent computation.

The oracle reads the CSV itself (csv, gzip, fractions, datetime) and shares no code with loader or rules. Each feed runs whole. Figures
are integers at 1e-6 of their unit, those of minutes at 1e-8; each is computed exactly from stored ones and rounded once, half up.
"""

from __future__ import annotations

import csv
import gzip
import io
import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any

import pytest

from ingest.feeds import load_mapping, read_feed
from ingest.registry import Limit, Point, Registry
from plumeline.check import Checked, check
from tests.conftest import REPO, SHARED, require

LOCAL = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FILES = {
    "voc_gc_loving": "voc_gc_loving/voc_gc_loving_2023_04_10.csv.gz",
    "wwtp_tilburg_online": "wwtp_tilburg/wwtp_tilburg_online_2022_03_04.csv",
    "wwtp_tilburg_sampled": "wwtp_tilburg/wwtp_tilburg_sampled_2021_05_09.csv",
    "boiler_dcs_escalante": "boiler_dcs_escalante/boiler_dcs_escalante_part1.csv",
}

Figure = tuple[int | None, int, str | None]
"""Value at 1e-6, how many it is made of, and the reason of what is withheld or short."""
Series = dict[datetime, Figure]


@dataclass
class Feed:
    """A feed as it was checked, and its rows and mapping as the oracle reads them."""

    done: Checked
    rows: list[dict[str, str]]
    mapping: dict[str, Any]

    def found(self, factor: str, stat: str = "avg", level: str = "hour") -> Series:
        return {start: (f.value, f.n, f.reason) for start, f in self._figures(factor, stat, level)}

    def verdicts(self, factor: str, stat: str = "avg", level: str = "hour") -> dict[datetime, str | None]:
        return {start: f.verdict for start, f in self._figures(factor, stat, level)}

    def _figures(self, factor: str, stat: str, level: str) -> list[tuple[datetime, Any]]:
        wanted = [f for f in self.done.figures if (f.factor, f.stat, f.level) == (factor, stat, level)]
        assert len({f.start_ms for f in wanted}) == len(wanted), "one figure a period"
        return [((EPOCH + timedelta(milliseconds=f.start_ms)).astimezone(LOCAL), f) for f in wanted]

    def readings(self, column: str) -> dict[datetime, int]:
        """Each reading at 1e-6: rounded as it is written, and once more where the mapping multiplies it."""
        (value,) = [v for v in self.mapping["value"] if v["column"] == column]
        time, offset = self.mapping["time"]["column"], self.mapping["time"]["utc_offset"]
        found: dict[datetime, int] = {}
        for row in self.rows:
            if row[column]:
                at = datetime.fromisoformat(row[time].removesuffix("Z") + offset).astimezone(LOCAL)
                assert at not in found, "no time stands twice"
                found[at] = half_up(half_up(Fraction(row[column]) * 10**6) * Fraction(value.get("multiplier", "1")))
        return found

    def limit(self, column: str) -> int:
        (value,) = [v for v in self.mapping["value"] if v["column"] == column]
        return half_up(Fraction(str(value["limit"]["limit"])) * 10**6)


@cache
def feed(name: str, change: Callable[[Registry], Registry] = lambda registry: registry) -> Feed:
    path, mapping = SHARED / "data" / FILES[name], REPO / "feeds" / f"{name}.toml"
    require("shared", path.exists(), f"the shared data has no {name}")
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    done = check(path, mapping, change(read_feed(path, load_mapping(mapping)).registry))
    return Feed(done, list(csv.DictReader(io.StringIO(text))), tomllib.loads(mapping.read_text(encoding="utf-8")))


def with_point(registry: Registry, factor: str, **columns: Any) -> Registry:
    """Fill in columns of a row of points.csv, as an office would."""
    points = [Point(**{**p.model_dump(), **columns}) if p.factor == factor else p for p in registry.points]
    return registry.model_copy(update={"points": tuple(points)})


def half_up(exact: Fraction | int) -> int:
    return (2 * exact + 1) // 2


def day_of(hour: datetime) -> datetime:
    return hour.replace(hour=0)


def minutes_of(readings: dict[datetime, int], cadence: int) -> dict[datetime, int]:
    """Each minute that a reading covers, at 1e-8; no two readings of these feeds cover one minute."""
    found: dict[datetime, int] = {}
    for at, value in readings.items():
        for minute in (at + i * MINUTE for i in range(cadence)):
            assert minute not in found
            found[minute] = value * 100
    return found


def hours_of(minutes: dict[datetime, int]) -> Series:
    """Mean of an hour's covered minutes; fewer than 45 are no hour (AIR-AVG-3, WAT-1)."""
    by_hour: dict[datetime, list[int]] = defaultdict(list)
    for minute, value in minutes.items():
        by_hour[minute.replace(minute=0)].append(value)
    return {
        hour: (half_up(Fraction(sum(v), 100 * len(v))), len(v), None)
        if len(v) >= 45
        else (None, len(v), f"{len(v)} valid minutes of 45")
        for hour, v in by_hour.items()
    }


def days_of(hours: Series) -> Series:
    """Mean of a day's valid hours; fewer than 20 are no day (AIR-AVG-4)."""
    found: Series = {}
    for day, group in groupby(sorted(hours), key=day_of):
        valid = [value for hour in group if (value := hours[hour][0]) is not None]
        n = len(valid)
        found[day] = (half_up(Fraction(sum(valid), n)), n, None) if n >= 20 else (None, n, f"{n} valid hours of 20")
    return found


def days_by_flow(hours: Series, flow: Series | None) -> Series:
    """Mean weighted by the volume of each hour (WAT-4); 75 % of the hours due make a day (WAT-3), none is due without flow (WAT-8)."""
    found: Series = {}
    for day, group in groupby(sorted(hours), key=day_of):
        weights = {hour: 10**6 if flow is None else flow[hour][0] for hour in group}
        due = 24 - sum(weight == 0 for weight in weights.values())
        valid = [(v, w) for hour, w in weights.items() if (v := hours[hour][0]) is not None and w]
        n = len(valid)
        enough = n > 0 and 100 * n >= 75 * due
        mean = Fraction(sum(v * w for v, w in valid), sum(w for _, w in valid)) if enough else None
        found[day] = (None, n, f"{n} valid results of {due} due") if mean is None else (half_up(mean), n, None)
    return found


def masses(hours: Series, flow: Series, per_m3: int) -> Series:
    """Mass of each hour [kg at 1e-6]: mean times flow (AIR-MAS-1, WAT-6); where either is withheld, so is the mass."""
    found: Series = {}
    for hour, (value, n, reason) in hours.items():
        volume = flow[hour][0]
        found[hour] = (
            (None, n, reason or "no valid flow")
            if value is None or volume is None
            else (half_up(Fraction(value * per_m3 * volume, 10**12)), n, None)
        )
    return found


def day_sums(hours: Series) -> Series:
    """Sum of a day's hourly masses; one short of 24 hours says so and keeps its sum (AIR-MAS-2)."""
    found: Series = {}
    for day, group in groupby(sorted(hours), key=day_of):
        known = [value for hour in group if (value := hours[hour][0]) is not None]
        found[day] = (sum(known) if known else None, len(known), None if len(known) == 24 else f"{len(known)} of 24 hours")
    return found


def judged(found: Series, limit: int) -> dict[datetime, str]:
    return {
        start: "not judged" if value is None else "exceeds" if value > limit else "complies"
        for start, (value, _, _) in found.items()
    }


def runs_of(hours: Series, limit: int) -> list[tuple[datetime, datetime, int]]:
    """Start, end and worst value of each run of adjacent hours above the limit."""
    above, found = {hour for hour, (v, _, _) in hours.items() if v is not None and v > limit}, []
    for start in sorted(hour for hour in above if hour - HOUR not in above):
        end = start
        while end in above:
            end += HOUR
        worst = max(hours[start + i * HOUR][0] or 0 for i in range((end - start) // HOUR))
        found.append((start, end, worst))
    return found


def runs_found(feed: Feed, factor: str, stat: str = "avg") -> list[tuple[datetime, datetime, int]]:
    return [
        (datetime.fromisoformat(e["start"]), datetime.fromisoformat(e["end"]), round(e["worst"] * 10**6))
        for e in feed.done.episodes
        if (e["factor"], e["stat"]) == (factor, stat)
    ]


# -- volatile organic compounds ------------------------------------------------------------------------------------------

VOC = {
    "benzene_ppb": ("a25002", 423),
    "toluene_ppb": ("a25003", 582),
    "ethyl_benzene_ppb": ("a25004", None),
    "o_xylene_ppb": ("a25006", None),
    "nox_ppb": ("a21002", 193),
}
"""Factor of each column, and how many of the 4,800 hours its README counts as missing."""


def voc_hours(column: str) -> Series:
    """A sample stands for the hour that it begins in, as the device's own hourly value."""
    return {at.replace(minute=0): (value, 60, None) for at, value in feed("voc_gc_loving").readings(column).items()}


@pytest.mark.parametrize("column", VOC)
def test_a_chromatographs_hours_and_days(column: str) -> None:
    """200 days of hours in mg/m3 at 1e-6; a day that calibration blanks leave with fewer than 20 hours is withheld."""
    voc, hours, (factor, missing) = feed("voc_gc_loving"), voc_hours(column), VOC[column]
    assert missing is None or len(hours) == 4_800 - missing
    assert voc.found(factor) == hours
    days = days_of(hours)
    found = voc.found(factor, level="day")
    assert {day: figure for day, figure in found.items() if figure[1]} == days
    assert {reason for day, (_, _, reason) in found.items() if day not in days} <= {"0 valid hours of 20"}
    assert sum(value is None for value, _, _ in days.values()) >= 3


def test_a_chromatographs_verdicts() -> None:
    """Benzene and NOx by the hour, toluene by the day; adjacent hours above the limit are one exceedance."""
    voc = feed("voc_gc_loving")
    for column in ("benzene_ppb", "nox_ppb"):
        hours, limit, factor = voc_hours(column), voc.limit(column), VOC[column][0]
        assert voc.verdicts(factor) == judged(hours, limit)
        assert runs_found(voc, factor) == runs_of(hours, limit)
        assert len(runs_of(hours, limit)) > 10
    days = judged(days_of(voc_hours("toluene_ppb")), voc.limit("toluene_ppb"))
    assert {day: verdict for day, verdict in voc.verdicts("a25003", level="day").items() if day in days} == days
    assert set(days.values()) == {"exceeds", "complies", "not judged"}


# -- waste water -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("column", "factor"), [("q_inf_m3_h", "w00000"), ("temp_c", "w01010")])
def test_a_water_plants_sensors(column: str, factor: str) -> None:
    """A quarter hour from minute 57 lies in two hours; all hours but those at the ends and the gap of five steps are whole."""
    water = feed("wwtp_tilburg_online")
    hours = hours_of(minutes_of(water.readings(column), 15))
    assert len(water.readings(column)) == 4_608
    assert water.found(factor) == hours
    assert water.found(factor, level="day") == days_by_flow(hours, None)
    assert {n for _, n, _ in hours.values()} > {3, 60}
    (gap,) = [g for g in water.done.gaps if g["factor"] == factor]
    assert gap["missing"] == 5


def discharging(registry: Registry) -> Registry:
    return with_point(registry, "w21003", flow_factor="w00000")


def test_a_water_plants_masses() -> None:
    """One quarter hour in five, shuffled: 45 covered minutes are rare, their hours have value, verdict and mass, all else says why not.

    Ammonia clipped to zero counts as 0.01 mg/L (WAT-7). No day has 18 valid hours: all are withheld, and their masses say of how many
    hours they are.
    """
    water = feed("wwtp_tilburg_sampled", discharging)
    flow = hours_of(minutes_of(water.readings("q_inf_m3_h"), 15))
    measured = hours_of(minutes_of(water.readings("nh4_mg_l"), 15))
    low = {hour for hour, (value, _, _) in measured.items() if value == 0}
    hours = {hour: (10_000, n, None) if hour in low else (v, n, reason) for hour, (v, n, reason) in measured.items()}
    assert water.done.frames == {"accepted": 2_830, "quarantined": 0, "duplicates": 0}
    assert (water.found("w00000"), water.found("w21003")) == (flow, hours)
    mass = masses(hours, flow, per_m3=1_000)
    assert water.found("w21003", "mass") == mass
    assert water.found("w21003", level="day") == days_by_flow(hours, flow)
    assert water.found("w21003", "mass", "day") == day_sums(mass)
    assert low and sum(value is not None for value, _, _ in mass.values()) == 40
    limit = water.limit("nh4_mg_l")
    assert water.verdicts("w21003") == judged(hours, limit)
    assert runs_found(water, "w21003") == runs_of(hours, limit)
    assert runs_of(hours, limit)


# -- a boiler ------------------------------------------------------------------------------------------------------------


def with_stand_in(registry: Registry) -> Registry:
    """Coal stands in for a concentration and air for a flow: the file has neither, and the arithmetic must meet real oxygen."""
    registry = with_point(registry, "coal", reference_o2_pct=Decimal(6), flow_factor="air")
    limit = Limit(source="escalante", factor="coal", limit_id="x", limit=Decimal(87), unit="t/h", stat="avg_ref")
    return registry.model_copy(update={"limits": (limit,)})


def test_a_boilers_hours_and_days() -> None:
    """Shuffled rows of both oxygen sensors, of coal and air: 5 of 6 readings make an hour, and almost no day is whole."""
    boiler = feed("boiler_dcs_escalante", with_stand_in)
    columns = {"flue_o2_a_pct_dry": "a19001", "flue_o2_b_pct_dry": "o2-b", "total_air_klb_h": "air", "coal_tph": "coal"}
    for column, factor in columns.items():
        readings = boiler.readings(column)
        assert len(readings) == 528
        hours = hours_of(minutes_of(readings, 10))
        assert boiler.found(factor) == hours
        assert boiler.found(factor, level="day") == days_of(hours)
        assert {value is None for value, _, _ in hours.values()} == {True, False}


def test_at_the_oxygen_of_a_boiler() -> None:
    """Minute by minute: C (21 - 6) / (21 - O2) with the reading of the same time, rounded at 1e-8, then the mean; mass is as measured."""
    boiler = feed("boiler_dcs_escalante", with_stand_in)
    coal, oxygen = (minutes_of(boiler.readings(c), 10) for c in ("coal_tph", "flue_o2_a_pct_dry"))
    converted = {t: half_up(Fraction(value * (21 - 6) * 10**8, 21 * 10**8 - oxygen[t])) for t, value in coal.items()}
    at_reference = hours_of(converted)
    assert boiler.found("coal", "avg_ref") == at_reference
    assert boiler.found("coal", "avg_ref", "day") == days_of(at_reference)
    assert boiler.verdicts("coal", "avg_ref") == judged(at_reference, 87 * 10**6)
    assert runs_found(boiler, "coal", "avg_ref") == runs_of(at_reference, 87 * 10**6)
    assert set(judged(at_reference, 87 * 10**6).values()) == {"exceeds", "complies", "not judged"}
    mass = masses(hours_of(coal), hours_of(minutes_of(boiler.readings("total_air_klb_h"), 10)), per_m3=1)
    assert boiler.found("coal", "mass") == mass
    assert boiler.found("coal", "mass", "day") == day_sums(mass)
