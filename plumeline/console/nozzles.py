"""What a petrol station's page says of its last days: nozzles, tanks, valve, line and unit; and the refuellings behind a nozzle's day."""

from __future__ import annotations

from decimal import Decimal

from markupsafe import Markup

from ingest.registry import FURNACE_ROLES, PLANT_ROLES
from plumeline.console import parts, readings, words
from plumeline.console.html import h, link
from plumeline.console.minutes import OF_NOZZLES, REFUELLED, Key, readings_of
from plumeline.console.shell import Context
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.figures import DAY_MS, Figure
from processors.station_steps import STATES

DAYS = 14
"""Days shown, the last that are over."""
REFUELLINGS_MAX = 500
"""Refuellings of a day listed."""
RATIO_DIGITS = 4
"""Decimals of an air-to-liquid ratio: its band has one or two."""
SHARE_DIGITS = 1
"""Decimals of a share in a cell; its evidence has the rest."""
_SHORT = ("not refuelled", "no data")
"""Reasons that a cell has room for."""


def section(context: Context, source: str) -> Markup:
    """Return the states of a petrol station's last days, each with its evidence; nothing for a source that is none."""
    roles = [(factor, point.role) for (of, factor), point in context.names.points.items() if of == source and point.role]
    roles = [(factor, role) for factor, role in roles if role.partition("/")[0] not in FURNACE_ROLES | PLANT_ROLES]
    if not roles:
        return Markup()
    end_ms = words.day_start(context.now_ms)
    days = range(end_ms - DAYS * DAY_MS, end_ms, DAY_MS)
    found: dict[tuple[str, str], dict[int, Figure]] = {}
    for stat in (*STATES, "nozzle_share"):
        for f in context.console.store.figures(source, "day", days.start, days.stop, stat=stat):
            found.setdefault((f.factor, stat), {})[f.start_ms] = f
    rows = []
    for stat in STATES:
        for name, factor in sorted((role.partition("/")[2], factor) for factor, role in roles):
            if (factor, stat) in found:
                of_day, shares = found[factor, stat], found.get((factor, "nozzle_share"), {}) if stat == "nozzle" else {}
                cells = [_cell(of_day.get(day), shares.get(day)) for day in days]
                rows.append(h("tr", h("td", h("b", _subject(context, source, factor, name, stat))), cells))
    if not rows:
        return parts.section(t("nozzles"), parts.quiet(t("nozzles.none")))
    table = parts.table(["", *(words.short_day(day) for day in days)], rows, cls="days")
    return parts.section(t("nozzles"), table, h("p", t("nozzles.note"), cls="quiet"))


def refuellings(context: Context, key: Key) -> Markup:
    """Return what each refuelling of a nozzle's day recovered, with its frame; nothing for a figure that is not of refuellings."""
    if key.level != "day" or key.stat not in OF_NOZZLES:
        return Markup()
    filled: dict[int, dict[str, readings.Reading]] = {}
    for r in readings_of(context, key):
        if r.kind == "realtime":
            filled.setdefault(r.time_ms, {})[context.names.role(key.source, r.factor)[0]] = r
    of_fuel = [of_role for of_role in filled.values() if "fuel" in of_role]
    rows = [_refuelling(context, key.source, of_role) for of_role in of_fuel[:REFUELLINGS_MAX]]
    heads = [t("reading.time"), t("nozzles.fuel"), t("nozzles.vapour"), t("nozzles.ratio"), t("frame.received"), ""]
    body = parts.table(heads, rows) if rows else parts.quiet(t("nozzles.refuellings.none"))
    return parts.section(t("nozzles.refuellings"), body, parts.rest(len(of_fuel), len(rows)))


def _subject(context: Context, source: str, factor: str, name: str, stat: str) -> str:
    """Return what a row is of: "nozzle 3", "back-pressure, nozzle 3", "zero pressure, Tank pressure"."""
    what = t("nozzles.nozzle", name=name) if stat in OF_NOZZLES and name else context.names.factor(source, factor)
    return what if stat == "nozzle" else words.listed([words.stat_words(stat), what])


def _cell(f: Figure | None, share: Figure | None) -> Markup:
    if f is None:
        return h("td")
    if not f.ok or f.number is None:
        reason = f.reason or ""
        told = said(reason) if reason in _SHORT else t("verdict.not_judged")
        return h("td", link(words.evidence_url(f.id), h("small", told), title=said(reason) or None))
    colour, state = parts.STATION_COLOURS[int(f.number)], words.value_of(f)
    note = said(str(f.explain.get("note") or "")) or None
    told = "" if share is None or share.number is None else f"{round(share.number, SHARE_DIGITS).normalize():f}{words.NBSP}%"
    return h("td", link(words.evidence_url(f.id), parts.chip(colour, told), h("small", state), title=note))


def _refuelling(context: Context, source: str, of_role: dict[str, readings.Reading]) -> Markup:
    fuel, points = of_role["fuel"], context.names.points
    numbers = {
        role: Decimal(str(r.value)) * points[source, r.factor].multiplier for role, r in of_role.items() if r.value is not None
    }
    fuel_l, vapour_l, ratio = (numbers.get(role) for role in REFUELLED)
    if fuel_l and vapour_l is not None:
        ratio = vapour_l / fuel_l
    return h(
        "tr",
        h("td", words.clock(fuel.time_ms, context.now_ms, seconds=True)),
        [h("td", words.number(value), cls="num") for value in (fuel_l, vapour_l)],
        h("td", "—" if ratio is None else f"{round(ratio, RATIO_DIGITS).normalize():f}", cls="num"),
        h("td", words.clock(fuel.received_ms, context.now_ms, seconds=True)),
        h("td", link(words.frame_url(fuel.frame), t("frame"), " →") if fuel.frame else t("evidence.no_frame")),
    )
