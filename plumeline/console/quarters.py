"""What a source's page says of its quarter and year: rates so far, substitutes, shares within; and the days behind such a figure."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from plumeline.console import parts, words
from plumeline.console.html import Child, h, link
from plumeline.console.minutes import OF_NOZZLES, Key
from plumeline.console.shell import Context
from plumeline.texts import t
from plumeline.texts.wording import said
from plumeline.weather import hours_behind
from processors.calibration_steps import OUTSIDE_RANGE
from processors.figures import Figure, Level, period_start_ms
from processors.furnace_steps import EXCEEDING_DAYS, OUTSIDE
from processors.hours import MEANS
from processors.judging import EXCEEDS
from processors.missing_steps import ASSURED, AVAILABILITY, FILLED
from processors.programme_steps import BEYOND, DAYS_DISCARDED, DAYS_WITHIN, TEN_MINUTES, VALIDATED
from processors.programmes import WITHIN
from processors.quarter_steps import VALID_DAYS, VALID_HOURS
from processors.quarters import RATES, SUBSTITUTED
from processors.reductions import REDUCTION
from processors.station_steps import STATES
from processors.trading_steps import DEVIATION, GAS, MISSING
from processors.years import YEAR_STATS

BEHIND = {
    ("quarter", SUBSTITUTED): ("day", ("mass", SUBSTITUTED)),
    ("day", SUBSTITUTED): ("hour", ("mass", SUBSTITUTED)),
    ("day", ASSURED): ("hour", ("avg",)),
    **{("day", stat): ("hour", ("avg",)) for stat in (DEVIATION, MISSING, GAS)},
    ("year", FILLED): ("day", (DEVIATION, MISSING)),
    ("year", SUBSTITUTED): ("day", ("mass", MISSING, GAS)),
    ("day", OUTSIDE_RANGE): ("halfhour", ("avg", "avg_ref")),
    ("quarter", AVAILABILITY): ("day", (ASSURED,)),
    ("quarter", VALID_DAYS): ("day", (VALID_HOURS,)),
    ("day", VALID_HOURS): ("hour", ("avg",)),
    ("month", WITHIN): ("day", ("avg_ref", "avg")),
    **{("day", stat): ("halfhour", (VALIDATED,)) for stat in (VALIDATED, WITHIN, BEYOND, TEN_MINUTES)},
    **{("year", stat): ("day", (VALIDATED,)) for stat in (DAYS_WITHIN, DAYS_DISCARDED)},
    **{("quarter", rate): ("day", ("avg",)) for rate in RATES},
    **{("day", state): ("hour", ("avg",)) for state in STATES},
    **{("day", stat): ("hour", ()) for stat in OF_NOZZLES},
    ("day", OUTSIDE): ("hour", ("avg",)),
}
"""Level and stats of what a figure is made of, where these are not its own; a nozzle's day is made of refuellings."""
QUARTER_STATS = (*RATES, AVAILABILITY, VALID_DAYS, SUBSTITUTED)
MONTH_STATS = ("avg", "avg_ref", WITHIN, VALIDATED)


def behind(context: Context, key: Key) -> list[Figure]:
    """Return the figures that one of a day or longer is made of, in the order of time."""
    if key.stat == REDUCTION:
        return _compared(context, key)
    if key.stat == EXCEEDING_DAYS:
        return _exceeding(context, key)
    level, stats = BEHIND.get((key.level, key.stat), ("hour" if key.level == "day" else "day", (key.stat,)))
    end_ms = words.period_end(key.level, key.start_ms)
    found: list[Figure] = []
    for of in (level, "hour") if level == "halfhour" else (level,):  # hours, where the rule pack makes no half-hours
        found = found or [
            f
            for stat in stats
            for f in context.console.store.figures(key.source, of, key.start_ms, end_ms, key.factor, stat)  # type: ignore[arg-type]
        ]
    return sorted(found, key=lambda f: (f.start_ms, f.stat))


def _exceeding(context: Context, key: Key) -> list[Figure]:
    """Return the days above a daily limit behind the figure of a month, of every pollutant."""
    end_ms = words.period_end(key.level, key.start_ms)
    days = [f for stat in MEANS for f in context.console.store.figures(key.source, "day", key.start_ms, end_ms, stat=stat)]
    return sorted((f for f in days if f.verdict == EXCEEDS), key=lambda f: (f.start_ms, f.factor, f.stat))


def _compared(context: Context, key: Key) -> list[Figure]:
    """Return the hours under the warning that the figure of a reduction is about."""
    about = hours_behind(context.console.registry(), key.source, key.factor, key.start_ms)
    if about is None:
        return []
    stat, start_ms, end_ms = about
    return context.console.store.figures(key.source, "hour", start_ms, end_ms, key.factor, stat)


def section(context: Context, source: str) -> Markup:
    """Return means of this month and the last, the quarter's rates and the year's shares by factor, each with its evidence.

    Nothing where no day of them is closed yet.
    """
    month_ms = period_start_ms("month", context.now_ms)
    before_ms = period_start_ms("month", month_ms - 1)
    tables = (
        _table(context, source, "month", MONTH_STATS, month_ms),
        _by_hand(context, source, month_ms),
        _table(context, source, "month", MONTH_STATS, before_ms),
        _by_hand(context, source, before_ms),
        _table(context, source, "quarter", QUARTER_STATS, period_start_ms("quarter", context.now_ms)),
        _table(context, source, "year", (*YEAR_STATS, FILLED, SUBSTITUTED), period_start_ms("year", context.now_ms)),
    )
    return Markup().join(tables)


def _table(context: Context, source: str, level: Level, known: tuple[str, ...], start_ms: int) -> Markup:
    found = context.console.store.figures(source, level, start_ms, start_ms + 1)
    if not found:
        return Markup()
    by_factor: dict[str, dict[str, Figure]] = {}
    for f in found:
        by_factor.setdefault(f.factor, {})[f.stat] = f
    shown = [stat for stat in known if any(stat in stats for stats in by_factor.values())]
    rows = [
        h(
            "tr",
            h("td", context.names.factor(source, factor)),
            [_cell(context, stats.get(stat), thin=_thin(stats)) for stat in shown],
        )
        for factor, stats in sorted(by_factor.items())
    ]
    heads = [t("source.factor"), *(words.stat_words(stat) for stat in shown)]
    period = words.period(start_ms, level, context.now_ms)
    title = t("source.quarter", period=period) if words.period_end(level, start_ms) > context.now_ms else period
    return parts.section(title, [parts.table(heads, rows), h("p", t(f"source.{level}.note"), cls="quiet")])


def _by_hand(context: Context, source: str, month_ms: int) -> Markup:
    """Return a month's days whose concentration is of manual results, by factor, each beside the day's mean; nothing where there is none."""
    end_ms = words.period_end("month", month_ms)
    found = context.console.store.figures(source, "day", month_ms, end_ms, stat=FILLED)
    rows = [
        h(
            "tr",
            h("td", words.period(f.start_ms, "day", context.now_ms)),
            h("td", context.names.factor(source, f.factor)),
            _cell(context, f, thin=False),
            _cell(context, context.console.store.figure(source, f.factor, "avg", "day", f.start_ms), thin=False),
            h("td", said(str(f.explain.get("note") or "—"))),
        )
        for f in sorted(found, key=lambda f: (f.factor, f.start_ms))
    ]
    if not rows:
        return Markup()
    heads = [t("day"), t("source.factor"), words.stat_words(FILLED), words.stat_words("avg"), t("source.hand.from")]
    title = t("source.hand", period=words.period(month_ms, "month", context.now_ms))
    return parts.section(title, [parts.table(heads, rows), h("p", t("source.hand.note"), cls="quiet")])


def _thin(stats: Mapping[str, Figure]) -> bool:
    """Tell whether a period's mean is withheld: a share within its limit is then one of too few averages to be a success."""
    return any(f.stat in MEANS and not f.ok for f in stats.values())


def _cell(context: Context, f: Figure | None, *, thin: bool) -> Markup:
    if f is None:
        return h("td", "—", cls="num")
    told: Child = [words.value_of(f), words.NBSP, words.unit(f.unit)] if f.ok else context.names.said(f.source, f.reason or "—")
    note = context.names.said(f.source, str(f.explain.get("note") or ""))
    of = [" ", h("small", words.covered(f))] if f.stat == WITHIN and f.ok else None
    shade = " thin" if of and thin else ""
    return h("td", link(words.evidence_url(f.id), told, title=note or None), of, cls=f"num{shade}" if f.ok else "reason")
