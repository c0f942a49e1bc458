"""The registry's folder of CSV files, read and validated as a whole: every fault at once, with file, line and column."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from ingest.csv_tables import Fault, RegistryFaults, Table, read_table, unknown
from ingest.escalation_file import ESCALATION_FILE, read_escalation
from ingest.gas_states import FLOW_UNIT, state_faults
from ingest.records import SAID_FIELDS, Mark, at_odds
from ingest.reference_volumes import volume_faults
from ingest.registry import (
    Contact,
    Dated,
    Enterprise,
    Holiday,
    Limit,
    Meter,
    MeterChange,
    Plan,
    Point,
    Registry,
    Row,
    RulePack,
    Source,
    Weather,
)
from ingest.registry_diff import LOCAL, Change, diff
from ingest.station_codes import CODES_FILE, StationCode, fill_points
from ingest.weather_files import weather_faults

__all__ = ["Change", "Fault", "RegistryFaults", "Tables", "diff", "holding", "load_marks", "load_registry"]

REQUIRED = ("enterprises", "sources")
"""Files without which there is no registry; the others may be missing."""
MARKS_FILE = "marks.csv"
"""May lie in the registry's folder; read by ``load_marks``."""
PACKS_FOLDER, PACKS_MAX = "rules", 64
"""Folder of the office's own rule packs within the registry's, and how many may lie in it."""
"""Unit of a flow that a mass is formed with."""

R = TypeVar("R", bound=Row)
D = TypeVar("D", bound=Dated)


class Tables(NamedTuple):
    """The tables of a folder as read: sound rows with their lines, and the cells of all."""

    enterprises: Table[Enterprise]
    sources: Table[Source]
    points: Table[Point]
    meters: Table[Meter]
    meter_changes: Table[MeterChange]
    limits: Table[Limit]
    contacts: Table[Contact]
    holidays: Table[Holiday]
    weather: Table[Weather]
    plans: Table[Plan]


def load_registry(
    folder: Path,
    further: Callable[[Tables, Sequence[RulePack]], list[Fault]] | None = None,
    limit_of: Callable[[dict[str, str]], dict[str, str]] = dict,
) -> Registry:
    """Read the CSV files and rule packs of a registry folder; ``further`` finds faults that a later stage knows of.

    ``limit_of`` fills in what a row of limits.csv leaves to the shipped limit profile that it names.

    Raises:
        RegistryFaults: with all faults of all files, in the order of file and line.
    """
    faults: list[Fault] = []
    if not folder.is_dir():
        told = "name the folder of the registry's CSV files (--registry, PLUMELINE_REGISTRY)"
        raise RegistryFaults([Fault(folder.name, 0, "", "", "there is no such folder", told)])

    def read(name: str, model: type[R], fill: Callable[[dict[str, str]], dict[str, str]] = dict) -> Table[R]:
        path = folder / f"{name}.csv"
        if path.exists():
            return read_table(path, model, faults, fill=fill)
        if name in REQUIRED:
            remedy = f"create it in {folder.name} with the columns {', '.join(model.model_fields)}"
            faults.append(Fault(path.name, 0, "", "", "the file is missing", remedy))
        return Table(path.name)

    enterprises, sources = read("enterprises", Enterprise), read("sources", Source)
    codes = read(CODES_FILE.removesuffix(".csv"), StationCode)
    tables = Tables(
        enterprises,
        sources,
        read("points", Point, fill_points(codes, sources, enterprises, faults)),
        read("meters", Meter),
        read("meter_changes", MeterChange),
        read("limits", Limit, limit_of),
        read("contacts", Contact),
        read("holidays", Holiday),
        read("weather", Weather),
        read("plans", Plan),
    )
    faults += _misnamed(folder)
    faults += _keys(tables)
    faults += _references(tables)
    faults += _points(tables)
    faults += _limits(tables)
    faults += weather_faults(tables.weather, tables.plans, tables.enterprises, tables.sources, tables.points, tables.meters)
    packs = _packs(folder / PACKS_FOLDER, faults)
    escalation = read_escalation(folder / ESCALATION_FILE, faults)
    faults += further(tables, packs) if further is not None else []
    if faults:
        order = [table.file for table in tables]
        faults.sort(key=lambda f: (order.index(f.file) if f.file in order else len(order), f.line))
        raise RegistryFaults(faults)
    rows: dict[str, object] = {name: tuple(row for _, row in t.rows) for name, t in tables._asdict().items()}
    return Registry.model_validate({**rows, "packs": tuple(packs), "escalation": escalation})


def _packs(folder: Path, faults: list[Fault]) -> list[RulePack]:
    """Read what tells rule packs apart; what is in them is for a later stage to judge."""
    found: list[RulePack] = []
    paths = sorted(folder.glob("*.toml"))
    if len(paths) > PACKS_MAX:
        faults.append(Fault(PACKS_FOLDER, 0, "", str(len(paths)), f"more than {PACKS_MAX} rule packs", "take some out"))
    for path in paths[:PACKS_MAX]:
        name = f"{PACKS_FOLDER}/{path.name}"
        try:
            text = path.read_text(encoding="utf-8")
            head = tomllib.loads(text)
            found.append(RulePack(id=head.get("id", ""), kinds=tuple(head.get("kinds", ())), file=name, text=text))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(Fault(name, 0, "", "", f"no TOML: {error}", "mend the line it names"))
        except (ValidationError, TypeError):
            faults.append(Fault(name, 0, "id", "", "no id, or kinds is no list of words", 'write id = "my-rules", kinds = []'))
    return found


def load_marks(path: Path, registry: Registry | None = None) -> list[Mark]:
    """Read marks from CSV: ``id,source,factors,type,start,end,author,set_at,reason,evidence,state``, of checks and results with SAID_FIELDS as well.

    ``factors`` is blank-separated, empty for all of the source. With a registry, a source or factor that it does not know is a fault.

    Raises:
        RegistryFaults: with all faults of the file.
    """
    faults: list[Fault] = []
    if not path.exists():
        raise RegistryFaults([Fault(path.name, 0, "", "", "the file is missing", "look at its name")])
    table = read_table(path, Mark, faults, lists=("factors",), odds=_odds)
    known = None if registry is None else {s.source for s in registry.sources}
    first: dict[str, int] = {}
    for line, cells in table.cells:
        name, source = cells.get("id", ""), cells.get("source", "")
        if name in first:
            told = f"the mark stands in line {first[name]} too"
            faults.append(Fault(path.name, line, "id", name, told, "give each mark an id of its own"))
        elif name:
            first[name] = line
        if known is not None and source and source not in known:
            faults.append(unknown(path.name, line, "source", source, "sources.csv", known))
        elif registry is not None:
            own = {p.factor for p in registry.points if p.source == source}
            own |= {m.factor for m in registry.meters if m.source == source}
            strange = [factor for factor in cells.get("factors", "").split() if own and factor not in own]
            faults += [unknown(path.name, line, "factors", f, "points.csv of this source", own) for f in strange]
    if faults:
        raise RegistryFaults(sorted(faults, key=lambda f: f.line))
    return [mark for _, mark in table.rows]


_TIME: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _odds(cells: dict[str, str], broken: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what the cells of a mark say against each other; of a number that cannot be read that it was given is known, of a time or type nothing."""
    known = {name: cell for name, cell in cells.items() if name not in broken or name in SAID_FIELDS}
    times: dict[str, datetime] = {name: _TIME.validate_python(known[name]) for name in ("start", "end") if name in known}
    return at_odds({**known, **times, "factors": cells.get("factors", "").split()})


def _misnamed(folder: Path) -> list[Fault]:
    files = [f"{name}.csv" for name in Tables._fields]
    strays = (
        [p.name for p in sorted(folder.glob("*.csv")) if p.name not in (*files, MARKS_FILE, CODES_FILE)]
        if folder.is_dir()
        else []
    )
    near = [(name, difflib.get_close_matches(name, files, 1, 0.75)) for name in strays]
    return [Fault(name, 0, "", "", "nothing reads this file", f"did you mean {match[0]}?") for name, match in near if match]


def _keys(tables: Tables) -> list[Fault]:
    faults: list[Fault] = []
    faults += _twice(tables.enterprises, "enterprise", [(n, r.enterprise) for n, r in tables.enterprises.rows])
    faults += _twice(tables.contacts, "contact", [(n, r.contact) for n, r in tables.contacts.rows])
    faults += _twice(tables.holidays, "day", [(n, r.day.isoformat()) for n, r in tables.holidays.rows])
    swaps = [(n, f"{r.source} {r.factor} {r.time.astimezone(UTC).isoformat()}") for n, r in tables.meter_changes.rows]
    faults += _twice(tables.meter_changes, "time", swaps)
    faults += _twice(tables.weather, "warning", [(n, r.warning) for n, r in tables.weather.rows])
    faults += _backwards((tables.sources, tables.points, tables.meters, tables.limits, tables.plans))
    faults += _overlaps(tables.sources.file, "source", [(n, r.source, r) for n, r in tables.sources.rows])
    measured: list[tuple[Table[Point] | Table[Meter], list[tuple[int, str, Dated]]]] = [
        (tables.points, [(n, f"{r.source} {r.factor}", r) for n, r in tables.points.rows]),
        (tables.meters, [(n, f"{r.source} {r.factor}", r) for n, r in tables.meters.rows]),
    ]
    for table, rows in measured:
        faults += _overlaps(table.file, "factor", rows)
    points = defaultdict(list)
    for line, key, row in measured[0][1]:
        points[key].append((line, row))
    for line, key, row in measured[1][1]:
        for other, point in points[key]:
            if _meet(row, point):
                told = f"{key} is a point too (points.csv line {other})"
                faults.append(Fault(tables.meters.file, line, "factor", key.split()[1], told, "keep one of the two rows"))
    limits = [(n, f"{r.source} {r.factor} {r.limit_id} {r.stat} {r.averaging}", r) for n, r in tables.limits.rows]
    faults += _overlaps(tables.limits.file, "limit_id", limits)
    asked = [(n, " ".join((r.source, r.factor, r.stat, r.level, r.kind)).strip(), r) for n, r in tables.plans.rows]
    faults += _overlaps(tables.plans.file, "level", asked)
    return faults


def _twice(table: Table[R], column: str, keys: Iterable[tuple[int, str]]) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for line, key in keys:
        if key in first:
            faults.append(Fault(table.file, line, column, key, f"stands in line {first[key]} too", "keep one of the two rows"))
        first.setdefault(key, line)
    return faults


def _backwards(tables: Sequence[Table[Source] | Table[Point] | Table[Meter] | Table[Limit] | Table[Plan]]) -> list[Fault]:
    return [
        Fault(table.file, line, "valid_to", str(row.valid_to), f"is not after valid_from {row.valid_from}", "mend one of them")
        for table in tables
        for line, row in table.rows
        if row.valid_from and row.valid_to and not row.valid_from < row.valid_to
    ]


def _overlaps(file: str, column: str, rows: Sequence[tuple[int, str, D]]) -> list[Fault]:
    faults: list[Fault] = []
    groups: dict[str, list[tuple[int, D]]] = defaultdict(list)
    for line, key, row in rows:
        for other, earlier in groups[key]:
            if _meet(row, earlier):
                told = f"the row overlaps line {other} in time ({_span(earlier)})"
                remedy = "end one with valid_to where the other begins"
                faults.append(Fault(file, line, column, key, told, remedy))
                break
        groups[key].append((line, row))
    return faults


def _meet(a: Dated, b: Dated) -> bool:
    """True where two validities [from, to) share a day."""
    return (a.valid_from or date.min) < (b.valid_to or date.max) and (b.valid_from or date.min) < (a.valid_to or date.max)


def _span(row: Dated) -> str:
    return f"{row.valid_from or 'always'} to {row.valid_to or 'open'}"


def _references(tables: Tables) -> list[Fault]:
    enterprises = {cells["enterprise"] for _, cells in tables.enterprises.cells if "enterprise" in cells}
    sources = {cells["source"] for _, cells in tables.sources.cells if "source" in cells}
    faults: list[Fault] = []
    if enterprises:
        faults += [
            unknown(tables.sources.file, line, "enterprise", row.enterprise, tables.enterprises.file, enterprises)
            for line, row in tables.sources.rows
            if row.enterprise not in enterprises
        ]
    pointing: list[Table[Point] | Table[Meter] | Table[MeterChange] | Table[Limit] | Table[Plan]]
    pointing = [tables.points, tables.meters, tables.meter_changes, tables.limits, tables.plans]
    if sources:
        faults += [
            unknown(table.file, line, "source", row.source, tables.sources.file, sources)
            for table in pointing
            for line, row in table.rows
            if row.source not in sources
        ]
    meters = {_key(cells) for _, cells in tables.meters.cells}
    for line, row in ((n, m) for n, m in tables.meters.rows if m.part_of):
        others = {factor for source, factor in meters if source == row.source} - {row.factor}
        if row.part_of not in others:
            faults.append(unknown(tables.meters.file, line, "part_of", row.part_of, tables.meters.file, others))
    for line, swap in tables.meter_changes.rows:
        if (swap.source, swap.factor) not in meters and (not sources or swap.source in sources):
            own = {factor for source, factor in meters if source == swap.source}
            faults.append(unknown(tables.meter_changes.file, line, "factor", swap.factor, tables.meters.file, own))
    for line, contact in tables.contacts.rows:
        if not re.match(r"https?://[^/\s]+", contact.url):
            told = "nothing can be sent to this address"
            faults.append(Fault(tables.contacts.file, line, "url", contact.url, told, "write https://host/path of the webhook"))
        for name in contact.enterprises.split():
            if enterprises and name not in enterprises:
                faults.append(unknown(tables.contacts.file, line, "enterprises", name, tables.enterprises.file, enterprises))
    return faults


def _key(cells: dict[str, str]) -> tuple[str, str]:
    return cells.get("source", ""), cells.get("factor", "")


def _points(tables: Tables) -> list[Fault]:
    file, faults = tables.points.file, list[Fault]()
    named = {_key(cells) for _, cells in tables.points.cells}
    units: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, point in tables.points.rows:
        units[point.source, point.factor].add(point.unit)
    for line, point in tables.points.rows:
        own = {factor for source, factor in named if source == point.source}
        if point.flow_factor and point.flow_factor not in own:
            faults.append(unknown(file, line, "flow_factor", point.flow_factor, f"{file} of this source", own))
        elif point.flow_factor and units[point.source, point.flow_factor] - {FLOW_UNIT}:
            told = f"its unit is {', '.join(sorted(units[point.source, point.flow_factor]))}, a mass needs {FLOW_UNIT}"
            remedy = "give the flow's point a multiplier to m3/h and that unit"
            faults.append(Fault(file, line, "flow_factor", point.flow_factor, told, remedy))
        if point.reference_o2_pct is not None and point.oxygen_factor not in own:
            faults.append(unknown(file, line, "oxygen_factor", point.oxygen_factor, f"{file} of this source", own))
        if point.reference_o2_pct is not None and not 0 < point.reference_o2_pct < 21:
            told = "oxygen in air is 21 %, so the reference lies between 0 and 21"
            faults.append(Fault(file, line, "reference_o2_pct", str(point.reference_o2_pct), told, "mend the cell"))
        if point.inlet_factor and point.inlet_factor not in own - {point.factor}:
            faults.append(
                unknown(file, line, "inlet_factor", point.inlet_factor, f"{file} of this source", own - {point.factor})
            )
        elif point.inlet_factor and not point.flow_factor:
            told = "without a flow at the outlet nothing is known of what is removed"
            faults.append(Fault(file, line, "inlet_factor", point.inlet_factor, told, "fill in flow_factor at both points"))
        if point.inlet_oxygen_factor and point.inlet_oxygen_factor not in own:
            faults.append(unknown(file, line, "inlet_oxygen_factor", point.inlet_oxygen_factor, f"{file} of this source", own))
        elif point.inlet_oxygen_factor and point.reference_o2_pct is None:
            told = "the point has no reference_o2_pct, so nothing is converted anyway"
            faults.append(
                Fault(file, line, "inlet_oxygen_factor", point.inlet_oxygen_factor, told, "fill in one or empty the other")
            )
        if point.analyser_factor and point.analyser_factor not in own:
            faults.append(unknown(file, line, "analyser_factor", point.analyser_factor, f"{file} of this source", own))
        elif point.analyser_factor and units[point.source, point.analyser_factor] - {point.unit}:
            told = f"its unit is {', '.join(sorted(units[point.source, point.analyser_factor]))}, the point's {point.unit}"
            faults.append(Fault(file, line, "analyser_factor", point.analyser_factor, told, "state both in one unit"))
        faults += state_faults(file, line, point, own, units)
        faults += volume_faults(file, line, point, own, units)
        if point.calibrated_high is not None and point.valid_from is None:
            told = "without valid_from it is not known from when the calibration holds"
            remedy = "write the day of the calibration as valid_from, in a row of its own"
            faults.append(Fault(file, line, "calibrated_high", str(point.calibrated_high), told, remedy))
        tested = {name: getattr(point, name) for name in ("rata_difference", "rata_mean", "rata_confidence")}
        empty = [name for name, cell in tested.items() if cell is None]
        if 0 < len(empty) < len(tested):
            told = "a relative accuracy test has all of rata_difference, rata_mean and rata_confidence, or none"
            faults.append(Fault(file, line, empty[0], "", told, "fill it in, or empty the others"))
        if point.fuel_dscf_mmbtu is not None and point.fuel_co2_scf_mmbtu is not None:
            told = "fuel_dscf_mmbtu is there too, and an hour has one rate: by oxygen or by carbon dioxide"
            faults.append(Fault(file, line, "fuel_co2_scf_mmbtu", str(point.fuel_co2_scf_mmbtu), told, "empty one of them"))
        if point.range_low is not None and point.range_high is not None and not point.range_low < point.range_high:
            told = f"is not above range_low {point.range_low}"
            faults.append(Fault(file, line, "range_high", str(point.range_high), told, "mend one of them"))
        if not point.multiplier:
            faults.append(
                Fault(file, line, "multiplier", "0", "every reading would become zero", "write 1, or the true factor")
            )
    return faults


def _limits(tables: Tables) -> list[Fault]:
    file, faults = tables.limits.file, list[Fault]()
    named = {_key(cells) for _, cells in tables.points.cells}
    sources = {cells.get("source") for _, cells in tables.sources.cells}
    points: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for _, point in tables.points.rows:
        points[point.source, point.factor].append(point)
    for line, limit in tables.limits.rows:
        key = (limit.source, limit.factor)
        if key not in named:
            if limit.source in sources:
                own = {factor for source, factor in named if source == limit.source}
                faults.append(unknown(file, line, "factor", limit.factor, f"{tables.points.file} of this source", own))
            continue
        held = [point for point in points[key] if _meet(point, limit)]
        if not held and points[key]:
            told = f"no row of points.csv holds from {_span(limit)}"
            faults.append(Fault(file, line, "valid_from", str(limit.valid_from or ""), told, "mend the dates of one of them"))
        for unit in sorted({point.unit for point in held} - {limit.unit}):
            told = f"the point's unit is {unit}"
            faults.append(Fault(file, line, "unit", limit.unit, told, f"state the limit in {unit}"))
        if limit.stat == "avg_ref" and any(p.reference_o2_pct is None and p.reference_volume_m3_t is None for p in held):
            told = "the point has no reference_o2_pct and no reference_volume_m3_t, so no mean at a reference is formed"
            faults.append(Fault(file, line, "stat", limit.stat, told, "fill in one of them in points.csv, or write avg"))
        elif any(p.reference_volume_m3_t is not None for p in held):
            if limit.stat == "validated":
                told = "the point has a reference_volume_m3_t, at which no validated averages are formed"
                faults.append(Fault(file, line, "stat", limit.stat, told, "write avg_ref or avg"))
            elif limit.stat == "avg_ref" and limit.averaging not in ("hour", "day"):
                told = "the point has a reference_volume_m3_t, at which hours and days are formed"
                faults.append(Fault(file, line, "averaging", limit.averaging, told, "write hour or day"))
        asked = limit.when.split(" ")[0]
        if asked and (limit.source, asked) not in named:
            own = {factor for source, factor in named if source == limit.source}
            faults.append(unknown(file, line, "when", asked, f"{tables.points.file} of this source", own))
    return faults


def holding(tables: Tables, limit: Limit) -> list[Point]:
    """Return the points' rows that a limit meets in time."""
    return [p for _, p in tables.points.rows if (p.source, p.factor) == (limit.source, limit.factor) and _meet(p, limit)]


def valid_at(rows: Iterable[D], now: datetime) -> list[D]:
    """Return the dated rows that hold at an aware time, by its local (UTC+8) day."""
    day = now.astimezone(LOCAL).date()
    return [r for r in rows if (r.valid_from or date.min) <= day < (r.valid_to or date.max)]
