"""Writes docs/errors.md from the source: ``python -m tests.docs.errors_table``. A test holds the page to the source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from madang.kernel import errors

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "errors.md"
SOURCES = sorted((ROOT / "src" / "madang").rglob("*.py"))
CODE = re.compile(r"^[a-z_]+\.[a-z0-9_]+$")
HEAD = """# Errors

Every error has a stable code, an HTTP status, what happened and what to do next, in Korean and English. This page is
made from the source by `python -m tests.docs.errors_table`.

| code | status | what happened | what to do |
|---|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    rows = {row for source in SOURCES for row in rows_of(source)}
    codes: dict[str, tuple[str, str, str, str]] = {}
    for row in sorted(rows, key=lambda row: (row[0], row[1] == "", row)):
        codes.setdefault(row[0], row)
    lines = [f"| `{code}` | {status} | {what} | {then} |" for code, status, what, then in codes.values()]
    return HEAD + "\n".join(lines) + "\n"


def rows_of(source: Path) -> list[tuple[str, str, str, str]]:
    """(code, status, message, next step) of each typed error made in a file."""
    rows = []
    tree = ast.parse(source.read_text(encoding="utf-8"))
    bases = {n.name: getattr(b, "id", "") for n in ast.walk(tree) if isinstance(n, ast.ClassDef) for b in n.bases}
    own = {
        c.name: str(n.value.value)
        for c in ast.walk(tree)
        if isinstance(c, ast.ClassDef)
        for n in c.body
        if isinstance(n, ast.Assign)
        and isinstance(n.value, ast.Constant)
        and getattr(n.targets[0], "id", "") == "status"
    }
    inside = {id(n): c.name for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in ast.walk(c)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        words = {k.arg: k.value for k in node.keywords}
        first = words.get("code") or (node.args[0] if node.args else None)
        if not isinstance(first, ast.Constant) or not CODE.match(str(first.value)) or not {"ko", "en"} & set(words):
            continue
        name = getattr(node.func, "id", "") or bases.get(inside.get(id(node), ""), "")
        status = own.get(name) or getattr(getattr(errors, name, None), "status", "")
        rows.append((str(first.value), str(status), text(words.get("en")), text(words.get("next_en"))))
    return rows


def text(node: ast.expr | None) -> str:
    """The words of a constant or an f-string, with ``…`` where a value goes."""
    match node:
        case ast.Constant(value=str(words)):
            return words.replace("|", "\\|")
        case ast.JoinedStr(values=parts):
            return "".join(text(part) for part in parts)
        case ast.FormattedValue():
            return "…"
        case ast.IfExp(body=body, orelse=orelse):
            return " / ".join(filter(None, (text(body), text(orelse))))
        case ast.BinOp(left=left, right=right):
            return text(left) + text(right)
    return "" if node is None else "…"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
