"""Put a mutant in the place of a module that others have imported already, and take it out again."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

Undo = Callable[[], None]


def caches() -> list[Any]:
    """Return the caches of our own functions, which would remember what another mutant answered."""
    ours = ("processors", "plumeline", "ingest", "tests", "alerts")
    return [
        each
        for each in gc.get_objects()
        if type(each).__name__ == "_lru_cache_wrapper" and str(each.__module__).split(".")[0] in ours
    ]


def watched(module: ModuleType, seen: set[str]) -> Undo:
    """Let each function of a module, or method of a class there, put its name into a set whenever it runs.

    Functions inside functions go by the name of the outer one, as in ``processors.rules.spells:spells``.

    Returns:
        What undoes it.
    """
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    for name, function in outer_functions(tree):
        function.body.insert(0, ast.parse(f"__seen__.add({f'{module.__name__}:{name}'!r})").body[0])
    undo = install(module, tree, values=False)
    vars(module)["__seen__"] = seen
    return undo


def outer_functions(tree: ast.Module | ast.ClassDef, where: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Give the functions of a module and its classes by name, and none inside another."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from outer_functions(node, f"{where}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield where + node.name, node


def install(module: ModuleType, tree: ast.Module, *, values: bool) -> Undo:
    """Give a module's functions the code of a changed tree, in place, so that whoever holds one runs the change.

    Args:
        module: as it was imported.
        tree: the changed module.
        values: the change lies outside functions: defaults and module-level values are taken over too, everywhere they were imported.

    Returns:
        What undoes it.
    """
    fresh: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(tree, str(module.__file__), "exec"), fresh)
    undo: list[Undo] = []
    for old, new in _functions(vars(module), fresh, module.__name__):
        if old.__code__ != new.__code__:
            undo.append(_swap(old, "__code__", new.__code__))
        if values:
            undo.append(_swap(old, "__defaults__", new.__defaults__))
            undo.append(_swap(old, "__kwdefaults__", new.__kwdefaults__))
    if values:
        undo += _values(module, fresh)

    def back() -> None:
        for each in reversed(undo):
            each()

    return back


def _functions(
    old: dict[str, Any] | Any, new: dict[str, Any] | Any, module: str
) -> Iterator[tuple[FunctionType, FunctionType]]:
    """Pair the functions of two namespaces by name, those of classes and under decorators too."""
    for name, value in list(old.items()):
        other = new.get(name)
        if getattr(value, "__module__", None) != module and not isinstance(value, property | classmethod | staticmethod):
            continue
        if isinstance(value, type) and isinstance(other, type):
            yield from _functions(vars(value), vars(other), module)
            continue
        yield from zip(_bare(value), _bare(other), strict=False)


def _bare(value: Any) -> Iterator[FunctionType]:
    if isinstance(value, property):
        yield from (each for each in (value.fget, value.fset) if isinstance(each, FunctionType))
        return
    while not isinstance(value, FunctionType) and hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        yield value
        if hasattr(value, "__wrapped__"):
            yield from _bare(value.__wrapped__)


def _values(module: ModuleType, fresh: dict[str, Any]) -> list[Undo]:
    undo: list[Undo] = []
    holders = [each for each in list(sys.modules.values()) if isinstance(each, ModuleType)]
    for name, old in list(vars(module).items()):
        if name.startswith("__") or name not in fresh or isinstance(old, FunctionType | type | ModuleType):
            continue
        if hasattr(old, "__wrapped__"):
            continue
        undo += [_swap(holder, name, fresh[name]) for holder in holders if vars(holder).get(name, undo) is old]
    return undo


def _swap(holder: Any, name: str, value: Any) -> Undo:
    old = getattr(holder, name)
    setattr(holder, name, value)
    return lambda: setattr(holder, name, old)
