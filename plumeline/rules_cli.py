"""``plumeline rules``: rule packs listed, their cases run, and what a changed pack would change on stored data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Column, Table

from ingest.files import NotReadable
from ingest.registry import Registry, RulePack
from plumeline.rules_diff import Difference, differences
from plumeline.store_commands import opened
from plumeline.terminal import FAULT, Json, out
from processors.cases import CaseFault, Outcome, parse_cases, run_case
from processors.packs import Pack, PackFault, packs_of, parse_pack, shipped

app = typer.Typer(help="Rule packs: what holds for which sources.", no_args_is_help=True)
SHOWN_MAX = 40
"""Differences printed; ``--json`` gives all."""


@app.command("list")
def listed(
    folder: Annotated[Path | None, typer.Argument(help="Folder of packs of your own (a registry's rules/).")] = None,
    as_json: Json = False,
) -> None:
    """Show the rule packs: each rule's number, standard, clause and confidence."""
    try:
        packs = packs_of(own_packs(folder)) if folder is not None else dict(shipped())
    except PackFault as fault:
        raise NotReadable(str(fault)) from None
    if as_json:
        typer.echo(json.dumps([_plain(pack) for pack in packs.values()], ensure_ascii=False))
        return
    for pack in packs.values():
        table = Table("rule", "says", "standard", "confidence", title=f"{pack.id}: {pack.title}", title_justify="left")
        for rule in pack.rules:
            unsure = "" if rule.confidence.startswith("seen") else "unconfirmed: "
            table.add_row(rule.id, pack.said(rule), f"{rule.standard}, {rule.clause}", unsure + rule.confidence)
        out.print(table)
        out.print(f"for sources of kind {', '.join(pack.kinds)}" if pack.kinds else "for sources that name it", style="dim")


@app.command("test")
def tested(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files of cases, or folders of packs and cases; none runs the shipped ones.")
    ] = None,
    only: Annotated[str, typer.Option(help='Run those whose file and name contain this: "cn-water", "EX-3.1".')] = "",
    as_json: Json = False,
) -> None:
    """Run the cases of rule packs: readings in, figures and exceedances out."""
    outcomes: list[tuple[str, Outcome]] = []
    try:
        cases = [(name, case, packs) for name, text, packs in _case_files(paths or []) for case in parse_cases(text, name)]
        cases = [row for row in cases if only in f"{row[0]} {row[1].name}"]
        if only and not cases:
            raise NotReadable(
                f"no case of {only!r}: leave --only out and all are run, with their files' names where one is not met"
            )
        with Progress(transient=True, disable=as_json) as progress:
            for name, case, packs in progress.track(cases, description="running cases"):
                outcomes.append((name, run_case(case, packs)))
    except (CaseFault, PackFault) as fault:
        raise NotReadable(str(fault)) from None
    failed = [(name, o) for name, o in outcomes if o.failed]
    if as_json:
        typer.echo(json.dumps([{"file": name, **asdict(o)} for name, o in outcomes], ensure_ascii=False))
    else:
        for name, outcome in failed:
            out.print(f"[bold]{name}: {outcome.case}[/bold] {outcome.title}", highlight=False)
            for told in outcome.failed:
                out.print(f"  {told}", highlight=False, markup=False)
        met = sum(o.expectations for _n, o in outcomes) - sum(len(o.failed) for _n, o in failed)
        out.print(f"{len(outcomes)} cases, {met} expectations met, {sum(len(o.failed) for _n, o in failed)} not")
    if failed:
        raise typer.Exit(FAULT)


@app.command("diff")
def changed(
    pack: Annotated[Path, typer.Argument(help="The changed rule pack, a TOML file.")],
    data: Annotated[Path, typer.Option("--data", help="Folder of the SQLite files.", envvar="PLUMELINE_DATA")] = Path(
        "data/demo"
    ),
    as_json: Json = False,
) -> None:
    """Say which stored figures and verdicts a changed pack would change, before it does; nothing is written."""
    (own,) = [_read(pack)]
    store, registry = opened(data)
    with Progress(transient=True, disable=as_json) as progress:
        bar = progress.add_task("rebuilding", total=None)

        def done(count: int, total: int) -> None:
            progress.update(bar, completed=count, total=total)

        found = differences(store, registry, own, done)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False))
        return
    _show(found, registry, own)


def _show(found: list[Difference], registry: Registry, own: RulePack) -> None:
    table = Table("source", "factor", "stat", Column("start", no_wrap=True), "now", "would be", "verdict")
    for each in found[:SHOWN_MAX]:
        verdict = each.verdict if each.verdict == each.verdict_then else f"{each.verdict or '–'} → {each.verdict_then or '–'}"
        table.add_row(
            each.source,
            each.factor,
            f"{each.stat} {each.level}",
            each.start[5:16].replace("T", " "),
            each.value or each.reason or "–",
            each.value_then or each.reason_then or "–",
            verdict or "–",
        )
    if found:
        out.print(table)
    if len(found) > SHOWN_MAX:
        out.print(f"and {len(found) - SHOWN_MAX:,} more; --json gives all", style="dim")
    judged = [each for each in found if each.verdict != each.verdict_then]
    sources = len({each.source for each in found})
    out.print(
        f"{own.id}: {len(found):,} figures of {sources} sources would differ, {len(judged):,} verdicts among them; nothing was changed.",
        soft_wrap=True,
    )
    if not any(source.rules == own.id or (not source.rules and source.kind in own.kinds) for source in registry.sources):
        out.print(
            "No source follows this pack: name it in column rules of sources.csv, or give it kinds.",
            style="dim",
            soft_wrap=True,
        )
    elif found:
        out.print(
            "To put it in force: lay the file into the registry's folder rules/, and start again with that folder.", style="dim"
        )


def _case_files(paths: list[Path]) -> Iterator[tuple[str, str, list[RulePack]]]:
    """Give the name and text of each file of cases, and the packs that lie beside it."""
    if not paths:
        folder = files("processors.rules") / "packs"
        for each in sorted(folder.iterdir(), key=lambda f: f.name):
            if each.name.endswith(".cases"):
                yield each.name, _text(each), []
    for path in paths:
        if not path.exists():
            raise NotReadable(f"{path}: there is no such file or folder")
        own = own_packs(path if path.is_dir() else path.parent)
        found = sorted(path.glob("*.cases")) if path.is_dir() else [path]
        if not found:
            raise NotReadable(f"{path}: no file of cases in it; write one beside your pack, named like it, ending in .cases")
        for each_path in found:
            yield str(each_path), _text(each_path), own


def _text(path: Path | Traversable) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise NotReadable(f"{path}: not UTF-8 text; save it as UTF-8") from None


def own_packs(folder: Path) -> list[RulePack]:
    """Return the rule packs that lie in a folder.

    Raises:
        NotReadable: one cannot be read.
    """
    return [_read(path) for path in sorted(folder.glob("*.toml"))]


def _read(path: Path) -> RulePack:
    try:
        text = path.read_text(encoding="utf-8")
        pack = parse_pack(text, str(path))
    except OSError as error:
        raise NotReadable(f"{path}: {error.strerror}") from None
    except (PackFault, UnicodeDecodeError) as fault:
        raise NotReadable(str(fault)) from None
    return RulePack(id=pack.id, kinds=pack.kinds, file=str(path), text=text)


def _plain(pack: Pack) -> dict[str, Any]:
    rules = [{**rule.model_dump(mode="json"), "says": pack.said(rule), "says_zh": pack.said(rule, "zh")} for rule in pack.rules]
    return {"id": pack.id, "title": pack.title, "title_zh": pack.title_zh, "kinds": list(pack.kinds), "rules": rules}
