"""Cases of a rule pack: readings in, figures and exceedances out, in words that an engineer reads and writes without programming.

A file of cases stands beside its pack (``cn-water.toml``, ``cn-water.cases``). What a line may say:

    # a remark
    case EX-1.1  45 valid minutes make an hour
      source flue_gas                                          kind, and where wanted: rules PACK, every SECONDS
      point SO2 mg/m3 reference 6 oxygen O2 flow Q             a name and its unit; guard 20 is the default of oxygen; high 200: its range
      limit SO2 35 hour reference                              period hour or day; reference: the value at reference oxygen
      limit PH 6 hour min lower name LEAST                     stat min or max (of pH), a bound from below, a name; else L6
      limit NH3 8 day when TEMP <= 12                          only while another point's mean of the same period is so
      limit PH profile WW-18918-PH-LO                          as the shipped table of limits has it
      10:00 to 10:45  SO2 20.0  O2 6.0  flag N                 a reading each minute from the first time to before the second
      day 2 hours 00:00 to 12:00  COD 40  Q 100                the device's own means of whole hours
      from 10:00:05  PH 7.1 7.2 7.1 times 3 - 7.3              readings one after another, at the source's pace; -: one that does not come
      mark stopped 12:00 to day 2 14:00                        or start_up, maintenance … (``MarkType``)
      mark start_up 14:00 to 15:00 set 15:40                   comes when the hours to 15:40 are decided
      mark fault 14:00 to 15:00 of U1 U2 set day 2 08:00       of some points only; the day of its coming, where that is another
      weather orange city day 8 12:00 to day 9 12:00           a warning of the source's county, city or province (county); O3, dust: its kind, PM2.5 else
      plan orange SO2 reduce 30                                what the source does under warnings of a level; of energy or avg, else mass; hours 9-17
      test spike PH method average suspect 5 fail 7            a quality test with parameters as in a rule pack; its rule is spike
      check zero SO2 10:00 to 10:20 reference 0.2 before 3.1 after 0.1 span 100   a check with gas; after: where adjusted; set, as a mark
      manual SO2 day 2 10:00 to 11:00 12.5 kg/h                a result of manual monitoring; set, as a mark; of water also 300 mg/L
      check span NMHC 10:00 to 10:20 reference 30 ppm propane before 48 span 100   unit and gas, where they are not those of the point
      point SO2 mg/m3 checks manual s_ams 1.0                  as in points.csv; also inlet POINT, oxidiser POINT (oxygen before it), analyser POINT
      point NOX mg/m3 calibrated 48 since 2026-07-01           the highest value of a calibration, and its day
      point NOX ppm fuel 9780 difference 6 mean 94 confidence 3   dry gas of the fuel [dscf/mmBtu]; the numbers of an accuracy test
      point NOX ppm fuel_co2 1800                              carbon dioxide of the fuel [scf/mmBtu]
      point TANK Pa role tank                                  what a point is to the rules of a station or plant, as in points.csv
      point SO2 mg/m3 detection 1                              the monitor's detection limit
      point SO2 mg/m3 flow Q volume 3000 product P             the gas volume of a tonne of product [m3/t], instead of reference, and the production [t/h]
      08:00 refuelling nozzle 3 fuel 25.0 L vapour 27.3 L      one refuelling, its end; more: speed 30 (fuel), flow 30 (vapour), L/min; times 20, every 5 min
      expect hour 10:00 SO2 24.00                              rounded half up to the digits written
      expect hour 10:00 SO2 reference none 44 valid minutes    no value, and words of the reason
      expect day SO2 mass 0.2350
      expect quarter SO2 capture 93.95                         the quarter so far, of a case that begins with it; or mass substituted
      expect hour 10:00 SO2 mass substituted 22.7              the mass where there was none to measure; of a day or quarter: with it
      expect hour 10:00 PH min 5.9                             the least minute; max: the greatest
      expect hour 10:00 SO2 42.0 exempt                        a value, and the word exempt, complies, exceeds or not judged
      expect hour day 8 12:00 SO2 reduction 27.5 exceeds       what was reached under the warning from then on [%]; exceeds: not what was asked
      expect hour 10:00 SO2 reference exceeds limit L35        or complies, not judged, exempt
      expect halfhour 10:00 NOX validated 170.0                hour, day, month, year; less its confidence interval
      expect year NOX within 97.15                             or beyond, days_within, days_discarded, exceeding_days; of a day cold_slots, valid_hours, …
      expect hour 10:00 SO2 substituted 110                    what stands for a missing hour, of a year too; quarter SO2 availability 96.0
      expect compliance failed NOX within                      what can no longer be met was told; withdrawn: taken back
      expect no compliance failed
      expect exceedance SO2 10:00 to 12:00 times 0.63 limit L35
      expect withdrawn SO2 14:00 to 15:00 exempt mark          an exceedance that was told and taken back, and why
      expect no exceedance SO2 limit L50                       point and limit may be left out
      expect finding DQ-2 SO2 day 1                            a pattern of the day's screening, by its rule
      expect no finding DQ-2                                   none by that rule on any day
      expect flags spike PH day 1 2 1 4 1 2                    of a day's readings in their order: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing
      expect nozzle 3 day 2 warning 2 of 7                     normal, warning, alarm or none, and words of the note or reason
      expect TANK valve alarm                                  zero_pressure, valve, pressure_share; processed, idle of a unit; leak; back_pressure of a nozzle
      expect warning SO2 10:00 at 10:20 did not                an hour announced, when, and what came of it
      expect no warning
      calculate ppm to mass: volume 50 ppm, molar mass SO2     a formula by its name, and its inputs; what is left out is the pack's
      is 142.86 mg/m3                                          rounded half up; or none, yes, no, passes, fails, and words of the reason
      expect told calibration.needed SO2 2.9 %                 an event by its kind, and words of its text
      expect not told calibration.overdue

Times are of day 1 (1 July 2026, or ``date 2026-03-31``) unless ``day N`` stands before them; ``24:00`` is the next midnight. Readings may span
seconds: ``10:00:00 to 10:04:55``. A unit of a point is one that the tables of codes, roles and limits have; another is refused with the list of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, cast, get_args

from ingest.log import PARTITIONS, LogRecord
from ingest.records import MANUAL, Mark, MarkType, Tick
from ingest.registry import Enterprise, Kind, Limit, Plan, Point, Registry, RulePack, Source, Weather
from processors.case_calculations import Calculation, add_answer, calculation, miscalculated
from processors.case_checks import CHECK, RESULT, TOLD, numbers_of, result_of, untold
from processors.case_points import named_words, point_of
from processors.case_series import FLAGS, OWN_PACK, SERIES_LINE, add_series, flags_missed, pack_of_tests, test_of
from processors.case_stations import REFUELLING, STATE, add_refuellings, state_missed
from processors.case_store import CaseStore, run_to_the_end
from processors.case_warnings import NO_WARNING, WARNING, WARNINGS, unwarned
from processors.case_weather import AREAS, plan_of, weather_of
from processors.closing import Closed
from processors.early import LOOK_MS
from processors.engine import Engine
from processors.figures import MONTHS_OF, Episode, Event, Figure, Level, epoch_ms, local_iso, period_start_ms
from processors.judging import COMPLIES, EXCEEDS, EXEMPT, NOT_JUDGED
from processors.memory import TICK_PREFIX, Settings
from processors.output import Output
from processors.packs import chosen, pack_of
from processors.publish import verdicts_of
from processors.registry_check import filled
from processors.rules.judge import times_over_text
from processors.screening import FINDING

LOCAL = timezone(timedelta(hours=8))
FIRST_DAY = date(2026, 7, 1)
CADENCE_S = 60
SOURCE = "CASE"
LINES_MAX, READINGS_MAX = 20_000, 2_000_000
"""Lines of one file, and readings of one case."""
_SPAN = re.compile(r"(?:day (\d+) )?(hours )?(\d\d:\d\d(?::\d\d)?) to (?:day (\d+) )?(\d\d:\d\d(?::\d\d)?)\s+(.+)")
_MARK = re.compile(
    r"([a-z_]+) (?:day (\d+) )?(\d\d:\d\d) to (?:day (\d+) )?(\d\d:\d\d)(?: of ((?:(?!set )\S+ ?)+?))?(?: set (?:day (\d+) )?(\d\d:\d\d))?"
)
_EXPECT = re.compile(
    r"((?P<part>half)?hour (?:day (?P<hour_day>\d+) )?(?P<hour>\d\d:\d\d)|day(?: (?P<day>\d+))?|(?P<long>month|quarter|year))"
    r" (?P<point>\S+)"
    r"(?: (?P<stat>reference|mass substituted|mass|min|max|reduction|capture|substituted|assured|availability|validated|within|beyond|days_within"
    r"|days_discarded|exceeding_days|cold_slots|outside|ten_minutes|deviation|missing|gas_missing|outside_range|range_weeks|adjusted|nox_rate|so2_rate"
    r"|valid_hours|valid_days))?"
    r" (?:(?P<verdict>exceeds|complies|not judged|exempt)(?: limit (?P<limit>\S+))?|(?P<value>none|[+-]?\d+(?:\.\d+)?)(?: (?P<reason>.+))?)"
)
_EXCEEDANCE = re.compile(
    r"(?P<withdrawn>exceedance|withdrawn) (?P<point>\S+) (?:day (?P<day>\d+) )?(?P<start>\d\d:\d\d) to (?P<end>\d\d:\d\d)"
    r"(?: times (?P<times>\d+(?:\.\d+)?))?(?: limit (?P<limit>\S+))?(?P<why>(?: [a-z]+)*)"
)
_NONE = re.compile(r"no exceedance(?: (?!limit )(?P<point>\S+))?(?: limit (?P<limit>\S+))?")
_FINDING = re.compile(r"(?P<no>no )?finding (?P<rule>\S+)(?: (?P<point>(?!day )\S+))?(?: day (?P<day>\d+))?")
_COMPLIANCE = re.compile(r"(?P<no>no )?compliance (?P<what>failed|withdrawn)(?: (?P<point>\S+))?(?: (?P<stat>\S+))?")
_Sent = tuple[datetime, str, dict[str, str], str]
"""A report as written: time, kind, values and flag."""
VERDICTS = (EXCEEDS, COMPLIES, NOT_JUDGED, EXEMPT)
STATS = {None: "avg", "reference": "avg_ref", "adjusted": "avg_adj", "substituted": "avg_sub", "mass substituted": "mass_sub"}
"""Words for stats that have another name; of the others it is their word."""
SUBSTITUTES = ("avg_sub", "mass_sub", "avg_adj", "nox_rate", "so2_rate")
"""Stats that are provisional until their quarter is over, as months, quarters and years are."""


class CaseFault(ValueError):
    """A line of a file of cases cannot be read; the text names file, line and what would be read."""


@dataclass(slots=True)
class Expected:
    """One expectation, its line, and the words it was written in."""

    line: int
    text: str
    facts: dict[str, str | None]
    kind: str


@dataclass(slots=True)
class Case:
    """One case as written: registry rows, report lines, marks, and what is expected."""

    name: str
    title: str
    line: int
    day: date = FIRST_DAY
    kind: str = "flue_gas"
    rules: str = ""
    cadence_s: int = CADENCE_S
    points: list[dict[str, Any]] = field(default_factory=list)
    limits: list[dict[str, Any]] = field(default_factory=list)
    reports: list[tuple[datetime, str, dict[str, str], str]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    weather: list[Weather] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    tests: list[tuple[str, str]] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    calculations: list[Calculation] = field(default_factory=list)

    def at(self, clock: str, day: str | None = None) -> datetime:
        """Return the time of a clock on the case's first or another day."""
        hours, minutes, seconds = map(int, [*clock.split(":"), "0"][:3])
        start = datetime.combine(self.day, datetime.min.time(), LOCAL)
        return start + timedelta(days=int(day or 1) - 1, hours=hours, minutes=minutes, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: ``failed`` holds a sentence for each expectation that was not met."""

    case: str
    title: str
    expectations: int
    failed: tuple[str, ...]


def parse_cases(text: str, name: str) -> list[Case]:
    """Read a file of cases.

    Raises:
        CaseFault: a line cannot be read, or a case expects nothing.
    """
    cases: list[Case] = []
    for number, raw in enumerate(text.splitlines()[:LINES_MAX], 1):
        line = " ".join(raw.split("#")[0].split())
        if not line:
            continue
        word, _, rest = line.partition(" ")
        if word == "case":
            label, _, title = rest.partition(" ")
            cases.append(Case(label, title, number))
            continue
        if not cases:
            raise CaseFault(f"{name}, line {number}: a file begins with: case NAME what it shows")
        try:
            _line(cases[-1], number, word, rest, line)
        except InvalidOperation:
            raise CaseFault(f"{name}, line {number}: {line!r} is not read: a word stands where a number belongs") from None
        except IndexError:
            raise CaseFault(f"{name}, line {number}: {line!r} is not read: a word is missing after {word!r}") from None
        except (ValueError, KeyError) as error:
            raise CaseFault(f"{name}, line {number}: {line!r} is not read: {error}") from None
    for case in cases:
        for each in case.calculations:
            if not each.answers:
                raise CaseFault(f"{name}, line {each.line}: {each.text!r} comes to nothing; add a line: is VALUE UNIT")
        if not case.expected and not case.calculations:
            raise CaseFault(f"{name}, line {case.line}: case {case.name} expects nothing; add: expect hour HH:MM POINT VALUE")
    return cases


def _line(case: Case, number: int, word: str, rest: str, line: str) -> None:
    if word == "expect":
        case.expected.append(_expected(number, rest))
    elif word == "calculate":
        case.calculations.append(calculation(number, rest))
    elif word == "is":
        add_answer(case.calculations, number, rest)
    elif word == "date":
        case.day = date.fromisoformat(rest)
    elif word == "source":
        kinds, words = named_words(rest, {"rules": str, "every": int})
        if kinds[0] not in get_args(Kind):
            raise ValueError(f"there is no kind {kinds[0]}; write one of {', '.join(get_args(Kind))}")
        case.kind, case.rules, case.cadence_s = kinds[0], words.get("rules", ""), words.get("every", CADENCE_S)
    elif word == "point":
        case.points.append(point_of(SOURCE, rest))
    elif word == "limit":
        case.limits.append(_limit(rest))
    elif word == "mark":
        match = _MARK.fullmatch(rest)
        if match is None:
            raise ValueError("write: mark stopped HH:MM to HH:MM, of points: of U1 U2, and where it comes late: set HH:MM")
        kind, day, start, last, end, factors, set_day, set_at = match.groups()
        begins, ends, named = case.at(start, day), case.at(end, last or day), f"{case.name}-{number}"
        at = case.at(set_at, set_day or last or day) if set_at else ends
        of: dict[str, Any] = {"id": named, "source": SOURCE, "type": kind, "author": "case"}
        of |= {"factors": factors.split()} if factors else {}
        case.marks.append(Mark(**of, start=begins, end=ends, set_at=at))
        case.late |= {named} if set_at else set()
    elif word == "weather":
        case.weather.append(weather_of(case, rest))
    elif word == "plan":
        case.plans.append(plan_of(SOURCE, rest))
    elif word == "check":
        _found(
            case,
            number,
            "calibration",
            CHECK.fullmatch(rest),
            "check zero POINT HH:MM to HH:MM reference 0 before 3.1 span 100",
        )
    elif word == "manual":
        _found(case, number, "manual", RESULT.fullmatch(rest), "manual POINT HH:MM to HH:MM 12.5 kg/h")
    elif word == "test":
        case.tests.append(test_of(rest))
    elif (refuelling := REFUELLING.fullmatch(line)) is not None:
        add_refuellings(case, *refuelling.groups())
    elif (series := SERIES_LINE.fullmatch(line)) is not None:
        add_series(case, series.groupdict())
    else:
        _readings(case, line)


def _found(case: Case, number: int, kind: MarkType, found: re.Match[str] | None, form: str) -> None:
    """Take in a check or a result of manual monitoring."""
    if found is None:
        raise ValueError(f"write: {form}")
    begins, ends = (case.at(found[name], found["day"]) for name in ("start", "end"))
    at = case.at(found["set"], found["set_day"] or found["day"]) if found["set"] else ends
    of: dict[str, Any] = {"id": f"{case.name}-{number}", "source": SOURCE, "type": kind, "author": "case"}
    says = result_of if kind == MANUAL else numbers_of
    case.marks.append(Mark(**of, **says(found.groupdict()), start=begins, end=ends, set_at=at))
    case.late |= {f"{case.name}-{number}"} if found["set"] else set()


def _limit(text: str) -> dict[str, Any]:
    """Return a row of limits.csv as a case writes it."""
    text, _, condition = text.partition(" when ")
    names, words = named_words(text, {"name": str, "profile": str})
    if "profile" in words:
        return {**filled({"limit_id": words["profile"]}), "factor": names[0]}
    factor, limit, *more = names
    stats = {"reference": "avg_ref", "min": "min", "max": "max", "validated": "validated"}
    return {
        "factor": factor,
        "limit": Decimal(limit),
        "averaging": next((m for m in more if m in ("tenminute", "halfhour", "hour", "day", "year")), "hour"),
        "rank": "programme" if "programme" in more else "",
        "stat": next((stats[m] for m in more if m in stats), "avg"),
        "bound": "lower" if "lower" in more else "upper",
        "when": condition,
        "limit_id": words.get("name") or f"L{limit}",
    }


def _readings(case: Case, line: str) -> None:
    match = _SPAN.fullmatch(line)
    if match is None:
        raise ValueError(
            "write: HH:MM to HH:MM POINT VALUE [POINT VALUE] [flag F], or see the words at the head of processors/cases.py"
        )
    day, hours, start, last, end, values = match.groups()
    names, words = named_words(values, {"flag": str})
    pairs = dict(zip(names[::2], names[1::2], strict=True))
    for value in pairs.values():
        Decimal(value)
    time, until = case.at(start, day), case.at(end, last or day)
    step = timedelta(hours=1) if hours else timedelta(seconds=case.cadence_s)
    while time < until:
        case.reports.append((time, "hour" if hours else "realtime", pairs, words.get("flag", "N")))
        if len(case.reports) * len(pairs) > READINGS_MAX:
            raise ValueError(f"more than {READINGS_MAX:,} readings in a case")
        time += step


def _expected(number: int, text: str) -> Expected:
    for pattern, kind in (
        (_NONE, "none"),
        (TOLD, "told"),
        (_EXCEEDANCE, "exceedance"),
        (NO_WARNING, "no warning"),
        (WARNING, "warning"),
        (_FINDING, "finding"),
        (FLAGS, "flags"),
        (_COMPLIANCE, "compliance"),
        (_EXPECT, "figure"),
        (STATE, "state"),
    ):
        match = pattern.fullmatch(text)
        if match is not None:
            return Expected(number, text, match.groupdict(), kind)
    raise ValueError(
        "write: expect hour HH:MM POINT VALUE, expect day POINT VALUE, expect exceedance POINT HH:MM to HH:MM, or expect finding RULE POINT"
    )


def run_case(case: Case, packs: Sequence[RulePack] = ()) -> Outcome:
    """Run a case through the engine, under the shipped rule packs and an office's own."""
    registry = registry_of(case, packs)
    pack = pack_of(registry.sources[0], registry.packs)
    if case.rules and pack.id not in (case.rules, OWN_PACK):
        absent = f"line {case.line}: there is no rule pack {case.rules}; plumeline rules list shows those that there are"
        return Outcome(case.name, case.title, 1, (absent,))
    failed = [told for each in case.calculations for told in miscalculated(each, pack)]
    if not case.expected:
        return Outcome(case.name, case.title, sum(len(each.answers) for each in case.calculations), tuple(failed))
    figures, episodes, findings, events, closed = _run(case, registry)
    failed += [
        told
        for each in case.expected
        if (
            told := unwarned(f"line {each.line}: expect {each.text}", each.kind, _times(case, each), events)
            if each.kind in WARNINGS
            else untold(f"line {each.line}: expect {each.text}", each.facts, events)
            if each.kind == "told"
            else flags_missed(case, each.facts, f"line {each.line}: expect {each.text}", closed)
            if each.kind == "flags"
            else _missed(case, each, figures, episodes, findings)
        )
        is not None
    ]
    answers = sum(len(each.answers) for each in case.calculations)
    return Outcome(case.name, case.title, len(case.expected) + answers, tuple(failed))


def _run(
    case: Case, registry: Registry
) -> tuple[dict[tuple[Level, str, str, int], Figure], list[Episode], list[Event], list[Event], Callable[[int], Closed]]:
    past = CaseStore()
    engine = Engine(registry, settings=Settings(hot_ms=10**15, provisional=False), past=past)
    records: list[LogRecord] = []
    outs: list[Output] = []

    def put(topic: str, value: bytes, partition: int = 0) -> None:
        records.append(LogRecord(topic, partition, len(records), len(records) + 1, value))

    def send(some: list[_Sent]) -> None:
        for value in _values(case, some):
            if not value.startswith(TICK_PREFIX):
                past.add(value.split(b"\n"))
            for partition in range(PARTITIONS) if value.startswith(TICK_PREFIX) else (0,):
                put("reports", value, partition)

    for mark in case.marks:
        if mark.id not in case.late:
            put("marks", mark.line())
    reports = sorted(case.reports, key=lambda r: r[0])
    for mark in sorted((m for m in case.marks if m.id in case.late), key=lambda m: m.set_at):
        before = [report for report in reports if report[0] < mark.set_at]
        reports = reports[len(before) :]
        send(before)
        outs += run_to_the_end(engine, records, mark.set_at, past)  # the days that are over by then are closed without it
        records = []
        put("marks", mark.line())
    send(reports)
    last = max((time for time, *_ in case.reports), default=case.at("00:00"))
    last = max(last, *(m.set_at for m in case.marks if m.id in case.late)) if case.late else last
    over = last.replace(hour=0, minute=0) + timedelta(days=1, minutes=10)  # what nothing more comes for is decided
    outs += run_to_the_end(engine, records, over, past)
    figures = {
        (f.level, f.factor, f.stat, f.start_ms): f
        for f in past.figures.values()
        if f.revision > 0 or f.level in MONTHS_OF or f.stat in SUBSTITUTES
    }
    episodes = {e.id: e for out in outs for e in out.episodes}
    events = [e for out in outs for e in out.events]

    def closed(day_ms: int) -> Closed:
        source, points = registry.sources[0], engine.points
        pack, now_ms = chosen(source, points.packs), epoch_ms(over)
        return Closed(source, day_ms, now_ms, now_ms, pack, points, engine.spans, case.marks, past)

    return (
        figures,
        list(episodes.values()),
        [e for e in events if e.kind == FINDING or e.kind.startswith("compliance.")],
        events,
        closed,
    )


def _values(case: Case, reports: list[_Sent]) -> list[bytes]:
    """Return the reports as one record; where warnings are expected they lie between the ticks at which the engine looks for them."""
    if not reports or all(each.kind not in WARNINGS for each in case.expected):
        return [b"\n".join(_report(case, *report) for report in reports)] if reports else []
    values, step, tick = [], timedelta(milliseconds=LOOK_MS), reports[0][0].replace(minute=0)
    while reports:
        values.append(Tick(tick=tick, gateway="case").line())
        tick += step
        before = [r for r in reports if _seen(*r[:2]) < tick]
        reports = reports[len(before) :]
        if before:
            values.append(b"\n".join(_report(case, *report) for report in before))
    return [*values, Tick(tick=tick, gateway="case").line()]


def _seen(time: datetime, kind: str) -> datetime:
    """When a report is sent: at its time, that of an hour at its end."""
    return time + timedelta(hours=1) if kind == "hour" else time


def registry_of(case: Case, packs: Iterable[RulePack] = ()) -> Registry:
    """Return the registry that a case describes."""
    units = {p["factor"]: p["unit"] for p in case.points}
    source = Source(
        source=SOURCE,
        enterprise="E",
        outlet="1",
        name=case.name,
        kind=cast(Any, case.kind),
        cadence_s=case.cadence_s,
        rules=case.rules,
    )
    packs = list(packs)
    if case.tests:
        packs.append(pack_of_tests(case.tests, pack_of(source, packs).id))
        source = source.model_copy(update={"rules": OWN_PACK})
    return Registry(
        enterprises=(Enterprise.model_validate({"enterprise": "E", "name": "E", **AREAS}),),
        sources=(source,),
        points=tuple(Point(source=SOURCE, **point) for point in case.points),
        limits=tuple(Limit(**{"source": SOURCE, "unit": units.get(x["factor"], ""), **x}) for x in case.limits),
        weather=tuple(case.weather),
        plans=tuple(case.plans),
        packs=tuple(packs),
    )


def _report(case: Case, time: datetime, kind: str, values: dict[str, str], flag: str) -> bytes:
    seen = _seen(time, kind).isoformat()
    names = ",".join(json.dumps(name) for name in values)
    stats = ",".join(['"avg"' if kind == "hour" else '"rtd"'] * len(values))
    flags = ",".join([json.dumps(flag)] * len(values))
    return (
        f'{{"v":1,"source":"{SOURCE}","time":"{time.isoformat()}","kind":"{kind}","factors":[{names}],"stats":[{stats}],'
        f'"values":[{",".join(values.values())}],"flags":[{flags}],"sent":"{seen}","received":"{seen}","protocol":"case",'
        f'"frame":null,"backfill":false,"decoder":1}}'
    ).encode()


def _missed(
    case: Case,
    expected: Expected,
    figures: dict[tuple[Level, str, str, int], Figure],
    episodes: list[Episode],
    findings: list[Event],
) -> str | None:
    """Return what is there instead of what was expected, None where it was met."""
    facts, where = expected.facts, f"line {expected.line}: expect {expected.text}"
    if expected.kind == "state":
        return state_missed(case, facts, where, figures)
    if expected.kind == "finding":
        findings = [e for e in findings if "rule" in e.facts]
        day = f"{case.at('00:00', facts['day']):%Y-%m-%d}" if facts["day"] else None
        met = any(
            e.facts["rule"] == facts["rule"] and facts["point"] in (None, e.factor) and day in (None, e.facts["day"])
            for e in findings
        )
        told = "; ".join(f"{e.facts['rule']} {e.factor} {e.facts['day']}: {e.facts['text']}" for e in findings)
        return None if met != bool(facts["no"]) else f"{where}; there is {told or 'no finding'}"
    if expected.kind == "compliance":
        told_of = [e for e in findings if e.kind == f"compliance.{facts['what']}"]
        told_of = [e for e in told_of if facts["point"] in (None, e.factor) and facts["stat"] in (None, e.facts["stat"])]
        told = "; ".join(f"{e.kind} {e.factor} {e.facts['stat']}: {e.facts['text']}" for e in findings if "stat" in e.facts)
        return None if bool(told_of) != bool(facts["no"]) else f"{where}; there is {told or 'no such event'}"
    if expected.kind != "figure":
        taken_back = facts.get("withdrawn") == "withdrawn"
        of_point = [e for e in episodes if facts["point"] in (None, e.factor) and facts["limit"] in (None, e.limit_id)]
        of_point = [e for e in of_point if (e.state == "withdrawn") == taken_back]
        there = (
            "; ".join(f"{e.factor} {local_iso(e.start_ms)} to {local_iso(e.end_ms)} of {e.limit_id}" for e in of_point)
            or "no exceedance"
        )
        if expected.kind == "none":
            return f"{where}; there is {there}" if of_point else None
        start, end = (epoch_ms(case.at(str(facts[name]), facts["day"])) for name in ("start", "end"))
        why = str(facts["why"]).strip()
        found = [e for e in of_point if (e.start_ms, e.end_ms) == (start, end) and why in (e.closed_by or "")]
        if not found:
            return f"{where}; there is {there}"
        if facts["times"] is not None:
            digits = -cast(int, Decimal(facts["times"]).as_tuple().exponent)
            times = times_over_text(found[0].worst, found[0].limit, digits)
            return None if times == facts["times"] else f"{where}; it is {times} times over"
        return None
    level: Level
    level, day = ("hour", facts["hour_day"]) if facts["hour"] else ("day", facts["day"])
    level = cast(Level, "halfhour" if facts["part"] else facts["long"] or level)
    stat = STATS.get(facts["stat"], str(facts["stat"]))
    start = period_start_ms(level, epoch_ms(case.at(facts["hour"] or "00:00", day)))
    figure = figures.get((level, str(facts["point"]), stat, start))
    if figure is None:
        return f"{where}; there is no such figure, {_others(case, level, str(facts['point']), start, figures)}"
    if facts["verdict"] is not None:
        judged = {v.limit_id: v.verdict for v in verdicts_of(figure)}
        found_verdict = judged.get(facts["limit"]) if facts["limit"] else figure.verdict
        if found_verdict == facts["verdict"]:
            return None
        return f"{where}; it is {found_verdict}, judged by {', '.join(judged) or 'no limit'}"
    shown = "none" if figure.number is None else _rounded(figure.number, str(facts["value"]))
    reason, asked = "; ".join(filter(None, (figure.reason, figure.explain.get("note")))), facts["reason"] or ""
    met = figure.verdict == asked if asked in VERDICTS else asked in reason
    if shown != facts["value"] or not met:
        held = f", {figure.verdict}" if asked in VERDICTS else ""
        exact = "" if shown in ("none", str(figure.number)) else f", as {figure.number}"
        return f"{where}; it is {shown}{f' ({reason})' if reason else ''}{held}{exact}"
    return None


def _others(case: Case, level: Level, point: str, start: int, figures: Iterable[tuple[Level, str, str, int]]) -> str:
    """Tell what there is where an expected figure is not."""
    points = [str(row["factor"]) for row in case.points]
    if point not in points:
        return f"and no such point: the case has {', '.join(points) or 'none'}"
    stats = sorted(key[2] for key in figures if (key[0], key[1], key[3]) == (level, point, start))
    return f"but {', '.join(stats)} of then" if stats else "nor another of then"


def _times(case: Case, expected: Expected) -> dict[str, str | None]:
    """Return an expectation's facts with clocks as local times."""
    facts = dict(expected.facts)
    for name in ("hour", "at"):
        if facts.get(name) is not None:
            facts[name] = local_iso(epoch_ms(case.at(str(facts[name]), facts["day"])))
    return facts


def _rounded(number: Decimal, like: str) -> str:
    if like == "none":
        return f"{number:f}"
    exponent = cast(int, Decimal(like).as_tuple().exponent)
    return f"{number.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP):f}"
