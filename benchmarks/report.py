"""What a benchmark gives back: figures by name, the references beside them, and tables to read."""

from __future__ import annotations

import json
import os
import platform
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Table:
    """Rows of text under a header; numbers are set right by the caller's own formatting."""

    title: str
    header: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def text(self) -> str:
        widths = [max(map(_width, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [self._line(row, widths) for row in (self.header, *self.rows)]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self.title, *lines])

    @staticmethod
    def _line(row: Sequence[str], widths: Sequence[int]) -> str:
        first, *others = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        return "  ".join([row[0] + first, *[pad + cell for pad, cell in zip(others, row[1:], strict=True)]]).rstrip()


@dataclass(slots=True)
class Report:
    """``figures`` and ``references`` are plain numbers; a reference has the name of the figure it stands beside."""

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    references: dict[str, float] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        return "\n\n".join([f"{self.name} on {machine()}", *[t.text() for t in self.tables], *self.notes])

    def write(self, path: Path) -> None:
        content = {"name": self.name, "machine": machine(), "figures": self.figures, "references": self.references}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def machine() -> str:
    """Processor, cores, memory, system and Python: what a figure depends on."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [_processor(), f"{os.cpu_count()} cores", f"{memory_gib:.0f} GiB", platform.system()]
    return ", ".join([*parts, f"Python {platform.python_version()}"])


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _width(text: str) -> int:
    """Columns a text takes on a terminal: Hangul takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
