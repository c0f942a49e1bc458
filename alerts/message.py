"""An alert in plain words: a first line that does on a locked phone, then how far, how sure, what to look at, links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from alerts.alert import Alert
from alerts.message_expected import expected
from alerts.message_stages import deadline_lines, gap_line, stage_lines, stage_words
from alerts.names import factor_name, factor_names, in_words, limit_row, place, point_row
from alerts.silences import COUNTY, STORM_WITHIN_MS
from alerts.silences import KIND as COUNTY_SILENT
from alerts.standards import basis_words, own_basis
from alerts.texts import known, ordinal, text
from alerts.wording import worded
from ingest.registry import Registry
from processors.figures import local, local_iso

LINES_MAX = 30
"""Body lines of a message, a full digest included."""
ALSO_MAX = 5
"""Other limits that a message names."""
TEXT_CHARS_MAX = 600
"""Characters of a sentence taken from an event's facts."""

GROUPS = {
    "so2": frozenset({"a21026", "02"}),
    "nox": frozenset({"a21002", "03"}),
    "pm": frozenset({"a34013", "01"}),
    "voc": frozenset({"a24088"}),
    "vapour": frozenset({"i41031"}),
}
"""Factor codes (HJ 212 editions 2017 and 2005, HJ 524, a city's protocol for petrol stations) by what removes them, which decides what to look at first."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads; ``links`` maps a link's name to its address, ``facts`` are the alert's."""

    title: str
    body: tuple[str, ...]
    facts: dict[str, Any]
    links: dict[str, str]


def render(alert: Alert, registry: Registry, base: str, language: str = "en") -> Message:
    """Return an alert in words; facts that are missing are told as unknown, never as an error.

    ``base`` is the console's address without a path; ``language`` falls back to English text by text.
    """
    view = View(alert, registry, language)
    if alert.kind in ("exceedance.expected", "exceedance.expected_ended"):
        lines = expected(view, _look_first(view))
    elif alert.kind.startswith("exceedance."):
        lines = _exceedance(view)
    elif alert.phase == "digest":
        lines = _digest(view)
    elif alert.kind.startswith("escalation."):
        lines = stage_lines(view)
    elif alert.kind == "deadline.missed":
        lines = deadline_lines(view)
    elif alert.kind == COUNTY_SILENT:
        lines = _county(view)
    elif alert.kind.startswith("source.") and alert.kind != "source.unregistered":
        lines = _source(view)
    else:
        lines = _finding(view)
    title, *body = [line for line in lines if line]
    body = [*body[:LINES_MAX], view.text("zone", time=local(alert.time_ms).strftime("%Y-%m-%d %H:%M:%S"))]
    return Message(title, tuple(body), alert.facts, links(alert, base, language))


def links(alert: Alert, base: str, language: str = "en") -> dict[str, str]:
    """Return a message's links by their names: acknowledge, or the matter (what is open), evidence (of an hour), source, console."""
    base = base.rstrip("/")
    acknowledge = {}
    if alert.phase in ("opened", "update"):
        name = "link.matter" if alert.kind.startswith("escalation.") else "link.acknowledge"
        acknowledge = {text(name, language): f"{base}/alerts?alert={quote(alert.id, safe='')}"}
    about = f"source/{quote(alert.source, safe='')}" if not alert.source.startswith(COUNTY) else "sources?state=silent"
    found = {text("link.source", language): f"{base}/{about}"}
    start, stat = alert.facts.get("hour_start"), alert.facts.get("stat")
    if alert.factor and start and stat:
        level = "day" if _is_day(start, alert.facts.get("hour_end")) else "hour"
        figure = "/".join((alert.source, alert.factor, str(stat), level, str(start)))
        found = {text("link.evidence", language): f"{base}/evidence?figure={quote(figure, safe='')}", **found}
    if finding := alert.facts.get("finding"):
        page = f"findings/{quote(alert.source, safe='')}?finding={quote(str(finding), safe='')}"
        found = {text("link.finding", language): f"{base}/{page}", **found}
    return {**acknowledge, **found, text("link.console", language): f"{base}/alerts"}


def shown(value: object, limit: object = None) -> str:
    """Return a number for reading: one decimal finer than its limit, in full where rounding would change its side of the limit.

    Without a limit trailing zeros go. What is no number is returned as it is.

    >>> shown("46.7894", "35"), shown("35.000001", "35"), shown("10.50")
    ('46.8', '35.000001', '10.5')
    """
    try:
        number = Decimal(str(value))
        bound = None if limit is None else Decimal(str(limit))
        if not number.is_finite() or (bound is not None and not bound.is_finite()):
            return str(value)
        if bound is not None:
            places = max(0, -int(bound.normalize().as_tuple().exponent)) + 1
            rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
            if rounded.compare(bound) == number.compare(bound):
                number = rounded
        return _plain(number)
    except InvalidOperation:
        return str(value)


def times_over(value: object, language: str = "en") -> str:
    """Return times over with two decimals, or with as many as it takes not to read as none."""
    try:
        exact = Decimal(str(value))
        rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return str(value)
    if rounded:
        return str(rounded)
    return _plain(exact) if exact else text("times_over.least", language)


@dataclass(frozen=True, slots=True)
class View:
    """An alert with its registry and language at hand."""

    alert: Alert
    registry: Registry
    language: str

    @property
    def facts(self) -> dict[str, Any]:
        """The alert's facts."""
        return self.alert.facts

    @property
    def day(self) -> date:
        """The alert's local day."""
        return local(self.alert.time_ms).date()

    def text(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return text(key, self.language, **values)

    def place(self) -> str:
        """The place that the alert is about."""
        return place(self.registry, self.alert.source, self.day, self.language)

    def factor(self, factor: str | None = None) -> str:
        """The name of a factor, by default the alert's."""
        return factor_name(self.registry, self.alert.source, factor or self.alert.factor, self.day, self.language)

    def factors(self) -> dict[str, str]:
        """The names of all factors of the alert's source, by their codes."""
        return factor_names(self.registry, self.alert.source, self.day, self.language)

    def title(self, *keys: str, **values: object) -> str:
        """The first of some first lines that there is."""
        return self.text(known(*keys), place=self.place(), factor=self.factor(), **values)

    def next(self, *keys: str) -> str:
        """What to do, the first of some texts that there is."""
        return self.text("next", step=self.text(known(*keys)))

    def state(self, facts: dict[str, Any]) -> str:
        """The word for a figure's state."""
        return self.text(known(f"state.{facts.get('state')}", "unknown"))

    def measure(self, facts: dict[str, Any], factor: str | None = None) -> dict[str, str]:
        """The words of value, unit, limit, period and basis."""
        unit = facts.get("unit") or ""
        return {
            "value": shown(self.or_unknown(facts.get("value")), facts.get("limit")),
            "unit": str(unit).replace("m3", "m³"),
            "limit": shown(self.or_unknown(facts.get("limit"))),
            "period": self.period(facts.get("hour_start"), facts.get("hour_end")),
            "basis": self.basis(facts.get("stat"), factor or self.alert.factor),
        }

    def or_unknown(self, value: object) -> object:
        """A value, or the word for what is not known."""
        return self.text("unknown") if value is None else value

    def period(self, start: object, end: object) -> str:
        """An hour or a day."""
        begin, until = _time(start), _time(end)
        if begin is None:
            return self.text("period.hour", start=self.text("unknown"), end="")
        if _is_day(start, end):
            return self.text("period.day", start=begin.date().isoformat())
        last = until or begin + timedelta(hours=1)
        same = begin.date() == self.day or last.date() == self.day
        return self.text("period.hour", start=f"{begin:%H:%M}" if same else f"{begin:%Y-%m-%d %H:%M}", end=f"{last:%H:%M}")

    def basis(self, stat: object, factor: str | None) -> str:
        """By which measure: as measured, at reference oxygen or at the gas volume of a tonne of product."""
        if stat != "avg_ref":
            return self.text(known(f"basis.{stat}", "basis.avg"))
        point = point_row(self.registry, self.alert.source, factor, self.day)
        if point is not None and point.reference_volume_m3_t is not None:
            return self.text("basis.avg_ref_volume", volume=_plain(point.reference_volume_m3_t))
        if point is None or point.reference_o2_pct is None:
            return self.text("basis.avg_ref_unknown")
        return self.text("basis.avg_ref", oxygen=_plain(point.reference_o2_pct))

    def also(self, measure: dict[str, str]) -> list[str]:
        """A line for each other limit that the same value breaks."""
        others = [other for other in self.facts.get("also") or [] if isinstance(other, dict)]
        return [
            self.text(
                "exceedance.also",
                limit=shown(other.get("limit")),
                unit=measure["unit"],
                basis=_cut(self.limit_basis(str(other.get("limit_id") or ""))),
            )
            for other in others[:ALSO_MAX]
        ]

    def limit_basis(self, limit_id: str) -> str:
        """By what a limit holds: as the registry says it, else as the event does, else the limit's name."""
        row = limit_row(self.registry, self.alert.source, self.alert.factor, limit_id, self.day)
        told = own_basis(row, self.language) if row is not None else ""
        return told or basis_words(str(self.facts.get("basis") or ""), self.language) or limit_id

    def times_over(self) -> str:
        """Times over, or that they are not known."""
        return times_over(self.or_unknown(self.facts.get("times_over")), self.language)

    def span(self, seconds: int) -> str:
        """A length of time."""
        return duration(seconds, self.language)

    def said(self, sentence: object) -> str:
        """A sentence that the engine worded, within its bound."""
        return _cut(worded(" ".join(str(sentence).split()), self.language)) if sentence is not None else ""

    def clause(self, facts: dict[str, Any]) -> str:
        """The sentence of a rule of escalation.toml."""
        return _cut(facts.get("text_zh" if self.language == "zh" else "text") or self.text("unknown"))

    def cut(self, sentence: object) -> str:
        """A sentence within its bound."""
        return _cut(sentence)

    def stamp(self, value: object) -> str:
        """A time with its date."""
        time = _time(value)
        return f"{time:%Y-%m-%d %H:%M:%S}" if time else self.text("unknown")

    def moment(self, value: object) -> str:
        """A time of the alert's own day without its date, any other with it."""
        time = _time(value)
        if time is None:
            return self.text("unknown")
        clock = f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"
        return clock if time.date() == self.day else f"{time:%Y-%m-%d} {clock}"


def _exceedance(view: View) -> list[str]:
    alert, facts = view.alert, view.facts
    measure = view.measure(facts)
    hours = facts.get("hours")
    limit_text = view.limit_basis(str(facts.get("limit_id") or ""))
    day, lower = _is_day(facts.get("hour_start"), facts.get("hour_end")), facts.get("bound") == "lower"
    limit = view.text("exceedance.limit", **{**measure, "basis": _cut(limit_text)}) if limit_text else ""
    if alert.phase == "withdrawn":
        return _withdrawn(view, measure)
    if alert.phase == "resolved":
        ended = str(facts.get("closed_by"))
        base = "title.exceedance.resolved"
        worst = facts.get("worst")
        episode = {
            **measure,
            "hours": hours,
            "since": view.moment(facts.get("since")),
            "worst": view.text("exceedance.worst", worst=shown(worst, facts.get("limit")), unit=measure["unit"])
            if worst
            else "",
        }
        return [
            view.title(f"{base}.{ended}", base),
            view.text("exceedance.ended" if day else known(f"exceedance.ended.{ended}", "exceedance.ended")),
            view.text(_episode_key(hours == 1, day, lower), **episode),
            limit,
            view.next(f"next.{ended}", "next.over"),
        ]
    if isinstance(hours, int) and hours > 1:
        row = "exceedance.row_day" if day else "exceedance.row"
        run = view.text(row, ordinal=ordinal(hours, view.language), since=view.moment(facts.get("since")))
    else:
        run = view.text("exceedance.first_day" if day else "exceedance.first")
    n = facts.get("n")
    state = view.state(facts)
    base = f"title.exceedance.{alert.phase}"
    title = f"{base}.lower" if lower else f"{base}.day" if day else base
    valid = "exceedance.hours_valid" if day else "exceedance.minutes"
    return [
        view.title(title, base, hours=hours),
        view.text("exceedance.value_lower" if lower else "exceedance.value", **measure, times_over=view.times_over(), run=run),
        _so_far(view, day=day),
        view.text("exceedance.state", state=state) if n is None else view.text(valid, n=n, state=state),
        view.text("exceedance.warned", time=view.moment(facts["warned_at"])) if facts.get("warned_at") else "",
        limit,
        *view.also(measure),
        _look_first(view),
    ]


def _so_far(view: View, *, day: bool) -> str:
    """Return how many hours or days were beyond the limit up to then; nothing where these are the hours of the row that is told."""
    counts = {name: view.facts.get(f"exceeding_in_{name}") for name in ("month", "30_d", *(() if day else ("day",)))}
    if None in counts.values() or (not day and counts["30_d"] == view.facts.get("hours")):
        return ""
    values = {"month": counts["month"], "thirty": counts["30_d"], "day": counts.get("day")}
    return view.text("exceedance.so_far_days" if day else "exceedance.so_far", **values)


def _look_first(view: View) -> str:
    """Return what to look at first where a factor is above its limit, or going to be."""
    group = next((name for name, codes in GROUPS.items() if view.alert.factor in codes), "")
    return view.next(f"next.over.{group}", "next.over")


def _episode_key(one: bool, day: bool, lower: bool) -> str:
    """Return the key of the line that tells how long an episode was."""
    if day:
        return "exceedance.episode_day" if one else "exceedance.episode_days"
    return ("exceedance.episode_one" if one else "exceedance.episode") + ("_lower" if lower else "")


def _withdrawn(view: View, measure: dict[str, str]) -> list[str]:
    facts = view.facts
    told = facts.get("replaces")
    if isinstance(told, dict):
        replaces = view.text("withdrawn.replaces", time=view.stamp(told.get("time")), **view.measure(told))
    else:
        replaces = view.text("withdrawn.unknown", episode=facts.get("episode", view.text("unknown")))
    return [
        view.title("title.exceedance.withdrawn"),
        replaces,
        view.text("withdrawn.because", text=view.said(facts["revises"])) if facts.get("revises") else "",
        view.text("withdrawn.now", **measure, state=view.state(facts)) if facts.get("value") is not None else "",
        view.next("next.withdrawn"),
    ]


def _digest(view: View) -> list[str]:
    items: list[dict[str, Any]] = view.facts.get("items", [])
    more = view.facts.get("more", 0)
    lines = []
    for item in items:
        factor = item.get("factor")
        values = {"factor": view.factor(factor), "state": view.state(item), **view.measure(item, factor)}
        if item.get("kind") == "source.silent":
            line = view.text("digest.silent", since=view.moment(item.get("last") or item.get("since")))
        elif item.get("kind") == "escalation.raised":
            line = view.text("digest.raised", factor=values["factor"], why=view.clause(item), **stage_words(view, item))
        else:
            line = view.text("digest.withdrawn" if item.get("kind") == "exceedance.withdrawn" else "digest.item", **values)
        lines.append(view.text("digest.because", line=line, text=view.said(item["revises"])) if item.get("revises") else line)
    if more:
        lines.append(view.text("digest.more", more=more))
    return [view.title("title.digest", n=len(items) + more), *lines, view.next("next.digest")]


def _source(view: View) -> list[str]:
    alert, facts = view.alert, view.facts
    now = view.moment(local_iso(alert.time_ms))
    title = view.title(f"title.{alert.kind}.{alert.phase}", "title.finding")
    if alert.kind == "source.blind" and alert.phase == "opened" and facts.get("until"):
        past = view.text("blind.past", since=view.moment(facts.get("since")), until=view.moment(facts.get("until")))
        return [view.title("title.source.blind.past"), past, view.next("next.sees")]
    if alert.kind == "source.blind" and alert.phase == "opened":
        since = view.moment(facts.get("since") or local_iso(alert.time_ms))
        return [title, view.text("blind.since", since=since), view.text("blind.means"), view.next("next.blind")]
    if alert.kind == "source.blind":
        ended = view.text("blind.ended", since=view.moment(facts.get("blind_since")), until=now)
        return [title, ended, view.next("next.sees")]
    if alert.kind == "source.stopped":
        return [title, view.text("stopped.ended", since=view.moment(facts.get("silent_since"))), view.next("next.stopped")]
    if alert.kind == "source.on_time":
        ended = view.text("silent.ended", since=view.moment(facts.get("silent_since")), until=now)
        return [title, ended, gap_line(view), view.next("next.on_time")]
    last = _time(facts.get("last") or facts.get("since"))
    if last is None:
        what = view.text("silent.never")
    else:
        values = {"since": view.moment(last.isoformat()), "ago": view.span(int((local(alert.time_ms) - last).total_seconds()))}
        cadence = facts.get("cadence_s")
        if isinstance(cadence, int):
            what = view.text("silent.since", cadence=view.span(cadence), **values)
        else:
            what = view.text("silent.since_alone", **values)
    return [title, what, view.next(f"next.silent.{facts.get('cause')}", "next.silent.unknown")]


def _county(view: View) -> list[str]:
    alert, facts = view.alert, view.facts
    total, silent = facts.get("total", 0), facts.get("silent", 0)
    names = [place(view.registry, source, view.day, view.language) for source in facts.get("sources", [])]
    listed = {"sources": view.text("list.by").join(names), "more": silent - len(names)}
    title = view.title(f"title.{alert.kind}.{alert.phase}", total=total, silent=silent, back=total - silent)
    since = view.moment(facts.get("since"))
    if alert.phase == "resolved":
        ended = view.text("county.ended", since=since, until=view.moment(local_iso(alert.time_ms)))
        left = view.text("county.left", **listed, within=view.span(STORM_WITHIN_MS // 1000)) if names else ""
        return [title, ended, left, view.next("next.on_time")]
    key = "county.sources_more" if silent > len(names) else "county.sources"
    return [title, view.text("county.since", since=since), view.text(key, **listed), view.next("next.county.silent")]


def _finding(view: View) -> list[str]:
    last = view.facts.get("last_of_day")
    kind = view.alert.kind.partition(".")[0]
    told = f"finding.{kind}" if kind in ("station", "weather", "calibration", "compliance", "process") else "finding.day"
    told = "finding.range" if view.alert.kind == "reading.above_range" else told
    replaces, again = view.facts.get("replaces"), view.facts.get("first_told")
    return [
        view.title(f"title.{view.alert.kind}", "title.finding"),
        view.said(in_words(str(view.facts.get("text") or ""), view.factors())) or view.text("finding.no_text"),
        view.text("finding.replaces", time=view.stamp(replaces.get("time"))) if isinstance(replaces, dict) else "",
        view.text("finding.again", time=view.stamp(again)) if again else "",
        view.text("finding.last_of_day", n=last) if last else "" if replaces or again else view.text(told),
        view.next(
            *(["next.calibration.adjusted"] if kind == "calibration" and view.facts.get("after") == "in tolerance" else []),
            f"next.{view.alert.kind}",
            *([f"next.station.{view.facts.get('item')}"] if kind == "station" else []),
            "next.finding",
        ),
    ]


def duration(seconds: int, language: str = "en") -> str:
    """Return a length of time in at most two units: "30 s", "31 min", "2 h 5 min", "3 d 4 h"; the smaller unit cut off."""
    seconds = max(seconds, 0)
    for name, size, below, below_name in (("d", 86_400, 3_600, "h"), ("h", 3_600, 60, "min"), ("min", 60, 1, "s")):
        if seconds >= size:
            high, low = seconds // size, seconds % size // below
            told = [text(f"span.{name}", language, n=high)] + ([text(f"span.{below_name}", language, n=low)] if low else [])
            return " ".join(told)
    return text("span.s", language, n=seconds)


def _plain(number: Decimal) -> str:
    whole = f"{number:f}"
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def _cut(sentence: object) -> str:
    words = "" if sentence is None else " ".join(str(sentence).split())
    return words if len(words) <= TEXT_CHARS_MAX else words[: TEXT_CHARS_MAX - 1] + "…"


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else None


def _is_day(start: object, end: object) -> bool:
    begin, until = _time(start), _time(end)
    return begin is not None and until is not None and until - begin == timedelta(days=1)
