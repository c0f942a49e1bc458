"""Mutants of a module: one small change each, of the kind that a slip of the pen makes in a rule.

A mutant is named by the function it lies in, its line's text and the change in words, with its number where one line holds the
same change several times.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Change = tuple[str, Callable[[], ast.AST | None]]
"""What becomes of a node in words, and the making of it; None takes the statement out."""

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
REACHED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_PAIRS = (
    ("min", "max"),
    ("any", "all"),
    ("first", "last"),
    ("head", "tail"),
    ("floor", "ceil"),
    ("min_horizontal", "max_horizontal"),
    ("any_horizontal", "all_horizontal"),
    ("rolling_min", "rolling_max"),
    ("forward_fill", "backward_fill"),
    ("is_null", "is_not_null"),
    ("bisect_left", "bisect_right"),
)
CALLED = dict([*_PAIRS, *((b, a) for a, b in _PAIRS)])
LEFT_OUT = ("filter", "fill_null", "drop_nulls", "unique", "sort", "abs", "clip", "over")
"""Methods that give back what they are called on."""
WORDS = {
    "keep": {"first": "last", "last": "first", "any": "none"},
    "how": {"left": "inner", "inner": "left", "semi": "anti", "anti": "semi"},
    "closed": {"left": "right", "right": "left", "both": "none"},
    "strategy": {"backward": "forward", "forward": "backward"},
}
"""Arguments that are a word, and the word in its place."""
WITHOUT_EFFECT = ("maintain_order", "check_sortedness", "dtype", "return_dtype", "validate")
"""Arguments that change how fast a result comes or what type it has, or only refuse what never comes."""
OPERATORS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module: its name, and the module's whole tree with it."""

    where: str
    line: int
    text: str
    change: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Make every mutant of a module's source, in the order of the text; texts, types and docstrings are left alone."""
    tree, lines, seen = ast.parse(source), source.splitlines(), Counter[tuple[str, str, str]]()
    for where, path, node in _walk(tree, "", ()):
        for change, make in _changes(node):
            line: int = getattr(node, "lineno", 0)
            text = lines[line - 1].strip()
            seen[where, text, change] += 1
            nth = seen[where, text, change]
            yield Mutant(where, line, text, change if nth == 1 else f"{change} ({nth})", _put(tree, path, make()))


Path = tuple[tuple[str, int | None], ...]


def _walk(node: ast.AST, where: str, path: Path) -> Iterator[tuple[str, Path, ast.AST]]:
    """Give each node that may change, with the name of its function and the way to it."""
    yield where, path, node
    for name, value in ast.iter_fields(node):
        if _left_alone(node, name):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            inside = where
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = f"{where}.{child.name}".lstrip(".")
            yield from _walk(child, inside, (*path, (name, index)))


def _left_alone(node: ast.AST, field: str) -> bool:
    """Tell types, decorators, what an error says and arguments without effect from what is computed."""
    if isinstance(node, ast.keyword) and node.arg in WITHOUT_EFFECT:
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip" and field == "keywords":
        return True
    return field in ("annotation", "returns", "decorator_list") or isinstance(node, ast.Raise)


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                if type(op) in COMPARED:
                    yield _other(node, COMPARED[type(op)], i, type(op))
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in REACHED:
            yield _other(node, REACHED[type(op)], None, type(op))
        case ast.BoolOp(op=ast.And()):
            yield "and becomes or", lambda: _with(node, op=ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or becomes and", lambda: _with(node, op=ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield f"`{ast.unparse(node)}` loses its sign", lambda: operand
        case ast.Constant(value=bool() as value):
            yield f"{value} becomes {not value}", lambda: ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield f"{value} becomes {value + 1}", lambda: ast.Constant(value + 1)
            yield f"{value} becomes {value - 1}", lambda: ast.Constant(value - 1)
        case ast.Constant(value=str() as text) if (more := _more(text)) is not None:
            yield f'"{text}" becomes "{more}"', lambda: ast.Constant(more)
        case ast.Call():
            yield from _calls(node)
        case ast.keyword(arg=str() as name, value=ast.Constant(value=str() as word)) if word in WORDS.get(name, {}):
            other = WORDS[name][word]
            yield f"{name}={word} becomes {other}", lambda: _with(node, value=ast.Constant(other))
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if isinstance(
            test, ast.Name | ast.Attribute | ast.Call
        ):
            yield f"if `{ast.unparse(test)}` becomes if not", lambda: _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Raise():
            yield "raises nothing", ast.Pass


def _calls(node: ast.Call) -> Iterator[Change]:
    func = node.func
    match func:
        case ast.Name(id=name) if name in CALLED:
            yield f"{name} becomes {CALLED[name]}", lambda: _with(node, func=ast.Name(CALLED[name], ast.Load()))
        case ast.Attribute(attr=name) if name in CALLED:
            yield f"{name} becomes {CALLED[name]}", lambda: _with(node, func=_with(func, attr=CALLED[name]))
        case ast.Attribute(attr=name, value=value) if name in LEFT_OUT:
            yield f"{name} left out", lambda: value
        case ast.Attribute(attr="when") if len(node.args) == 1 and isinstance(
            node.args[0], ast.Name | ast.Attribute | ast.Call
        ):
            yield "when becomes when not", lambda: _with(node, args=[ast.UnaryOp(ast.Invert(), node.args[0])])


def _other(node: ast.AST, new: type[ast.AST], index: int | None, old: type[ast.AST]) -> Change:
    def make() -> ast.AST:
        if index is None:
            return _with(node, op=new())
        ops = list(node.ops)  # type: ignore[attr-defined]
        ops[index] = new()
        return _with(node, ops=ops)

    return f"{OPERATORS[old]} becomes {OPERATORS[new]}", make  # type: ignore[index]


def _more(text: str) -> str | None:
    """Return a number written as text with its last digit one greater; None where the text is no number."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return str(number + Decimal((0, (1,), number.as_tuple().exponent)))  # type: ignore[arg-type]


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _put(tree: ast.Module, path: Path, made: ast.AST | None) -> ast.Module:
    """Return the tree with one node replaced; only the nodes on the way to it are copied."""
    nodes: list[ast.AST] = [tree]
    for name, index in path:
        value = getattr(nodes[-1], name)
        nodes.append(value if index is None else value[index])
    new = made
    for node, (name, index) in zip(reversed(nodes[:-1]), reversed(path), strict=True):
        value = new
        if index is not None:
            value = list(getattr(node, name))
            value[index] = new
        new = _with(node, **{name: value})
    assert isinstance(new, ast.Module)
    return ast.fix_missing_locations(new)
