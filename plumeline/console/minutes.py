"""The minutes of a figure with their readings and frames, converted to reference oxygen where the figure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from plumeline.console import parts, readings, words
from plumeline.console.converted import Converted, converted, point_at
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, Figure
from processors.packs import pack_of

OF_NOZZLES = ("nozzle", "nozzle_share", "nozzle_row", "back_pressure")
"""Stats of a day that are made of a nozzle's refuellings."""
REFUELLED = ("fuel", "vapour", "ratio")
"""Roles of points that say what a refuelling recovered."""


@dataclass(frozen=True)
class Key:
    """A figure's identity, taken apart."""

    source: str
    factor: str
    stat: str
    level: str
    start_ms: int


def minutes_section(context: Context, key: Key, figure: Figure) -> Markup:
    """Return the table of a figure's minutes, each opening its readings."""
    end_ms = words.period_end(key.level, key.start_ms)
    metered = (key.source, key.factor) in context.names.meters
    found = readings.by_minute(readings_of(context, key), key.start_ms, end_ms + metered)
    minutes = {m.start_ms: m for m in ([figure] if key.level == "minute" else minutes_of(context, key))}
    at_reference = at_reference_of(context, key, list(minutes.values()))
    spans = range(key.start_ms, end_ms, MINUTE_MS)
    if not found and not minutes:
        return parts.section(
            t("evidence.minutes"), parts.quiet(t("evidence.minutes.none"), link(words.why_url(key.source), t("tab.why"), " →"))
        )
    missing = Converted(None, None, None) if at_reference else None

    def turned(at: int) -> Converted | None:
        return at_reference.get(at, missing)

    rows = [
        _minute(context, key, at, minutes.get(at), turned(at), found.get(at, []), open_=key.level == "minute") for at in spans
    ]
    edge = [r for at, some in found.items() if at >= end_ms for r in some]
    if edge:
        rows.append(_minute(context, key, end_ms, None, missing, edge, open_=False))
    valid = sum(c.value is not None for c in at_reference.values()) if at_reference else sum(m.ok for m in minutes.values())
    aside = t("evidence.minutes.n", n=valid, of=len(spans)) if minutes else t("evidence.minutes.unformed")
    told = next(iter(minutes.values()), None)
    unit = f", {unit_of(context, figure)}" if at_reference else ""
    measured = t("value") if told is None or told.stat == key.stat else words.stat_words(told.stat)
    title = h(
        "div",
        h("span", t("minute")),
        h("span", measured, unit, cls="num"),
        [h("span", t("evidence.oxygen"), ", %", cls="num"), h("span", words.stat_words(key.stat), unit, cls="num")]
        if at_reference
        else None,
        h("span", t("readings")),
        h("span", t("verdict")),
        cls="minute heads",
        aria_hidden="true",
    )
    table = h("div", title, rows, cls="minutes converted" if at_reference else "minutes")
    return parts.section(t("evidence.minutes"), _sum_note(figure, at_reference), table, aside=aside)


def minutes_of(context: Context, key: Key) -> list[Figure]:
    """Return an hour's stored minutes, those as measured where none are formed for its stat."""
    for stat in dict.fromkeys((key.stat, "avg")):
        found = context.console.store.figures(key.source, "minute", key.start_ms, key.start_ms + HOUR_MS, key.factor, stat)
        if found:
            return found
    return []


def own_day_section(context: Context, key: Key) -> Markup:
    """Return what the device itself said of a day, which is compared with our figure and never becomes it; nothing where it said nothing."""
    found = readings_of(context, key) if key.stat == "avg" else []
    if not found:
        return Markup()
    return parts.section(t("evidence.own_day"), parts.quiet(t("evidence.own_day.what")), _readings(context, key, found))


def readings_of(context: Context, key: Key) -> list[readings.Reading]:
    """Return the readings that a figure rests on: of its factor, and of the oxygen or flow that its formula uses.

    A day rests on hours; its readings are the device's own of the day, with which it is compared; a nozzle's day rests on refuellings.
    """
    row = context.names.sources.get(key.source)
    if key.level == "day" and key.stat in OF_NOZZLES:
        nozzle = context.names.role(key.source, key.factor)[1]
        of_nozzle = [
            factor
            for source, factor in context.names.points
            if source == key.source and context.names.role(source, factor) in [(word, nozzle) for word in REFUELLED]
        ]
        of_day = readings.readings(context.console.store, row, key.source, key.start_ms, key.start_ms + DAY_MS, of_nozzle)
        return [r for r in of_day if r.start_ms >= key.start_ms]
    if key.level == "day":
        return readings.own_days(context.console.store, row, key.source, key.start_ms, key.factor)
    end_ms = words.period_end(key.level, key.start_ms)
    if (key.source, key.factor) in context.names.meters:
        end_ms += 1  # the register's position at the end of the period belongs to its formula
    found = readings.readings(context.console.store, row, key.source, key.start_ms, end_ms, factors_behind(context, key))
    return [r for r in found if r.kind != "day"]


def factors_behind(context: Context, key: Key) -> list[str]:
    """Return a figure's factor, and those that its formula uses: oxygen, flow or production, and what brings values to dry gas at the standard state."""
    point = context.names.points.get((key.source, key.factor))
    if point is None:
        return [key.factor]
    by_volume = point.reference_volume_m3_t is not None
    at_reference = [point.flow_factor, point.product_factor] if by_volume else [point.oxygen_factor]
    used = {"avg_ref": at_reference, "mass": [point.flow_factor]}.get(key.stat, [])
    beside = [] if key.stat == "mass" else list(point.companions.values())
    return [key.factor, *filter(None, used), *beside]


def at_reference_of(context: Context, key: Key, minutes: Sequence[Figure]) -> dict[int, Converted]:
    """Return the minutes of an hour at reference oxygen, nothing for any other figure."""
    registry, source = context.console.registry(), context.names.sources.get(key.source)
    point = point_at(registry, key.source, key.factor, key.start_ms)
    if key.stat != "avg_ref" or key.level != "hour" or point is None or source is None or any(m.stat != "avg" for m in minutes):
        return {}
    end_ms = key.start_ms + HOUR_MS
    pack = pack_of(source, registry.packs)
    if "fold_order" in pack.settings:  # the hour's means were converted, not its minutes
        return {}
    oxygen = context.console.store.figures(key.source, "minute", key.start_ms, end_ms, point.oxygen_factor, "avg")
    return converted(point, minutes, oxygen, pack)


def unit_of(context: Context, f: Figure) -> str:
    """Return a figure's unit; minutes are stored without it."""
    return words.unit(f.unit) if f.unit else context.names.unit(f.source, f.factor)


def _sum_note(figure: Figure, at_reference: dict[int, Converted]) -> Markup | None:
    """Return whether the converted minutes give the figure's sum; they do not where one changed and no rebuild came yet."""
    values = [c.value for c in at_reference.values() if c.value is not None]
    if not values or "sum" not in figure.explain:
        return None
    total = sum(values, Decimal(0))
    other = "evidence.sum.other" if figure.decided_ms else "evidence.sum.later"
    key = "evidence.sum" if total == Decimal(figure.explain["sum"]) else other
    return parts.quiet(t(key, n=len(values), sum=f"{total.normalize():f}"))


def _minute(
    context: Context,
    key: Key,
    at: int,
    minute: Figure | None,
    at_reference: Converted | None,
    found: Sequence[readings.Reading],
    *,
    open_: bool,
) -> Markup:
    if minute is not None and minute.ok:
        value: Child = [h("b", words.number(minute.number)), None if at_reference else f" {unit_of(context, minute)}"]
        word: Child = t("valid")
    elif minute is not None:
        value, word = "—", h("span", said(minute.reason) if minute.reason else t("invalid"), cls="reason")
    else:
        own = bool(found) and all(r.kind != "realtime" for r in found)
        why = "chart.no_data" if not found else "evidence.own_record" if own else "evidence.no_minute"
        value, word = "—", h("span", t(why), cls="reason")
    more: Child = None
    valid = minute is not None and minute.ok
    if at_reference is not None:
        valid = at_reference.value is not None
        more = [
            h("span", words.number(at_reference.oxygen), cls="num"),
            h("span", h("b", words.number(at_reference.value)), cls="num"),
        ]
        if at_reference.reason is not None:
            word = h("span", said(at_reference.reason), cls="reason")
    flags = sorted({r.flag for r in found if r.flag not in ("", "N")})
    late = any(r.backfill for r in found)
    summary = h(
        "summary",
        h("span", words.clock(at, key.start_ms), cls="when"),
        h("span", value, cls="num"),
        more,
        h("span", str(len(found)), h("small", " " + t("evidence.flags", flags=" ".join(flags))) if flags else None),
        h("span", word, h("small", " · " + t("backfill")) if late else None),
        cls="minute" if valid else "minute missing",
    )
    body = _readings(context, key, found) if found else parts.quiet(t("evidence.no_readings"))
    return h("details", summary, body, data_key=str(at), open=open_)


def _readings(context: Context, key: Key, found: Sequence[readings.Reading]) -> Markup:
    """Return readings as the device sent them, each leading to its frame."""
    now_ms = context.now_ms
    rows = [
        h(
            "tr",
            h("td", words.clock(r.time_ms, now_ms, seconds=True)),
            h("td", _reading_of(context, key, r)),
            h("td", "—" if r.value is None else f"{r.value:g}", cls="num"),
            h("td", r.flag),
            h("td", words.clock(r.received_ms, now_ms, seconds=True), h("small", " " + t("backfill")) if r.backfill else None),
            h("td", link(words.frame_url(r.frame), t("frame"), " →") if r.frame else t("evidence.no_frame")),
        )
        for r in found
    ]
    heads = [t("reading.time"), t("reading.factor"), t("value"), t("reading.flag"), t("frame.received"), ""]
    return parts.table(heads, rows)


def _reading_of(context: Context, key: Key, r: readings.Reading) -> str:
    """Return what a reading is: factor, the device's word for it, and the period where it is the device's own mean."""
    kind = "" if r.kind in ("realtime", "") else f" ({t(f'reading.kind.{r.kind}')})"
    return f"{context.names.factor(key.source, r.factor)} · {r.stat}{kind}"
