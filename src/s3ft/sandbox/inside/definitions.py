"""What a program lacks and other code defines: global names, and functions that are methods of a class."""

from __future__ import annotations

import ast
import builtins
import symtable


def lacking(other: str, source: str) -> str:
    """The definitions in `other` of global names that `source` uses and does not bind."""
    try:
        body = ast.parse(other).body
        wanted = _free(source)
        taken: list[ast.stmt] = []
        while wanted:
            more = [s for s in body if isinstance(s, _DEFINES) and s not in taken and _bound_by(s) & wanted]
            taken += more
            wanted = set().union(*(_free(ast.unparse(s)) for s in more))
        return "\n\n".join(ast.unparse(s) for s in body if s in taken)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


def _bound_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).split(".")[0] for a in statement.names}
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _free(source: str) -> set[str]:
    """Global names that a source uses and does not bind."""
    bound: set[str] = set()
    used: set[str] = set()
    left = [symtable.symtable(source, "<program>", "exec")]
    while left:
        table = left.pop()
        left += table.get_children()
        for symbol in table.get_symbols():
            is_top = table.get_type() == "module"
            if symbol.is_global() or is_top:
                (bound if symbol.is_assigned() or symbol.is_imported() else used).add(symbol.get_name())
    return used - bound - set(dir(builtins))


def with_method(source: str, name: str) -> str:
    """The source with a function for a name that is only a method: of Solution, or of the one class that has it."""
    classes = [s for s in ast.parse(source).body if isinstance(s, ast.ClassDef)]
    having = [
        c.name
        for c in classes
        if any(isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef) and s.name == name for s in c.body)
    ]
    owner = "Solution" if "Solution" in having else having[0] if len(having) == 1 else ""
    if not owner:
        return ""
    call = f"def {name}(*arguments, **keywords):\n    return {owner}().{name}(*arguments, **keywords)"
    return f"{source}\n\n\n{call}\n"
