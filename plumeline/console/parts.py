"""Pieces that several pages share: words with a shape, sparklines, lists that say what they leave out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from plumeline.console import words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context
from plumeline.texts import t
from processors.figures import HOUR_MS, Figure, SourceState

SHAPES = {
    "red": "▲",
    "orange": "◆",
    "yellow": "●",
    "blue": "■",
    "purple": "◇",
    "grey": "–",
}
"""The second sign of each colour, for print, projectors and colour-blind eyes."""
STATE_COLOURS = {
    "on time": "grey",
    "late": "yellow",
    "silent": "orange",
    "stopped": "grey",
    "never seen": "blue",
    "blind": "orange",
    "unregistered": "blue",
}
"""One meaning per colour: attention, an order of the middle level, a person's decision."""
STATION_COLOURS = ("grey", "yellow", "orange")
"""Colour of a petrol station's state: normal, warning, alarm."""
STATE_ORDER = ("blind", "silent", "late", "never seen", "unregistered", "stopped", "on time")
"""Worst first."""
STRANGERS_MAX = 200
"""Sources that the registry does not know and that are listed."""
_VERDICTS = {"exceeds": "verdict.broken", "complies": "verdict.complies", "not judged": "verdict.not_judged"}
_CELL = re.compile(r"<td\b")
LAG_MS_MAX = 60_000
"""A pipeline further behind is the likely cause of sources that look late."""


def chip(colour: str, text: str) -> Markup:
    """Return a word with its colour and shape."""
    return h("span", h("i", SHAPES[colour], aria_hidden="true"), text, cls=f"chip {colour}")


def state_chip(state: str) -> Markup:
    """Return a source's state as a word with its shape."""
    return chip(STATE_COLOURS.get(state, "grey"), t(f"source.{state}"))


def verdict_chip(figure: Figure) -> Markup:
    """Return what was judged of a figure, or why nothing was; of a petrol station's state its colour."""
    if figure.unit == "state" and figure.number is not None:
        return chip(STATION_COLOURS[int(figure.number)], words.value_of(figure))
    if figure.verdict == "exceeds":
        below = figure.value is not None and figure.limit is not None and figure.value < figure.limit
        return chip("red", t("verdict.falls_short" if below else "verdict.exceeds"))
    if figure.verdict == "exempt":
        return chip("grey", t("verdict.exempt"))
    if figure.verdict == "not judged" or (not figure.ok and figure.limit is not None):
        return chip("blue", t("verdict.not_judged"))
    if not figure.ok:
        return chip("grey", t("verdict.no_value"))
    return chip("grey", t("verdict.complies") if figure.verdict == "complies" else t("verdict.none"))


def verdicts(figure: Figure) -> list[Child]:
    """Return what was judged of a figure by its own limit and, in words, by each of its others."""
    return [verdict_chip(figure), *(h("span", f" · {told}", cls="quiet") for told in others(figure))]


def others(figure: Figure) -> list[str]:
    """Return what was judged of a figure by each limit beside its own: "50: complies"."""
    return [
        t(
            "verdict.other",
            limit=words.scaled_number(int(other["limit"])),
            verdict=t(_VERDICTS.get(other["verdict"], "unknown")),
        )
        for other in figure.explain.get("others") or []
    ]


def state_word(figure: Figure) -> Markup:
    """Return "provisional", "final" or, outlined in purple, "revised"."""
    colour = "purple" if figure.state == "revised" or figure.revision > 1 else "grey"
    return chip(colour, t(f"figure.{figure.state}"))


def rest(total: int, shown: int, href: str | None = None) -> Markup | None:
    """Return how many rows are not shown, or nothing; ``total`` may be a lower bound."""
    if total <= shown:
        return None
    text = t("list.rest", n=total - shown)
    return h("p", link(href, text) if href else text, cls="rest")


def table(heads: Sequence[str], rows: Sequence[Markup], *, cls: str = "", caption: str | None = None) -> Markup:
    """Return a table in a frame; on a narrow screen each row is a card, each cell a line with its column's name."""
    top = h("thead", h("tr", [h("th", head, scope="col") for head in heads]))
    body = h("tbody", [_labelled(row, heads) for row in rows])
    return h("div", h("table", h("caption", caption) if caption else None, top, body), cls=f"wide {cls}".strip(), tabindex="0")


def _labelled(row: Markup, heads: Sequence[str]) -> Markup:
    """Give each cell its column's name, which a narrow screen shows beside it; text cannot hold a bare "<td"."""
    names = iter(heads)
    return Markup(_CELL.sub(lambda _: f'<td data-label="{escape(next(names, ""))}"', str(row)))


def section(title: str, *children: Child, aside: Child = None, key: str | None = None) -> Markup:
    """Return a section with its heading."""
    head = h("div", h("h2", title), h("div", aside, cls="aside") if aside is not None else None, cls="head")
    return h("section", head, *children, data_key=key)


def quiet(text: str, *more: Child) -> Markup:
    """Return the designed state of an empty list: what that means, and where to look next."""
    return h("p", text, " ", *more, cls="quiet")


def age(ms: int | None, now_ms: int, cadence_ms: int) -> Markup:
    """Return an age that turns blue (with a sign) when older than two cadences and ten seconds."""
    text = words.ago(ms, now_ms)
    old = ms is None or now_ms - ms > 2 * cadence_ms + 10_000
    return h("span", "■ " if old else None, text, cls="age old" if old else "age")


def spark(figures: Sequence[Figure], start_ms: int, end_ms: int, width_px: int = 240, height_px: int = 56) -> Markup:
    """Return a sparkline of hourly figures against their limit as SVG: steps, red above the limit, gaps as gaps.

    Args:
        figures: of one factor and stat, by start; those without a value leave a gap.
        start_ms, end_ms: the span of the drawing.
        width_px, height_px: its size.
    """
    known = [f for f in figures if f.number is not None and f.ok and start_ms <= f.start_ms < end_ms]
    if not known:
        return h("span", t("spark.none"), cls="quiet")
    limits = [f.limit_number for f in known if f.limit_number is not None]
    top = max([f.number for f in known if f.number is not None] + limits) or 1
    scale_x, pad = width_px / (end_ms - start_ms), 3

    def y(value: object) -> float:
        return round(height_px - pad - float(value) / float(top) * (height_px - 2 * pad), 1)  # type: ignore[arg-type]

    have = {f.start_ms for f in known}
    shapes: list[Markup] = []
    for start in range(words.hour_start(start_ms), words.hour_start(end_ms), HOUR_MS):
        if start not in have:
            shapes.append(
                h("rect", x=_px((start - start_ms) * scale_x), y=0, width=_px(HOUR_MS * scale_x), height=height_px, cls="gap")
            )
    for f in known:
        x = (f.start_ms - start_ms) * scale_x
        over = f.verdict == "exceeds"
        shapes.append(
            h(
                "rect",
                x=_px(x + 0.5),
                y=str(y(f.number)),
                width=_px(max(1.0, HOUR_MS * scale_x - 1)),
                height=_px(height_px - y(f.number)),
                cls="over" if over else "bar",
            )
        )
    if limits:
        at = str(y(limits[-1]))
        shapes.append(h("line", x1=0, x2=width_px, y1=at, y2=at, cls="limit"))
    label = t("spark.label", n=len(known))
    return h(
        "svg",
        shapes,
        viewBox=f"0 0 {width_px} {height_px}",
        width=width_px,
        height=height_px,
        role="img",
        aria_label=label,
        cls="spark",
    )


def all_states(context: Context) -> list[SourceState]:
    """Return every source heard of or registered, worst first; one that is not in the registry has state "unregistered"."""
    heard = {state.source: state for state in context.console.store.sources()}
    found = [
        state
        if state.source in context.names.sources
        else SourceState(state.source, "unregistered", state.since_ms, state.last_ms, state.received_ms, state.skew_ms)
        for state in heard.values()
        if not state.source.startswith("enterprise:")
    ]
    found += [SourceState(s, "never seen", None, None, None, None) for s in context.names.sources if s not in heard]
    found += _strangers(context, heard)
    return sorted(found, key=lambda s: (_rank(s.state), s.since_ms if s.since_ms is not None else -1, s.source))


def _strangers(context: Context, heard: Mapping[str, SourceState]) -> list[SourceState]:
    """Return the sources that the registry does not know and that were told of, with what they sent last where that is kept."""
    store, known = context.console.store, context.names.sources
    first = {e.source: e.time_ms for e in store.events(kind="source.unregistered", limit=STRANGERS_MAX)}
    found = []
    for source, since_ms in first.items():
        if source in heard or source in known:
            continue
        last_ms = max([since_ms, *(frame.received_ms for frame in store.frames(source, 1))])
        found.append(SourceState(source, "unregistered", since_ms, last_ms, last_ms, None))
    return found


def likely_cause(state: SourceState, states: Sequence[SourceState], lag_ms: int | None) -> str:
    """Return which of device, gateway or Plumeline is the likely cause that a source is not on time, as a text's key.

    Blind means the gateway's own ticks are missing. Plumeline itself far behind explains late sources. If no registered source
    reports, what they share is at fault; else the device or its line.
    """
    if state.state in ("stopped", "never seen", "unregistered", "blind"):
        return f"cause.{state.state}"
    if lag_ms is not None and lag_ms > LAG_MS_MAX:
        return "cause.plumeline"
    expected = [s for s in states if s.state not in ("stopped", "never seen", "unregistered")]
    if len(expected) > 1 and all(s.state in ("late", "silent", "blind") for s in expected):
        return "cause.gateway"
    return "cause.device"


def health_of(context: Context) -> dict[str, object]:
    """Return what the process knows of itself, empty where even that fails."""
    try:
        return dict(context.console.health())
    except Exception:
        return {}


def delivery_counts(context: Context) -> dict[str, int] | None:
    """Return deliveries by state, None where the outbox does not answer."""
    try:
        return dict(context.console.outbox.counts())
    except Exception:
        return None


def chips(base: str, name: str, chosen: str, options: Sequence[tuple[str, str]], **kept: str | int | None) -> Markup:
    """Return links that choose one value of a parameter; the others of the address are kept."""
    return h(
        "div",
        [
            link(words.query(base, **{**kept, name: value or None}), text, aria_current="true" if value == chosen else None)
            for value, text in options
        ],
        cls="choice",
    )


def _rank(state: str) -> int:
    return STATE_ORDER.index(state) if state in STATE_ORDER else len(STATE_ORDER)


def _px(value: float) -> str:
    return f"{value:.1f}"
