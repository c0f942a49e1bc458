"""Boards are whole: what is committed is what the builder makes, nothing overlaps, every name that is used is declared."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from dashboards.files import BUILDERS, FOLDER, SECRET, files, write
from dashboards.grafana import DATASOURCE, WIDTH
from dashboards.texts import CATALOGUE, LANGUAGES
from plumeline.console.evidence import key_of
from processors.figures import EVENT_KINDS
from tests.dashboards.reading import VARIABLE, boards

BOARDS = boards()
EACH = pytest.mark.parametrize("name", sorted(BOARDS))
BUILT_IN = re.compile(r"^__(data|field|value|url_time_range|all_variables)$")
UNITS = {
    "none", "string", "percent", "percentunit", "ms", "s", "conmgm3", "congm3", "celsius", "masst", "dateTimeAsIso", "dateTimeFromNow",
}  # fmt: skip
"""Identities of Grafana's units that the boards use; "suffix: x" is a unit of one's own."""


def test_committed_files_are_what_the_builder_makes(tmp_path: Any) -> None:
    """``make boards`` changes nothing, and leaves no file that nobody makes any more."""
    made = files()
    held = {p.relative_to(FOLDER).as_posix(): p.read_text(encoding="utf-8") for p in FOLDER.rglob("*") if p.is_file()}
    assert sorted(held) == sorted(made)
    assert [name for name in made if held[name] != made[name]] == []
    assert {p.relative_to(tmp_path).as_posix() for p in write(tmp_path)} == set(made)


def test_the_console_may_be_elsewhere() -> None:
    """The console's address is one constant of each board."""
    elsewhere = files("https://console.example")
    for name, text in elsewhere.items():
        assert "127.0.0.1:8080" not in text
        if name.startswith("boards/"):
            assert text.count("https://console.example") == 3  # query, text and value of the constant


def test_identities_are_fixed_and_unique() -> None:
    """A board's uid says which it is and in which language; links lead to boards that exist."""
    uids = {board["uid"]: name for name, board in BOARDS.items()}
    assert len(uids) == len(BOARDS) == len(BUILDERS) * len(LANGUAGES)
    assert uids["plumeline-province"] == "en/province"
    assert uids["plumeline-outlet-zh"] == "zh/outlet"
    for name, board in BOARDS.items():
        for target in re.findall(r"/d/([\w-]+)", json.dumps(board)):
            assert uids[target].startswith(name[:3]), (name, target)


@EACH
def test_panels_have_their_place(name: str) -> None:
    """Identities are unique, nothing overlaps or sticks out."""
    panels = BOARDS[name]["panels"]
    assert max(Counter(p["id"] for p in panels).values()) == 1
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert cells and all(0 <= x < WIDTH and y >= 0 for x, y in cells), panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


@EACH
def test_panels_say_where_their_numbers_come_from(name: str) -> None:
    """The first line is the board's question; each other panel has data source, refIds, a title and a unit that Grafana knows."""
    first, *rest = BOARDS[name]["panels"]
    assert first["type"] == "text" and first["options"]["content"].rstrip("*").endswith(("?", "？", "。", ".", "？"))
    for panel in rest:
        assert panel["title"] and panel["datasource"] == DATASOURCE
        refs = [t["refId"] for t in panel["targets"]]
        assert refs and len(refs) == len(set(refs))
        assert all(t["datasource"] == DATASOURCE for t in panel["targets"])
        for unit in units(panel):
            assert unit in UNITS or unit.startswith("suffix: "), (panel["title"], unit)
        for override in panel["fieldConfig"]["overrides"]:
            if override["matcher"]["id"] == "byFrameRefID":
                assert override["matcher"]["options"] in refs, panel["title"]


def units(panel: Mapping[str, Any]) -> Iterator[str]:
    yield panel["fieldConfig"]["defaults"]["unit"]
    for override in panel["fieldConfig"]["overrides"]:
        yield from (p["value"] for p in override["properties"] if p["id"] == "unit")


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


@EACH
def test_variables_are_declared_before_they_are_used(name: str) -> None:
    """Each variable is declared, once, and a variable's query knows only those before it."""
    known: list[str] = []
    for variable in BOARDS[name]["templating"]["list"]:
        if variable["type"] == "query":
            assert {m[1] for m in VARIABLE.finditer(variable["query"])} <= set(known), variable["name"]
        known.append(variable["name"])
    assert len(known) == len(set(known))
    used = {m[1] for text in strings(BOARDS[name]) for m in VARIABLE.finditer(text)}
    assert {v for v in used if not BUILT_IN.match(v)} <= set(known)
    assert known[0] == "console"


@EACH
def test_links_go_down_with_what_they_need(name: str) -> None:
    """A link to a board sets only variables that the board has, from columns that the table has."""
    variables = {b["uid"]: {v["name"] for v in b["templating"]["list"]} for b in BOARDS.values()}
    for panel in BOARDS[name]["panels"]:
        columns = {
            o["matcher"]["options"] for o in panel.get("fieldConfig", {}).get("overrides", ()) if o["matcher"]["id"] == "byName"
        }
        for text in strings(panel):
            if text.startswith("/d/"):
                uid = text.removeprefix("/d/").split("?")[0]
                assert set(re.findall(r"var-(\w+)=", text)) <= variables[uid], text
                assert set(re.findall(r"__data\.fields\.(\w+)", text)) <= columns, text
                assert text.endswith("${__url_time_range}")


@pytest.mark.parametrize("start", ["2026-07-01T00:00:00.000000000Z", "2026-06-30T16:00:00.000Z"])
def test_the_console_reads_what_links_say(start: str) -> None:
    """A figure's identity as Flux and as Grafana write its time is one that the evidence page takes."""
    key = key_of(f"S1/a21026/avg_ref/hour/{start}")
    assert key is not None and (key.source, key.factor, key.stat, key.level) == ("S1", "a21026", "avg_ref", "hour")


def test_texts_are_whole() -> None:
    """Each text stands in every language, and each is used by some board; kinds of events all have words."""
    assert {key: len(texts) for key, texts in CATALOGUE.items() if len(texts) != len(LANGUAGES)} == {}
    assert {f"event.{kind}" for kind in EVENT_KINDS} <= set(CATALOGUE)
    shown = {name: "\n".join(strings(board)) for name, board in BOARDS.items()}
    for n, language in enumerate(LANGUAGES):
        whole = "\n".join(text for name, text in shown.items() if name.startswith(language)) + "\n".join(files().values())
        assert [key for key, texts in CATALOGUE.items() if texts[n] not in whole] == []


def test_chinese_boards_are_chinese() -> None:
    """No panel of the Chinese set has a title without a Chinese character, but for signs."""
    for name, board in BOARDS.items():
        if name.startswith("zh/"):
            titles = [board["title"], *(p["title"] for p in board["panels"][1:])]
            assert [t for t in titles if not re.search(r"[\u4e00-\u9fff]", t)] == []


def test_provisioning_is_yaml_without_secrets() -> None:
    """The data source is Flux with the token from a file; each language has a provider with its folder."""
    made = files()
    (source,) = yaml.safe_load(made["provisioning/datasources/plumeline.yaml"])["datasources"]
    assert source["uid"] == DATASOURCE["uid"] and source["jsonData"]["version"] == "Flux"
    assert source["secureJsonData"] == {"token": f"$__file{{{SECRET}}}"}
    providers = yaml.safe_load(made["provisioning/dashboards/plumeline.yaml"])["providers"]
    assert [p["folder"] for p in providers] == ["Plumeline", "Plumeline 中文"]
    assert len({p["options"]["path"] for p in providers}) == len({p["folderUid"] for p in providers}) == len(LANGUAGES)
