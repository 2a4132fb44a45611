"""Mutants of a Python file: copies with one changed operator, constant, condition or call."""

import ast
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
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
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
LARGEST_COUNT = 3  # a whole number up to this one increases by one, other numbers are doubled
UNCHANGED_FIELDS = {"annotation", "returns", "decorator_list"}
MAX_CHARACTERS = 60


@dataclass(frozen=True)
class Mutant:
    """One change of a file: where, what, and the text of the changed file."""

    line: int
    change: str
    text: str


def list_mutants(text: str) -> list[Mutant]:
    """Return all mutants of a file, from its first line to its last.

    Annotations, decorators, log lines and errors that are raised stay as they are.

    >>> [each.change for each in list_mutants("def f(n): return n < 7 and not g(n)")]
    ['n < 7 and (not g(n)) → n < 7 or not g(n)', 'n < 7 → n <= 7', '7 → 7 * 2', 'not g(n) → g(n)']
    """
    tree = ast.parse(text)
    found = []
    for holder, field, node in list_places(tree):
        for variant in list_variants(node):
            set_node(holder, field, variant)
            change = f"{write_short(node)} → {write_short(variant)}"
            found.append(Mutant(node.lineno, change, ast.unparse(ast.fix_missing_locations(tree))))
        set_node(holder, field, node)
    return found


def list_places(node: ast.AST) -> Iterator[tuple[Any, Any, Any]]:
    """Yield all nodes below a node that may change, each with its holder and field there."""
    for name, value in ast.iter_fields(node):
        if name in UNCHANGED_FIELDS:
            continue
        holder, items = (
            (value, enumerate(value)) if isinstance(value, list) else (node, [(name, value)])
        )
        for field, child in list(items):
            if isinstance(child, ast.AST) and not is_unchanged(child):
                yield holder, field, child
                if not is_number(child):
                    yield from list_places(child)


def set_node(holder: Any, field: Any, node: ast.AST) -> None:
    if isinstance(holder, list):
        holder[field] = node
    else:
        setattr(holder, field, node)


def is_unchanged(node: ast.AST) -> bool:
    """Whether a node is an error that is raised, a formatted text, or a line of the log."""
    match node:
        case ast.Raise() | ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
    return False


def list_variants(node: Any) -> Iterator[ast.AST]:
    """Yield the changed forms of a node."""
    match node:
        case ast.Constant(value=bool()):
            yield change(node, value=not node.value)
        case ast.expr() if is_number(node):
            yield increase(node)
        case ast.Compare():
            for i, operator in enumerate(node.ops):
                yield change(
                    node, ops=[*node.ops[:i], COMPARISONS[type(operator)](), *node.ops[i + 1 :]]
                )
        case ast.BoolOp():
            yield change(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield change(node, op=OPERATORS[type(node.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            yield change(node, func=ast.Name(NAMES[name]))
        case ast.Expr(value=ast.Call()) | ast.Break() | ast.Continue():
            yield ast.copy_location(ast.Pass(), node)
        case ast.If() | ast.IfExp() if isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
            yield change(node, test=ast.UnaryOp(ast.Not(), node.test))


def is_number(node: ast.AST) -> bool:
    """Whether an expression consists of numbers only, as ``2**20`` does."""
    match node:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
    return False


def increase(number: Any) -> ast.expr:
    """Increase a small whole number by one; double another number."""
    is_count = isinstance(number, ast.Constant | ast.UnaryOp) and (
        ast.literal_eval(number) in range(-LARGEST_COUNT, LARGEST_COUNT + 1)
    )
    operator, other = (ast.Add(), 1) if is_count else (ast.Mult(), 2)
    return ast.BinOp(number, operator, ast.Constant(other))


def change(node: Any, **fields: Any) -> Any:
    """Return a copy of a node with other fields."""
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def write_short(node: ast.AST) -> str:
    """The first line of a node's text."""
    text = ast.unparse(ast.fix_missing_locations(node)).partition("\n")[0]
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
