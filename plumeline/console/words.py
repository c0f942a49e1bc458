"""Numbers, times and names as a person reads them, and the addresses of pages."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import cast
from urllib.parse import quote, urlencode

from alerts.names import in_words, own_name
from alerts.standards import own_basis
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source
from plumeline.texts import spoken, t
from plumeline.texts.wording import said
from processors.figures import DAY_MS, HOUR_MS, MONTHS_OF, OFFSET_MS, SCALE, Figure, Level, local, period_end_ms

NBSP = "\u00a0"
_WEEKDAYS_ZH = "一二三四五六日"
_UNITS = {
    "mg/m3": "mg/m³",
    "ug/m3": "µg/m³",
    "g/m3": "g/m³",
    "m3/h": "m³/h",
    "m3/s": "m³/s",
    "m3": "m³",
    "pH": "",
    "degC": "°C",
    "C": "°C",
    "tco2": "t CO₂",
    "kgce": "kgce",
    "state": "",
    "1": "",
}


def unit(text: str) -> str:
    """Return a unit as printed, "mg/m³" for "mg/m3"."""
    return _UNITS.get(text, text)


def number(value: Decimal | None, limit: Decimal | None = None) -> str:
    """Return a number with about four significant digits, more where rounding would move it onto or across its limit.

    >>> number(Decimal("35.0004"), Decimal(35)), number(Decimal("1820.4")), number(None)
    ('35.0004', '1,820', '—')
    """
    if value is None:
        return "—"
    size = abs(value)
    places = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    for digits in range(places, SCALE + 3):
        shown = round(value, digits)
        if limit is None or _side(shown, limit) == _side(value, limit):
            break
    text = f"{shown:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scaled_number(value: int | None, limit: int | None = None) -> str:
    """Return an integer at ``SCALE`` as printed."""
    as_decimal = None if value is None else Decimal(value).scaleb(-SCALE)
    return number(as_decimal, None if limit is None else Decimal(limit).scaleb(-SCALE))


def value_of(figure: Figure) -> str:
    """Return a figure's value without its unit, a state as its word, or a dash."""
    if figure.unit == "state" and figure.number is not None:
        return t(f"station.{int(figure.number)}")
    return number(figure.number, figure.limit_number)


def covered(figure: Figure) -> str:
    """Return what a figure's ``n`` counts, in words."""
    key = f"figure.n.{figure.stat}"
    return t(key if t(key) != key else f"figure.n.{figure.level}", n=figure.n)


def times_over(value: int, limit: int) -> Decimal | None:
    """Return value/limit - 1, None for a limit of zero."""
    return Decimal(value) / Decimal(limit) - 1 if limit else None


def clock(ms: int | None, now_ms: int, *, seconds: bool = False) -> str:
    """Return a local time, with its day where that is not today, and the year where that is another."""
    if ms is None:
        return "—"
    time, now = local(ms), local(now_ms)
    text = time.strftime("%H:%M:%S" if seconds else "%H:%M")
    if time.date() == now.date():
        return text
    if spoken() == "zh":
        return f"{time:%Y-%m-%d} {text}"
    day = f"{time.day} {time.strftime('%b')}" + ("" if time.year == now.year else f" {time.year}")
    return f"{day} {text}"


def day(ms: int) -> str:
    """Return a local date in full, "Wed 1 Jul 2026", in Chinese "2026-07-01 周三"."""
    time = local(ms)
    if spoken() == "zh":
        return f"{time:%Y-%m-%d} 周{_WEEKDAYS_ZH[time.weekday()]}"
    return f"{time.strftime('%a')} {time.day} {time.strftime('%b %Y')}"


def short_day(ms: int) -> str:
    """Return a local date without its year, "1 Jul", in Chinese "07-01"."""
    time = local(ms)
    return f"{time:%m-%d}" if spoken() == "zh" else f"{time.day} {time.strftime('%b')}"


def duration(ms: int) -> str:
    """Return a duration in its two greatest parts, "2 h 10 min"."""
    seconds = max(0, ms) // 1000
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if seconds < 60:
        told = [("s", seconds)]
    elif minutes < 60:
        told = [("min", minutes)]
    elif hours < 24:
        told = [("h", hours), ("min", minutes % 60)]
    else:
        told = [("d", days), ("h", hours % 24)]
    return " ".join(t(f"span.{name}", n=n).replace(" ", NBSP) for name, n in told[:1] + [part for part in told[1:] if part[1]])


def listed(items: Iterable[str]) -> str:
    """Return items one after another, "a, b", in Chinese "a、b"."""
    return ("、" if spoken() == "zh" else ", ").join(items)


def counted(n: int, what: str) -> str:
    """Return how many there are of what, "3 late", in Chinese the word first."""
    return f"{what} {n}" if spoken() == "zh" else f"{n} {what}"


def sentences(items: Iterable[str]) -> str:
    """Return sentences one after another; in Chinese no blank parts them."""
    return ("" if spoken() == "zh" else " ").join(items)


def ago(ms: int | None, now_ms: int) -> str:
    """Return the distance of a time from now in words."""
    if ms is None:
        return t("time.never")
    return t("time.ago", span=duration(now_ms - ms)) if ms <= now_ms else t("time.ahead", span=duration(ms - now_ms))


def period(start_ms: int, level: str, now_ms: int) -> str:
    """Return the period of a figure, "14:00–15:00", "1 Jul 23:00–24:00" or "Wed 1 Jul 2026"."""
    if level == "day":
        return day(start_ms)
    if level in MONTHS_OF:
        first = local(start_ms)
        if level == "quarter":
            return t("period.quarter", year=first.year, n=first.month // 3 + 1)
        return f"{first:%Y-%m}" if level == "month" else f"{first:%Y}"
    end_ms = period_end(level, start_ms)
    end = clock(end_ms, end_ms)
    return f"{clock(start_ms, now_ms)}–{'24:00' if end == '00:00' else end}"


def period_end(level: str, start_ms: int) -> int:
    """Return the end of a figure's period."""
    return period_end_ms(cast(Level, level), start_ms)


def hour_start(ms: int) -> int:
    """Return the start of the local hour."""
    return ms - ms % HOUR_MS


def day_start(ms: int) -> int:
    """Return the start of the local day."""
    return ms - (ms + OFFSET_MS) % DAY_MS


def month_start(ms: int) -> int:
    """Return the start of the local month."""
    return day_start(ms) - (local(ms).day - 1) * DAY_MS


def query(path: str, **parameters: str | int | None) -> str:
    """Return an address with its parameters encoded; None is left out."""
    pairs = {k: v for k, v in parameters.items() if v is not None}
    return path + ("?" + urlencode(pairs) if pairs else "")


def evidence_url(figure_id: str) -> str:
    """Return the address of a figure's evidence."""
    return query("evidence", figure=figure_id)


def source_url(source: str, **parameters: str | int | None) -> str:
    """Return the address of a source's page."""
    return query("source/" + quote(source, safe=""), **parameters)


def marks_url(source: str) -> str:
    """Return the address of the page of a source's marks."""
    return "marks/" + quote(source, safe="")


def why_url(source: str) -> str:
    """Return the address of the page that says why nothing is shown."""
    return "why/" + quote(source, safe="")


def frame_url(frame: str) -> str:
    """Return the address of a frame."""
    return "frame/" + quote(frame, safe="")


class Names:
    """The registry by key: who a source is, what a factor means there, on a given day (the last row that holds, else the last).

    Unknown names come back as None or as the code itself, never as an error.
    """

    def __init__(self, registry: Registry, now_ms: int) -> None:
        today = local(now_ms).date()

        def holds(row: Source | Point | Meter) -> bool:
            return (row.valid_from is None or row.valid_from <= today) and (row.valid_to is None or today < row.valid_to)

        def best(rows: Iterable[Source | Point | Meter]) -> list[Source | Point | Meter]:
            return sorted(rows, key=holds)

        self.enterprises: dict[str, Enterprise] = {row.enterprise: row for row in registry.enterprises}
        self.sources: dict[str, Source] = {r.source: r for r in best(registry.sources) if isinstance(r, Source)}
        self.points: dict[tuple[str, str], Point] = {
            (r.source, r.factor): r for r in best(registry.points) if isinstance(r, Point)
        }
        self.meters: dict[tuple[str, str], Meter] = {
            (r.source, r.factor): r for r in best(registry.meters) if isinstance(r, Meter)
        }
        self.limits: dict[str, Limit] = {row.limit_id: row for row in registry.limits}
        self.limited: list[Limit] = list(registry.limits)
        self._codes: dict[tuple[str, str], dict[str, str]] = {}  # of the sources that one page is about

    def factor(self, source: str, factor: str | None) -> str:
        """Return a factor's name, "SO₂", or its code."""
        if factor is None:
            return ""
        point, meter = self.points.get((source, factor)), self.meters.get((source, factor))
        return _own(point) or _own(meter) or factor

    def said(self, source: str, sentence: str) -> str:
        """Return what the engine says of a source in the spoken language, with its factors by their names."""
        if (source, spoken()) not in self._codes:
            codes = {factor for of, factor in (*self.points, *self.meters) if of == source}
            self._codes[source, spoken()] = {code: self.factor(source, code) for code in sorted(codes)}
        return said(in_words(sentence, self._codes[source, spoken()]))

    def stat(self, source: str, factor: str, stat: str) -> str:
        """Return what a stat is in words; at a point with a reference gas volume that stands in place of oxygen."""
        point = self.points.get((source, factor))
        by_volume = stat == "avg_ref" and point is not None and point.reference_volume_m3_t is not None
        return t("stat.avg_ref.volume") if by_volume else stat_words(stat)

    def unit(self, source: str, factor: str) -> str:
        """Return the unit of a factor as printed, nothing where nobody registered it."""
        row = self.points.get((source, factor)) or self.meters.get((source, factor))
        return unit(row.unit) if row is not None else ""

    def role(self, source: str, factor: str) -> tuple[str, str]:
        """Return what a point is to the rules of petrol stations and of what, ("fuel", "3"); two empty texts where it is nothing."""
        row = self.points.get((source, factor))
        word, _, name = (row.role if row is not None else "").partition("/")
        return word, name

    def place(self, source: str) -> str:
        """Return "Nanhai Power, DA001 stack 1", or the code of a source that nobody registered."""
        row = self.sources.get(source)
        if row is None:
            return source
        by = " " if spoken() == "zh" else ", "
        return by.join(part for part in (self.enterprise(source), f"{row.outlet} {_own(row)}".strip()) if part)

    def enterprise(self, source: str) -> str:
        """Return the enterprise's name, or its code, or nothing."""
        row = self.sources.get(source)
        if row is None:
            return ""
        known = self.enterprises.get(row.enterprise)
        return _own(known) if known else row.enterprise

    def cadence_ms(self, source: str) -> int:
        """Return the pace a source promised, thirty seconds where it is not registered."""
        row = self.sources.get(source)
        return (row.cadence_s if row else 30) * 1000

    def limit_words(self, source: str, limit_id: str | None, language: str | None = None) -> str:
        """Return standard and clause of a limit in a language (by default the spoken one), or its identity."""
        rows = [r for r in self.limited if r.limit_id == limit_id and r.source == source] or [
            r for r in self.limited if r.limit_id == limit_id
        ]
        told = (own_basis(row, language or spoken()) for row in rows)
        return next((words for words in told if words), limit_id or "")


def stat_words(stat: str) -> str:
    """Return what a stat is, in words; an unknown one as it is."""
    key = f"stat.{stat}"
    text = t(key)
    return stat if text == key else text


def _own(row: Enterprise | Source | Point | Meter | None) -> str:
    """Return a row's name in the spoken language, where it has one."""
    return own_name(row, spoken()) if row is not None else ""


def _side(value: Decimal, limit: Decimal) -> int:
    return (value > limit) - (value < limit)
