"""What a furnace's page says: exceeding days of the month, cold slots by the day, the slots of a day, and the thermocouples behind each."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from markupsafe import Markup

from ingest.records import Mark
from ingest.registry import part_of
from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.minutes import Key
from plumeline.console.shell import Context
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.closing import reach_ms, winners_of
from processors.figures import DAY_MS, HOUR_MS, SCALE, Figure, scaled
from processors.furnace_days import ONE_TOO_MANY
from processors.furnace_months import BOUND
from processors.furnace_slots import SECTION_OF, SLOT_MS, furnace_slots, sections_on, sets_aside, thermocouple_slots
from processors.furnace_steps import COLD_SLOTS, EXCEEDING_DAYS, OUTSIDE, FurnaceTemperature
from processors.packs import chosen, pack_of
from processors.points import Points, Rules
from processors.rules.gaps import median
from processors.rules.gas import half_up
from processors.rules.millionths import unscaled
from processors.shelf import spans_of
from processors.store import StoredMark

DAYS = 14
"""Days shown, the last that are over."""
REPORTS_MAX = 20_000
"""Report lines read for one day: one each 5 s, and some to spare."""
DIGIT = Decimal("0.1")
"""Last digit of a temperature that is shown."""


def rule_of(context: Context, source: str) -> FurnaceTemperature | None:
    """Return the rule of furnace temperature that a source is judged by, None of one without thermocouples of a furnace."""
    row = context.names.sources.get(source)
    points = context.names.points.items()
    if row is None or not any(of == source and point.role.partition("/")[0] in SECTION_OF for (of, _), point in points):
        return None
    return pack_of(row, context.console.registry().packs).rule(FurnaceTemperature)


def section(context: Context, source: str, at_ms: int) -> Markup:
    """Return the month, the last days and the slots of the day in which a time lies; nothing for a source that is no furnace."""
    return _month(context, source, at_ms) + _last_days(context, source) + _slots_of_day(context, source, at_ms)


def _month(context: Context, source: str, at_ms: int) -> Markup:
    month_ms = words.month_start(at_ms)
    found = context.console.store.figures(source, "month", month_ms, month_ms + 1, stat=EXCEEDING_DAYS)
    if not found:
        return Markup()
    told = words.listed([words.value_of(found[0]), words.covered(found[0])])
    colour = "yellow" if BOUND in str(found[0].explain.get("note")) else "grey"
    note = said(str(found[0].explain.get("note") or ""))
    body = h("p", link(words.evidence_url(found[0].id), parts.chip(colour, told)), " ", note)
    return parts.section(f"{words.stat_words(EXCEEDING_DAYS)}, {words.period(month_ms, 'month', context.now_ms)}", body)


def _last_days(context: Context, source: str) -> Markup:
    """Return cold slots and process values of the last days that are over, each with its evidence."""
    end_ms = words.day_start(context.now_ms)
    days = range(end_ms - DAYS * DAY_MS, end_ms, DAY_MS)
    found: dict[tuple[str, str], dict[int, Figure]] = {}
    for stat in (COLD_SLOTS, OUTSIDE):
        for f in context.console.store.figures(source, "day", days.start, days.stop, stat=stat):
            found.setdefault((stat, f.factor), {})[f.start_ms] = f
    if not found:
        return Markup()
    rows = []
    for (stat, factor), of_day in sorted(found.items()):
        about = words.stat_words(stat) if stat == COLD_SLOTS else context.names.factor(source, factor)
        rows.append(h("tr", h("td", h("b", about)), [_cell(of_day.get(day)) for day in days]))
    table = parts.table(["", *(words.short_day(day) for day in days)], rows, cls="days")
    return parts.section(t("furnace.days"), table, h("p", t("furnace.days.note"), cls="quiet"))


def _slots_of_day(context: Context, source: str, at_ms: int) -> Markup:
    rule = rule_of(context, source)
    if rule is None:
        return Markup()
    day_ms = words.day_start(at_ms)
    day = Day(context, source, day_ms, rule)
    told = h("p", t("furnace.note", least=f"{rule.temperature_degc_min:f}", most=rule.slots_max), cls="quiet")
    shown = day.strip() if day.known else parts.quiet(t("furnace.none"))
    return parts.section(t("furnace", day=words.day(day_ms)), shown, told)


def slots(context: Context, key: Key) -> Markup:
    """Return the slots behind a day's figure of cold slots, each with its thermocouples; nothing for another figure."""
    rule = rule_of(context, key.source)
    if (key.level, key.stat) != ("day", COLD_SLOTS) or rule is None:
        return Markup()
    day = Day(context, key.source, key.start_ms, rule)
    heads = [
        t("furnace.slot"),
        *(context.names.factor(key.source, factor) for factor in day.thermocouples.values()),
        t("furnace.upper"),
        t("furnace.middle"),
        t("furnace.temperature"),
        t("standing"),
    ]
    body = parts.table(heads, day.rows()) if day.known else parts.quiet(t("furnace.none"))
    return parts.section(t("furnace.slots"), body)


class Day:
    """A furnace's day as its stored readings and marks show it, made by the functions that judge it."""

    def __init__(self, context: Context, source: str, day_ms: int, rule: FurnaceTemperature) -> None:
        points = Points(part_of(context.console.registry(), lambda name: name == source), Rules())
        row = points.sources[source]
        pack = chosen(row, points.packs)
        self.least = scaled(rule.temperature_degc_min)
        store, end_ms, reach = context.console.store, day_ms + DAY_MS, reach_ms(row)
        stored = store.marks(source, day_ms, end_ms)
        lines = [report.line for report in store.reports(source, day_ms - reach, end_ms + reach, REPORTS_MAX)]
        sections = sections_on(points, source, day_ms)
        readings = winners_of(lines, points, day_ms, end_ms)
        means = thermocouple_slots(readings, sections, spans_of(map(mark_of, stored), points))
        marks = [(m.id, m.start_ms, m.end_ms) for m in stored if sets_aside(m.type, m.factors, pack)]  # type: ignore[arg-type]
        self.slots = furnace_slots(means, marks).rows(named=True)
        self.marks = {m.id: m for m in stored}
        self.thermocouples = {pid: points.keys[pid].factor for pid in sections["pid"].to_list()}
        self.sections = dict(sections.iter_rows())
        self.means: dict[int, dict[int, int]] = {}
        for slot, pid, value in means.select("slot", "pid", "value").iter_rows():
            self.means.setdefault(slot, {})[pid] = value

    @property
    def known(self) -> bool:
        """Whether any slot of the day is."""
        return bool(self.slots)

    def strip(self) -> Markup:
        """Return the slots as cells, a row an hour; cold ones stand out, each says its temperature or why it has none."""
        by_hour: dict[int, list[Markup]] = {}
        for slot in self.slots:
            start = slot["slot"]
            by_hour.setdefault(words.hour_start(start), []).append(self._cell(slot))
        rows = [
            h("div", h("small", words.clock(hour, hour)), h("span", cells, style=_aligned(hour, self.slots)))
            for hour, cells in sorted(by_hour.items())
        ]
        return h("div", rows, cls="slots")

    def rows(self) -> list[Markup]:
        """Return a table's row for each slot."""
        return [self._row(slot) for slot in self.slots]

    def cold(self, slot: dict[str, int | None]) -> bool:
        """Return whether a slot is below the least temperature, marked or not."""
        value = slot["value"]
        return value is not None and value < self.least

    def _cell(self, slot: dict[str, int | None]) -> Markup:
        kind = "left" if slot["mark"] else "cold" if self.cold(slot) else "none" if slot["value"] is None else ""
        said_ = f"{words.clock(slot['slot'], slot['slot'] or 0)}: {self._temperature(slot)}{self._standing(slot)}"
        return h("i", "▲" if kind == "cold" else "–" if kind == "left" else "", cls=kind, title=said_, aria_label=said_)

    def _row(self, slot: dict[str, int | None]) -> Markup:
        start = slot["slot"] or 0
        found = self.means.get(start, {})
        medians = [
            median([unscaled(found[pid]) for pid in found if self.sections[pid] == name]) for name in SECTION_OF.values()
        ]
        return h(
            "tr",
            h("td", words.clock(start, start)),
            [h("td", _shown(found.get(pid)), cls="num") for pid in self.thermocouples],
            [h("td", _shown(None if m is None else half_up(m)), cls="num") for m in medians],
            h("td", h("b", self._temperature(slot)), cls="num"),
            h(
                "td",
                parts.chip("yellow", t("furnace.cold")) if self.cold(slot) and not slot["mark"] else None,
                self._standing(slot),
            ),
        )

    def _temperature(self, slot: dict[str, int | None]) -> str:
        return _shown(slot["value"]) if slot["value"] is not None else said(str(slot["reason"]))

    def _standing(self, slot: dict[str, int | None]) -> str:
        mark = self.marks.get(str(slot["mark"]))
        return "" if mark is None else " " + t("furnace.left_out", mark=t(f"mark.{mark.type}"), id=mark.id)


def _cell(f: Figure | None) -> Markup:
    if f is None:
        return h("td")
    if f.number is None:
        return h("td", link(words.evidence_url(f.id), h("small", t("verdict.not_judged")), title=said(f.reason or "") or None))
    note = str(f.explain.get("note") or "")
    beyond = ONE_TOO_MANY in note or (f.stat == OUTSIDE and f.number > 0)
    return h(
        "td",
        link(words.evidence_url(f.id), parts.chip("yellow" if beyond else "grey", words.value_of(f)), title=said(note) or None),
    )


def _shown(value: int | None) -> str:
    return "—" if value is None else f"{Decimal(value).scaleb(-SCALE).quantize(DIGIT, ROUND_HALF_UP):f}"


def _aligned(hour: int, found: list[dict[str, int | None]]) -> str:
    """Return the style that puts an hour's first slot under its five minutes."""
    first = min(slot["slot"] or 0 for slot in found if hour <= (slot["slot"] or 0) < hour + HOUR_MS)
    return f"--skip:{(first - hour) // SLOT_MS + 1}"


def mark_of(stored: StoredMark) -> Mark:
    """Return a stored mark as the record that it was; what a check found is not among it."""
    if stored.result is not None:
        return stored.result
    return Mark(
        id=stored.id,
        source=stored.source,
        factors=None if stored.factors is None else list(stored.factors),
        type=stored.type,  # type: ignore[arg-type]
        author=stored.author,
        state=stored.state,  # type: ignore[arg-type]
        start=_time(stored.start_ms),
        end=_time(stored.end_ms),
        set_at=_time(stored.set_at_ms),
    )


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
