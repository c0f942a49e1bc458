"""What a person finds with a browser: the exceeding stack, its evidence and its webhook, on any width."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from fastapi import FastAPI

from ingest.registry import Registry
from plumeline.console import Console, mount
from tests.conftest import require
from tests.plumeline.fake_store import FACTORY, HOUR, NOW_MS, SCRIPT, STACK, VOC, FakeOutbox, FakeStore, registry, registry_zh

WAIT_MS = 15_000
FIGURE = quote(f"{STACK}/a21026/avg_ref/hour/2026-07-01T14:00:00+08:00", safe="")
PAGES = (
    "/",
    "/sources",
    f"/source/{STACK}",
    f"/evidence?figure={FIGURE}",
    "/findings",
    f"/findings/{STACK}",
    "/alerts",
    "/quarantine",
    "/why",
    f"/why/{VOC}",
    "/pipeline",
    "/limits",
    "/weather",
    f"/marks/{STACK}",
    f"/source/{FACTORY}",
)


class County:
    """The console over a fake county whose state the tests set."""

    def __init__(self) -> None:
        self.store, self.outbox, self.base = FakeStore(), FakeOutbox(), ""
        self.known = registry()

    def set(self, mode: str) -> None:
        self.store.mode, self.outbox.empty = mode, mode == "empty"
        self.outbox.actions.clear()
        self.known = Registry() if mode == "empty" else registry()


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    made = County()
    app = FastAPI()
    deps = Console(made.store, lambda: made.known, lambda: NOW_MS, made.outbox, lambda: {"lag_ms": 420}, refresh_s=1.0)
    mount(app, deps)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started and time.monotonic() < end:
        time.sleep(0.05)
    made.base = f"http://127.0.0.1:{port}"
    yield made
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium")
    require("browser", path is not None, "no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        opened = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--no-proxy-server"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, county: County) -> Iterator[Any]:
    """A page that fails its test on console errors and on requests to any other host."""
    county.set("busy")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(WAIT_MS)
    faults: list[str] = []
    opened.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: faults.append(str(e)))
    opened.on("request", lambda r: faults.append(r.url) if not r.url.startswith((county.base, "data:", "blob:")) else None)
    yield opened
    context.close()
    assert faults == []


def test_stack_and_evidence_in_three_clicks(page: Any, county: County) -> None:
    """Start page, the worst episode's row: its evidence, with formula, readings and frames, one click further."""
    page.goto(county.base + "/")
    page.locator(".episode").first.locator(".cover").click()
    page.wait_for_url("**/evidence?figure=*")
    page.get_by_text("Formula with numbers").wait_for()
    assert "SO₂" in page.locator("h1").inner_text()
    assert "Nanhai Power" in page.locator(".pl-main").inner_text()
    page.locator("summary.minute").nth(40).click()
    page.locator("details[open] a", has_text="Frame").first.wait_for()


def test_webhook_in_three_clicks(page: Any, county: County) -> None:
    """Start page, the alert's row: each attempt of its delivery with the answer."""
    page.goto(county.base + "/")
    page.locator(".brief .cover").first.click()
    page.wait_for_url("**/alerts?alert=*")
    told = page.locator("details[open] .told").first
    told.wait_for()
    assert "https://duty.example" in told.inner_text()
    assert "204" in told.inner_text() and "timed out" in told.inner_text()


def test_an_alert_is_acknowledged_on_its_page(page: Any, county: County) -> None:
    """Name, words, one click: the page says who acknowledged it; what is typed survives the refresh meanwhile."""
    page.goto(county.base + "/alerts?alert=ac01")
    form = page.locator("details[open] form.act")
    form.locator("[name=who]").fill("Li Wei")
    form.locator("[name=words]").fill("absorber is being looked at")
    page.wait_for_timeout(1500)
    form.get_by_role("button", name="Acknowledge").click()
    page.locator("details[open] .history", has_text="absorber is being looked at").wait_for()
    assert "acknowledged by Li Wei" in page.locator("details[open] > summary").inner_text()
    assert form.get_by_role("button", name="Acknowledge").count() == 0
    assert [(a.kind, a.who) for a in county.outbox.actions] == [("acknowledge", "Li Wei")]


def test_a_bar_opens_its_evidence(page: Any, county: County) -> None:
    """A click on an hour's bar leads to the figure behind it."""
    page.goto(county.base + f"/source/{STACK}")
    page.locator(".pl-charthours canvas").wait_for()
    page.wait_for_timeout(1000)
    box = page.locator(".pl-charthours canvas").bounding_box()
    start, end = HOUR - 47 * 3_600_000, HOUR + 3_600_000
    share = (HOUR - 1_800_000 - start) / (end - start)  # the middle of the last decided hour
    page.mouse.click(box["x"] + 62 + share * (box["width"] - 78), box["y"] + 34 + 200)
    page.wait_for_url("**/evidence?figure=*14%3A00*")


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_window(page: Any, county: County, width: int) -> None:
    """Nothing is cut off, on a desk or on a phone; and no page makes an error or asks another host."""
    page.set_viewport_size({"width": width, "height": 844})
    for path in PAGES:
        page.goto(county.base + path)
        page.locator(".pl-main h1, .totals").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert width < 1280 or page.locator("header").bounding_box()["height"] < 70, "the pages stand in one line"


def test_a_script_from_a_device_is_text(page: Any, county: County) -> None:
    """A source and a frame that hold a script run nothing on any page."""
    for path in (
        "/",
        "/sources",
        "/quarantine",
        "/source/" + quote(SCRIPT, safe=""),
        "/why/" + quote(SCRIPT, safe=""),
        f"/why/{VOC}",
    ):
        page.goto(county.base + path)
        page.locator(".pl-main h1, .totals").first.wait_for()
        page.wait_for_timeout(200)
        assert page.evaluate("window.hit") is None


def test_the_store_away_and_back(page: Any, county: County) -> None:
    """An open page keeps its picture under a banner that says since when, and mends itself."""
    page.goto(county.base + "/")
    page.locator(".episode").first.wait_for()
    county.set("away")
    page.get_by_text("Store away since").wait_for()
    assert page.locator(".episode").count() == 2
    page.goto(county.base + f"/why/{STACK}?never=seen")
    page.get_by_role("heading", name="The store does not answer").wait_for()
    county.set("busy")
    page.get_by_text("Connection").first.wait_for()
    assert page.locator(".banner").count() == 0


def test_updates_keep_what_the_reader_opened(page: Any, county: County) -> None:
    """A refresh alters what changed and leaves focus, scroll and opened details alone."""
    page.goto(county.base + f"/evidence?figure={FIGURE}")
    page.locator("summary.minute").nth(30).click()
    page.evaluate("document.querySelectorAll('summary.minute')[30].marked = true")
    before, asked = page.evaluate("window.scrollY"), county.store.asked
    page.wait_for_timeout(2500)
    assert county.store.asked > asked
    assert page.evaluate("document.querySelectorAll('summary.minute')[30].marked") is True
    assert page.locator("details[open] > summary.minute").count() == 1
    assert page.evaluate("window.scrollY") == before


def test_empty_and_slow(page: Any, county: County) -> None:
    """Nothing yet says what to do; a slow store shows the loading state, then the page."""
    county.set("empty")
    page.goto(county.base + "/?empty=1")
    page.get_by_text("Nothing to watch yet").wait_for()
    county.set("slow")
    page.goto(county.base + "/quarantine?slow=1")
    page.get_by_text("Loading").wait_for()
    page.locator(".alert").first.wait_for()


ENGLISH = re.compile(
    r"[A-Za-z]{2,}(?: [a-z]{2,})+|\b(?:the|of|and|is|was|not|no|none|hour|limit|alert|source|valid|since|ago)\b"
)
"""Two words in a row, or one that every sentence has."""
VERBATIM = (
    SCRIPT,
    "source/factor/stat/level/start",
    "S1/a21026/avg/hour",
    "busy",
    "disk I/O error",
    "timed out",
    "GET / HTTP/1.1",
    "monthly zero and span",
    "Li Wei",
)
"""Identities, and what devices, receivers and people said, which is shown as it is."""
CHINESE_PAGES = (
    *PAGES,
    f"/source/{STACK}?hours=168",
    "/source/nobody",
    f"/evidence?figure={quote(f'{STACK}/a21026/avg_ref/hour/2026-06-30T19:00:00+08:00', safe='')}",
    f"/evidence?figure={quote(f'{STACK}/a21026/avg_ref/hour/2026-07-01T07:00:00+08:00', safe='')}",
    f"/evidence?figure={quote(f'{STACK}/a21026/avg_ref/day/2026-06-30T00:00:00+08:00', safe='')}",
    "/evidence?figure=nonsense",
    "/alerts?alert=ac01",
    "/alerts?alert=ac02",
    "/alerts?state=dead&said=gone",
    "/quarantine?source=nobody",
    "/frame/nobody",
    f"/why/{STACK}",
)


def read_in_chinese(page: Any) -> str:
    """Return all that a page says: its text, titles, labels, placeholders and its charts' names and hints."""
    page.locator(".pl-main h1, .pl-main h2, .totals").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    seen: str = page.evaluate(
        """() => {
        const said = [document.title, document.body.innerText];
        for (const e of document.querySelectorAll('[aria-label],[placeholder],[title],[alt]'))
          said.push(...['aria-label', 'placeholder', 'title', 'alt'].map((a) => e.getAttribute(a) || ''));
        for (const e of document.querySelectorAll('pre, code, .excerpt')) said[1] = said[1].replaceAll(e.innerText, '');
        const inside = (o) => { for (const [k, v] of Object.entries(o || {}))
          if (['tip', 'name', 'formatter'].includes(k) && typeof v === 'string') said.push(v); else if (v && typeof v === 'object') inside(v); };
        for (const e of document.querySelectorAll('.nicegui-echart')) inside(getElement(e.id.slice(1)).options);
        return said.join('\\n'); }"""
    )
    for said in VERBATIM:
        seen = seen.replace(said, "")
    return seen


def test_every_page_in_chinese(page: Any, county: County) -> None:
    """The switch turns the page where it stands, the choice holds on every page, and no English sentence is left."""
    county.known = registry_zh()
    page.goto(county.base + f"/source/{STACK}?hours=24")
    page.locator(".languages a", has_text="中文").click()
    page.wait_for_url(f"**/source/{STACK}?hours=24")
    page.get_by_text("南海电厂 DA001 1号烟囱").first.wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    left = {}
    for path in CHINESE_PAGES:
        page.goto(county.base + path)
        seen = read_in_chinese(page)
        assert "平台状态" in seen, path
        if english := sorted({m.group() for m in ENGLISH.finditer(seen)}):
            left[path] = english
    for mode, path in (
        ("empty", "/"),
        ("empty", "/sources"),
        ("empty", "/why"),
        ("away", "/pipeline"),
        ("away", "/?never=seen"),
    ):
        county.set(mode)
        page.goto(county.base + path)
        seen = read_in_chinese(page)
        if english := sorted({m.group() for m in ENGLISH.finditer(seen)}):
            left[mode + path] = english
    assert left == {}
    assert "页面不存在" in page.request.get(county.base + "/nowhere").text()
    county.set("busy")
    page.locator(".languages a", has_text="English").click()
    page.get_by_text("Above limit").first.wait_for()
    page.goto(county.base + "/sources?lang=zh")
    page.get_by_role("heading", name="监测点").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_chinese_fits(page: Any, county: County, width: int) -> None:
    """No page is wider than its window in Chinese either."""
    county.known = registry_zh()
    page.set_viewport_size({"width": width, "height": 844})
    for path in CHINESE_PAGES:
        page.goto(county.base + path + ("&" if "?" in path else "?") + "lang=zh")
        page.locator(".pl-main h1, .pl-main h2, .totals").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_browsers_language_is_the_default(browser: Any, county: County) -> None:
    """A browser set to Chinese gets Chinese unasked."""
    county.set("busy")
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(county.base + "/")
    page.get_by_role("link", name="监测点", exact=True).wait_for()
    context.close()
