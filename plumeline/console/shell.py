"""The page around every page: heading, banner, sections that are altered in place, and what to show when the store is away."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from markupsafe import Markup
from nicegui import run, ui
from nicegui.element import Element

from ingest.registry import Registry
from plumeline.console import charts, words
from plumeline.console.html import Child, h, link
from plumeline.console.ports import Console
from plumeline.texts import NAMES, speaking, spoken, t
from processors.store import StoreAway

KEPT_MAX = 64
"""Pages whose last picture is kept for the time when the store is away."""
FIRST_WAIT_S = 0.8
"""How long a page waits for its figures before it is sent with its loading state."""
SLOW_S = 5.0
"""A question to the store that takes longer is told to the reader."""
TABS = (
    ("now", ""),
    ("sources", "sources"),
    ("findings", "findings"),
    ("alerts", "alerts"),
    ("quarantine", "quarantine"),
    ("why", "why"),
    ("pipeline", "pipeline"),
)
"""Pages of the heading: key and address."""

log = logging.getLogger("plumeline.console")


class Live(Element, component="live.js"):
    """A section of server-made HTML whose changes are patched in, so that scroll, focus and opened details stay."""

    def __init__(self, html: Markup) -> None:
        super().__init__()
        self._props["html"] = str(html)

    def show(self, html: Markup) -> None:
        """Show other HTML, where it differs."""
        if self._props["html"] != str(html):
            self._props["html"] = str(html)
            self.update()


@dataclass(frozen=True)
class Context:
    """What a page is made from: ports, the time, the registry by name, and the address's parameters."""

    console: Console
    now_ms: int
    names: words.Names
    query: Mapping[str, str]


@dataclass(frozen=True)
class View:
    """A page's sections by name: HTML, or options of a chart for names that begin with "chart".

    ``away`` says that it was made although the store does not answer.
    """

    html: Mapping[str, Markup]
    charts: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)
    away: bool = False


Load = Callable[[Context], View]


class Shell:
    """What the pages of one console share: the registry by name, since when the store is away, the last pictures."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.away_since_ms: int | None = None
        self.kept: OrderedDict[tuple[str, str], tuple[int, View]] = OrderedDict()
        self._names: tuple[Registry, int, words.Names] | None = None
        here = files("plumeline.console")
        style, script = (here.joinpath(name).read_text() for name in ("style.css", "charts.js"))
        base = console.mount_path.rstrip("/")
        self.head = f'<base href="{base}/"><style>{style}</style><script>{script}</script>'

    def context(self, query: Mapping[str, str]) -> Context:
        """Return what a page is made from, as of now."""
        now_ms = self.console.now_ms()
        registry, today = self.console.registry(), words.day_start(now_ms)
        known = self._names
        if known is None or known[0] is not registry or known[1] != today:
            known = self._names = (registry, today, words.Names(registry, now_ms))
        return Context(self.console, now_ms, known[2], query)

    def load(self, address: str, load: Load, query: Mapping[str, str], language: str = "en") -> tuple[int, View]:
        """Make a page's sections (in a thread), keeping the picture; raise StoreAway where the store does not answer."""
        context = self.context(query)
        try:
            with speaking(language):
                view = load(context)
        except StoreAway:
            if self.away_since_ms is None:
                self.away_since_ms = context.now_ms
            raise
        if not view.away:
            self.away_since_ms = None
        elif self.away_since_ms is None:
            self.away_since_ms = context.now_ms
        self.kept[language, address] = (context.now_ms, view)
        self.kept.move_to_end((language, address))
        while len(self.kept) > KEPT_MAX:
            self.kept.popitem(last=False)
        return context.now_ms, view


async def show_page(
    shell: Shell,
    *,
    tab: str,
    title: str,
    address: str,
    load: Load,
    slots: tuple[str, ...],
    query: Mapping[str, str],
    here: str,
) -> None:
    """Build one page in the present NiceGUI client, in the language spoken here, and keep it fresh.

    Args:
        shell: shared by all pages.
        tab: key of the heading's entry that is marked as present.
        title: of the browser's window; may come from a device.
        address: path and query, under which the last picture is kept.
        load: makes the sections; runs in a thread, at most once at a time for this page.
        slots: names of the sections in the order of the page.
        query: the address's parameters.
        here: the page's own address below the console's, to which a switch of the language returns.
    """
    ui.page_title(f"{title} · Plumeline")
    ui.add_head_html(shell.head)
    page = _Page(shell, tab, address, load, slots, query, here)
    first = asyncio.create_task(page.refresh())
    await asyncio.wait({first}, timeout=FIRST_WAIT_S)
    ui.timer(shell.console.refresh_s, page.refresh, immediate=False)


def show_missing(shell: Shell) -> None:
    """Build the page of an address that leads nowhere."""
    ui.page_title(f"{t('missing')} · Plumeline")
    ui.add_head_html(shell.head)
    Live(heading(shell, "")).classes("pl-top")
    body = h("section", h("h1", t("missing")), h("p", t("missing.what")), h("p", link("./", t("tab.now"), " →")), cls="state")
    with ui.element("div").classes("pl-main"):
        Live(body)


def heading(shell: Shell, tab: str, here: str = "") -> Markup:
    """Return the heading with the links to all pages, ``tab`` marked as present, and the switch of the language of page ``here``."""
    now_ms = shell.console.now_ms()
    tabs: list[Child] = [link(href or "./", t(f"tab.{key}"), aria_current="page" if key == tab else None) for key, href in TABS]
    clock = words.clock(now_ms, now_ms, seconds=True)
    return h(
        "header",
        link("./", h("span", cls="bob"), t("name"), cls="mark"),
        h("nav", tabs, aria_label=t("nav")),
        h("div", _languages(here), cls="languages", role="group", aria_label=t("language")),
        h("div", h("span", words.day(now_ms)), h("b", clock), h("span", shell.console.zone), cls="clock"),
    )


def _languages(here: str) -> list[Markup]:
    """Return a link to this page in each other language, named in itself."""
    return [
        link(words.query(f"language/{key}", to=here or None), name, lang=tag, hreflang=tag, rel="nofollow")
        for key, (name, tag) in NAMES.items()
        if key != spoken()
    ]


class _Page:
    """One open page: its elements, and whether a question to the store is under way."""

    def __init__(
        self, shell: Shell, tab: str, address: str, load: Load, slots: tuple[str, ...], query: Mapping[str, str], here: str
    ) -> None:
        self.shell, self.tab, self.address, self.query, self.load = shell, tab, address, query, load
        self.language, self.here = spoken(), here
        self.asked: float | None = None
        self.shown_ms: int | None = None
        self.top = Live(heading(self.shell, self.tab, here)).classes("pl-top")
        self.banner = Live(Markup())
        self.parts: dict[str, Live | ui.echart] = {}
        with ui.element("div").classes("pl-main"):
            for slot in slots:
                if slot.startswith("chart"):
                    self.parts[slot] = ui.echart({}, on_point_click=_open_evidence).classes(f"pl-{slot}")
                    self.parts[slot].set_visibility(False)
                else:
                    first = slot == slots[0]
                    self.parts[slot] = Live(h("p", t("state.loading"), cls="state") if first else Markup())

    async def refresh(self) -> None:
        """Ask once, unless the last question is not answered yet; show what came, or why nothing came."""
        with speaking(self.language):
            await self._refresh()

    async def _refresh(self) -> None:
        self.top.show(heading(self.shell, self.tab, self.here))
        if self.asked is not None:
            if time.monotonic() - self.asked > SLOW_S:
                self.banner.show(
                    self._banner("slow", t("banner.slow", span=words.duration(int(time.monotonic() - self.asked) * 1000)))
                )
            return
        self.asked = time.monotonic()
        try:
            answer = await run.io_bound(self.shell.load, self.address, self.load, self.query, self.language)
            if answer is not None:
                self.shown_ms, view = answer
                self._show(view)
                self.banner.show(self._away_banner() if view.away else Markup())
        except StoreAway:
            self._away()
        except Exception:
            log.exception("a page could not be made", extra={"address": self.address})
            if self.shown_ms is None:
                self._body(h("section", h("p", t("state.fault")), h("p", t("state.fault.next")), cls="state broken"))
            self.banner.show(self._banner("broken", t("banner.fault")))
        finally:
            self.asked = None

    def _show(self, view: View) -> None:
        for slot, part in self.parts.items():
            if isinstance(part, Live):
                part.show(view.html.get(slot, Markup()))
                continue
            options = view.charts.get(slot)
            part.set_visibility(options is not None)
            if options is not None and part.options != options:
                if charts.HEIGHT in options:
                    part.style(f"height:{options[charts.HEIGHT]}px")
                part.options.clear()
                part.options.update(options)
                part.update()

    def _away(self) -> None:
        if self.shown_ms is None and (kept := self.shell.kept.get((self.language, self.address))) is not None:
            self.shown_ms = kept[0]
            self._show(kept[1])
        if self.shown_ms is None:
            checks = [h("li", t(f"state.away.check.{n}")) for n in (1, 2, 3)]
            what = h("p", t("state.away.goes_on"))
            self._body(h("section", h("h2", t("state.away")), what, h("ol", checks), cls="state broken"))
        self.banner.show(self._away_banner())

    def _away_banner(self) -> Markup:
        now_ms, since = self.shell.console.now_ms(), self.shell.away_since_ms
        told = t("banner.away", since=words.clock(since, now_ms, seconds=True), ago=words.ago(since, now_ms))
        if self.shown_ms is None:
            return self._banner("broken", words.sentences([told, t("banner.nothing")]))
        shown = t("banner.from", time=words.clock(self.shown_ms, now_ms, seconds=True))
        return self._banner("broken", words.sentences([told, shown]))

    def _body(self, html: Markup) -> None:
        for part, slot in zip(self.parts.values(), self.parts, strict=True):
            if isinstance(part, Live):
                part.show(html if slot == next(iter(self.parts)) else Markup())
            else:
                part.set_visibility(False)

    def _banner(self, kind: str, text: str) -> Markup:
        action = link("pipeline", t("banner.look"), cls="more") if self.tab != "pipeline" else None
        return h("div", h("b", "▲ " if kind == "broken" else "◷ "), text, " ", action, cls=f"banner {kind}", role="status")


def _open_evidence(event: Any) -> None:
    data = event.data
    if isinstance(data, dict) and isinstance(data.get("href"), str):
        ui.run_javascript(f"location.href = new URL({json.dumps(data['href'])}, document.baseURI).href")
