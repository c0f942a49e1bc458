"""Five real feeds: totals, hours, gaps and episodes that ``check`` makes equal an independent computation.

The oracle reads the CSV itself (csv, gzip, fractions, datetime) and shares no code with loader or rules. Figures are integers
at 1e-6 of their unit; the oracle computes exact fractions and rounds once, half up, to that scale: all comparisons are equal.
"""

from __future__ import annotations

import csv
import gzip
import io
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from plumeline.check import Checked, check
from processors.figures import Figure
from tests.conftest import REPO, SHARED, require

LOCAL = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
KGCE_OF_KWH = Fraction("0.1229")
"""kgce for a kWh, calorific value (GB/T 2589-2020, appendix A)."""
FILES = {
    "steel_energy": "steel_energy_2018_h1.csv.gz",
    "registers_konstanz": "registers_konstanz_2015_10_2016_05.csv",
    "smart_meter_uk": "smart_meter_uk_dev.csv.gz",
    "gas_turbine_cems": "gas_turbine_cems_2011_2013.csv.gz",
    "effluent_hourly_cn": "effluent_hourly_cn_2021.csv",
}

Gap = tuple[datetime, datetime, int]
Run = tuple[datetime, datetime, int, int, str]
"""Start and end of an episode, its hours, its worst value at 1e-6, and what ended it."""


def feed(name: str) -> Path:
    path = SHARED / "data" / name / FILES[name]
    require("shared", path.exists(), f"the shared data has no {name}")
    return path


@cache
def checked(name: str) -> Checked:
    return check(feed(name), REPO / "feeds" / f"{name}.toml")


@cache
def rows(name: str) -> list[dict[str, str]]:
    raw = feed(name).read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def limits_of(name: str) -> dict[str, Fraction]:
    """The limit of each column, as the mapping file writes it."""
    mapping = tomllib.loads((REPO / "feeds" / f"{name}.toml").read_text(encoding="utf-8"))
    return {v["column"]: Fraction(str(v["limit"]["limit"])) for v in mapping["value"] if "limit" in v}


def units(exact: Fraction) -> int:
    """Round to millionths, half up."""
    return (2 * exact * 10**6 + 1) // 2


def at(figure: Figure) -> datetime:
    return EPOCH + timedelta(milliseconds=figure.start_ms)


def figures(done: Checked, source: str, factor: str, stat: str, level: str = "hour") -> dict[datetime, Figure]:
    found = [f for f in done.figures if (f.source, f.factor, f.stat, f.level) == (source, factor, stat, level)]
    by_start = {at(f): f for f in found}
    assert len(by_start) == len(found), "one figure an hour"
    return by_start


def values(found: dict[datetime, Figure]) -> dict[datetime, int]:
    return {start: f.value for start, f in found.items() if f.value is not None}


def gaps(done: Checked, source: str, factor: str) -> list[Gap]:
    return [
        (datetime.fromisoformat(g["start"]), datetime.fromisoformat(g["end"]), g["missing"])
        for g in done.gaps
        if (g["source"], g["factor"]) == (source, factor)
    ]


def gaps_expected(times: set[datetime], step: timedelta) -> list[Gap]:
    """Runs of absent steps between the first and the last present one."""
    found: list[Gap] = []
    time, last = min(times), max(times)
    while time <= last:
        if time not in times:
            start = time
            while time not in times:
                time += step
            found.append((start, time, (time - start) // step))
        time += step
    return found


def runs_expected(hours: dict[datetime, Fraction], limit: Fraction) -> list[Run]:
    """Runs of adjacent hours above the limit; a value that equals the limit complies."""
    found: list[Run] = []
    for start in sorted(t for t, v in hours.items() if v > limit and not hours.get(t - HOUR, Fraction(0)) > limit):
        end = start
        while end in hours and hours[end] > limit:
            end += HOUR
        worst = max(hours[start + i * HOUR] for i in range((end - start) // HOUR))
        ended = "complies" if end in hours else "no data" if end < max(hours) else "open"
        found.append((start, end, (end - start) // HOUR, units(worst), ended))
    return found


def runs(done: Checked, factor: str) -> list[Run]:
    return [
        (
            datetime.fromisoformat(e["start"]),
            datetime.fromisoformat(e["end"]),
            e["hours"],
            round(e["worst"] * 10**6),
            e["closed_by"] or e["state"],
        )
        for e in done.episodes
        if e["factor"] == factor
    ]


def by_day(hours: dict[datetime, Fraction]) -> dict[datetime, Fraction]:
    days: Counter[datetime] = Counter()
    for start, value in hours.items():
        days[start.astimezone(LOCAL).replace(hour=0)] += value  # type: ignore[assignment]
    return dict(days)  # type: ignore[arg-type]


# -- energy ----------------------------------------------------------------------------------------------------------


def steel_hours() -> dict[datetime, Fraction]:
    """Sums by hour: a label is the end of its quarter, and 00:00 ends the day whose date it bears."""
    hours: Counter[datetime] = Counter()
    for row in rows("steel_energy"):
        end = datetime.fromisoformat(row["time_label"]).replace(tzinfo=LOCAL)
        if (end.hour, end.minute) == (0, 0):
            end += timedelta(days=1)
        start = end - timedelta(minutes=15)
        hours[start.replace(minute=0)] += Fraction(row["usage_kwh"])  # type: ignore[assignment]
    return dict(hours)  # type: ignore[arg-type]


def test_a_steel_plants_hours_days_and_total() -> None:
    """17,376 quarter hours labelled with their end give 4,344 hours and 181 days; they sum to the README's 521,199.76 kWh."""
    done, expected = checked("steel_energy"), steel_hours()
    hours = figures(done, "steel-energy", "electricity", "energy")
    assert len(rows("steel_energy")) == 17_376
    assert len(expected) == 4_344
    assert values(hours) == {start: units(kwh) for start, kwh in expected.items()}
    assert sum(values(hours).values()) == units(Fraction("521199.76"))
    assert {(f.ok, f.reason, f.n) for f in hours.values()} == {(True, None, 60)}
    days = figures(done, "steel-energy", "electricity", "energy", "day")
    assert len(days) == 181
    assert values(days) == {day: units(kwh) for day, kwh in by_day(expected).items()}
    assert {(f.ok, f.n) for f in days.values()} == {(True, 24)}
    assert (done.gaps, done.episodes) == ([], [])
    assert done.frames == {"accepted": 17_376, "quarantined": 0, "duplicates": 0}


def test_a_steel_plants_standard_coal() -> None:
    """Each hour's kgce is its kWh at 0.1229 kgce/kWh, rounded once; a day's is the sum of its rounded hours."""
    done, expected = checked("steel_energy"), steel_hours()
    coal = {start: units(Fraction(units(kwh), 10**6) * KGCE_OF_KWH) for start, kwh in expected.items()}
    assert values(figures(done, "steel-energy", "electricity", "kgce")) == coal
    days = figures(done, "steel-energy", "electricity", "kgce", "day")
    assert values(days) == {d: units(v) for d, v in by_day({t: Fraction(v, 10**6) for t, v in coal.items()}).items()}


REGISTERS = ("dishwasher", "ev", "freezer", "grid_export", "grid_import", "heat_pump", "pv", "refrigerator", "washing_machine")


@cache
def positions(register: str) -> dict[datetime, Fraction]:
    found: dict[datetime, Fraction] = {}
    for row in rows("registers_konstanz"):
        if text := row[f"{register}_kwh_cum"]:
            found[datetime.fromisoformat(row["utc_timestamp"].replace("Z", "+00:00"))] = Fraction(text)
    return found


def position_at(known: list[tuple[datetime, Fraction]]) -> dict[datetime, int]:
    """The register at every full hour, linear between readings (energy_rules 2.5), rounded half up where it is read off."""
    found = {known[0][0]: units(known[0][1])}
    for (start, low), (end, high) in pairwise(known):
        count = (end - start) // HOUR
        for i in range(1, count + 1):
            found[start + i * HOUR] = units(low + (high - low) * i / count)
    return found


@pytest.mark.parametrize("register", REGISTERS)
def test_a_registers_hours_sum_to_last_minus_first(register: str) -> None:
    """Hours run from the first reading to the last without a hole and sum exactly to the difference of the two positions."""
    done, readings = checked("registers_konstanz"), positions(register)
    first, last = min(readings), max(readings)
    assert all(t.minute == t.second == 0 for t in readings), "readings lie on full hours, so a difference is an hour's energy"
    hours = figures(done, "konstanz", register, "energy")
    assert sorted(hours) == [first + i * HOUR for i in range((last - first) // HOUR)]
    assert {(f.ok, f.reason, f.n) for f in hours.values()} == {(True, None, 60)}
    assert sum(values(hours).values()) == units(readings[last] - readings[first])
    edge = position_at(sorted(readings.items()))
    assert values(hours) == {start: edge[start + HOUR] - edge[start] for start in hours}
    between = [start for start in hours if start in readings and start + HOUR in readings]
    assert all(hours[t].value == units(readings[t + HOUR] - readings[t]) for t in between)


@pytest.mark.parametrize("register", REGISTERS)
def test_a_registers_missing_readings_are_its_gaps(register: str) -> None:
    """An empty cell between two readings is a missing reading; of each register 118 to 151 are, as the README counts."""
    expected = gaps_expected(set(positions(register)), HOUR)
    assert gaps(checked("registers_konstanz"), "konstanz", register) == expected
    assert 118 <= sum(missing for _start, _end, missing in expected) <= 151


def test_the_readmes_two_registers() -> None:
    """grid_import takes 3,066.210 - 0.077 kWh, pv gives 5,249.730 - 0 kWh."""
    done = checked("registers_konstanz")
    total = {r: sum(values(figures(done, "konstanz", r, "energy")).values()) for r in ("grid_import", "pv")}
    assert total == {"grid_import": units(Fraction("3066.133")), "pv": units(Fraction("5249.730"))}
    empty = sum(not any(row[f"{r}_kwh_cum"] for r in REGISTERS) for row in rows("registers_konstanz"))
    assert (done.frames["accepted"], empty) == (5_616, 70)
    assert f"{5_616 - empty} filed, {empty} without any value" in done.notes[0]


def intervals_of(meter: str) -> dict[datetime, Fraction]:
    """Energy by start of interval; a repeated row counts once."""
    found: dict[datetime, Fraction] = {}
    for row in rows("smart_meter_uk"):
        if row["meter"] == meter:
            start = datetime.fromisoformat(row["interval_start"])
            start = start if start.tzinfo else start.replace(tzinfo=UTC)
            assert found.setdefault(start, Fraction(row["kwh"])) == Fraction(row["kwh"])
    return found


@pytest.mark.parametrize(
    ("meter", "minutes", "total", "holes"),
    [("uk_elec_1_halfhour", 30, "5554.874", (5, 52)), ("uk_elec_0_hour", 60, "3789.626", (0, 0))],
)
def test_a_smart_meters_hours_total_and_gaps(meter: str, minutes: int, total: str, holes: tuple[int, int]) -> None:
    """Each hour is the sum of its intervals, once each; a half-covered hour keeps its part and says how much is covered."""
    done, step = checked("smart_meter_uk"), timedelta(minutes=minutes)
    intervals = intervals_of(meter)
    expected: Counter[datetime] = Counter()
    covered: Counter[datetime] = Counter()
    for start, kwh in intervals.items():
        expected[start.replace(minute=0)] += kwh  # type: ignore[assignment]
        covered[start.replace(minute=0)] += minutes
    hours = figures(done, meter, "electricity", "energy")
    assert values(hours) == {start: units(Fraction(kwh)) for start, kwh in expected.items()}
    assert sum(values(hours).values()) == units(Fraction(total))
    assert {start: f.n for start, f in hours.items()} == dict(covered)
    assert {start: f.reason for start, f in hours.items()} == {
        start: None if n == 60 else f"{n} of 60 minutes covered" for start, n in covered.items()
    }
    assert gaps(done, meter, "electricity") == gaps_expected(set(intervals), step)
    found = gaps(done, meter, "electricity")
    assert (len(found), sum(missing for _start, _end, missing in found)) == holes


def test_a_smart_meters_repeated_rows() -> None:
    """The README's 15 repeated rows are accepted, counted as duplicates, and add nothing."""
    pairs = Counter((row["meter"], row["interval_start"]) for row in rows("smart_meter_uk"))
    repeated = sum(n - 1 for n in pairs.values())
    assert repeated == 15
    assert checked("smart_meter_uk").frames == {"accepted": 46_044, "quarantined": 0, "duplicates": repeated}


# -- hourly values and limits ----------------------------------------------------------------------------------------


def turbine_hours(column: str) -> dict[datetime, Fraction]:
    """Values by the mapping's assumption: row ``seq`` of a year is the seq-th hour from 1 January, local time."""
    return {
        datetime(int(row["year"]), 1, 1, tzinfo=LOCAL) + (int(row["seq"]) - 1) * HOUR: Fraction(row[column])
        for row in rows("gas_turbine_cems")
    }


@pytest.mark.parametrize(("column", "factor"), [("co_mg_m3", "a21005"), ("nox_mg_m3", "a21002")])
def test_a_gas_turbines_hours_and_verdicts(column: str, factor: str) -> None:
    """22,191 hours with their values at 1e-6 mg/m3, judged against the mapping's limit: equal complies, above exceeds."""
    done, expected = checked("gas_turbine_cems"), turbine_hours(column)
    limit = limits_of("gas_turbine_cems")[column]
    hours = figures(done, "gas-turbine", factor, "avg")
    assert len(expected) == len(hours) == 22_191
    assert values(hours) == {start: units(value) for start, value in expected.items()}
    assert {t: f.verdict for t, f in hours.items()} == {t: "exceeds" if v > limit else "complies" for t, v in expected.items()}
    assert {(f.ok, f.reason, f.n) for f in hours.values()} == {(True, None, 60)}


@pytest.mark.parametrize(("column", "factor"), [("co_mg_m3", "a21005"), ("nox_mg_m3", "a21002")])
def test_a_gas_turbines_episodes_and_gaps(column: str, factor: str) -> None:
    """Episodes are the runs of adjacent exceeding hours; the hours absent at the end of 2011 and 2012 are the two gaps."""
    done, expected = checked("gas_turbine_cems"), turbine_hours(column)
    episodes = runs_expected(expected, limits_of("gas_turbine_cems")[column])
    assert runs(done, factor) == episodes
    assert len(episodes) > 5
    found = gaps(done, "gas-turbine", factor)
    assert found == gaps_expected(set(expected), HOUR)
    assert [missing for _start, _end, missing in found] == [8_760 - 7_411, 8_784 - 7_628]


@pytest.mark.parametrize(("column", "factor"), [("co_mg_m3", "a21005"), ("nox_mg_m3", "a21002")])
def test_a_gas_turbines_days(column: str, factor: str) -> None:
    """925 days of consecutive hours; one with fewer than 20 of them is withheld (AIR-AVG-4)."""
    by_date: dict[datetime, list[Fraction]] = {}
    for start, value in turbine_hours(column).items():
        by_date.setdefault(start.replace(hour=0), []).append(value)
    days = figures(checked("gas_turbine_cems"), "gas-turbine", factor, "avg", "day")
    assert {at(f).astimezone(LOCAL): (f.value, f.n, f.reason) for f in days.values() if f.n} == {
        day: (units(sum(found) / len(found)), len(found), None) if len(found) >= 20 else (None, 19, "19 valid hours of 20")
        for day, found in by_date.items()
    }
    # 7,411 hours = 308 days and 19 hours, 7,628 = 317 days and 20 hours, 7,152 = 298 days
    assert (len(by_date), [len(found) for found in by_date.values() if len(found) < 24]) == (309 + 318 + 298, [19, 20])


def effluent_hours() -> dict[datetime, Fraction]:
    return {
        datetime.fromisoformat(row["time_local"]).replace(tzinfo=LOCAL): Fraction(row["hourly_avg"])
        for row in rows("effluent_hourly_cn")
        if row["hourly_avg"]
    }


def test_an_effluent_monitors_hours_and_days() -> None:
    """Every hour with a value is a figure with its verdict; a day with fewer than 18 of 24 is withheld and says how many.

    Rules of waste water: zero and less, judged valid, count as 0.01 mg/L of ammonia nitrogen (WAT-7); three quarters of the hours
    due make a day (WAT-3); no flow is measured here, so that all hours weigh the same.
    """
    done = checked("effluent_hourly_cn")
    expected = {start: value if value > 0 else Fraction("0.01") for start, value in effluent_hours().items()}
    (limit,) = limits_of("effluent_hourly_cn").values()
    hours = figures(done, "effluent-cn", "w21003", "avg")
    assert values(hours) == {start: units(value) for start, value in expected.items()}
    assert {t: f.verdict for t, f in hours.items() if f.ok} == {
        t: "exceeds" if v > limit else "complies" for t, v in expected.items()
    }
    days, counted, sums = figures(done, "effluent-cn", "w21003", "avg", "day"), Counter[datetime](), by_day(expected)
    for start in expected:
        counted[start.replace(hour=0)] += 1
    found = {day: (f.value, f.n, f.reason) for day, f in days.items() if f.n}
    assert found == {
        day: (units(sums[day] / n), n, None) if n >= 18 else (None, n, f"{n} valid results of 24 due")
        for day, n in counted.items()
    }


def test_an_effluent_monitors_gaps_and_episodes() -> None:
    """79 gaps with 6,392 of 8,734 hours: an empty value is missing as much as an absent row (the README counts both)."""
    done, expected = checked("effluent_hourly_cn"), effluent_hours()
    (limit,) = limits_of("effluent_hourly_cn").values()
    assert (max(expected) - min(expected)) // HOUR + 1 == 8_734
    found = gaps(done, "effluent-cn", "w21003")
    assert found == gaps_expected(set(expected), HOUR)
    assert (len(found), sum(missing for _start, _end, missing in found)) == (79, 6_392)
    assert runs(done, "w21003") == runs_expected(expected, limit)
