"""Reading a YAML mapping field by field: every fault is kept with its line, so that a person sees all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from madang.kernel import Malformed, NotFound

CLOCK = re.compile(r"([01]?\d|2[0-4])(?::([0-5]\d))?")
Node = Any  # yaml ships no types


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one line, and what to do."""

    line: int
    field: str
    ko: str
    en: str


def load(path: Path) -> Node:
    """The file's top node; ``NotFound`` or ``Malformed`` where there is none."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise NotFound(
            "rehearsal.no_file",
            ko=f"{path} 파일을 읽을 수 없습니다.",
            en=f"{path} cannot be read ({error.strerror}).",
            next_ko="경로를 확인하거나 madang rehearse --example > shop.yaml 로 새로 만드세요.",
            next_en="Check the path, or make one: madang rehearse --example --lang en > shop.yaml",
            file=str(path),
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or type(error).__name__
        raise Malformed(
            "rehearsal.not_yaml",
            ko=f"{path.name} {line}행: YAML로 읽을 수 없습니다.",
            en=f"{path.name} line {line}: this is not YAML ({problem}).",
            next_ko="들여쓰기(공백만, 탭 없이), 콜론 뒤의 공백과 따옴표를 확인하세요.",
            next_en="Check the indentation (spaces, no tabs), the space after each colon and the quotes.",
            file=path.name,
            line=line,
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise Malformed(
            "rehearsal.not_a_shop",
            ko=f"{path.name}: 가게 파일이 아닙니다. 맨 위에 'name:' 같은 항목이 있어야 합니다.",
            en=f"{path.name}: this is not a shop file. Its top level must have fields like 'name:'.",
            next_ko="madang rehearse --example > shop.yaml 로 만든 예제와 비교하세요.",
            next_en="Compare it with an example: madang rehearse --example --lang en > shop.yaml",
            file=path.name,
        )
    return node


def refuse(path: Path, faults: Sequence[Fault]) -> Malformed:
    """One error that names every fault of a file."""
    rows = sorted(faults, key=lambda f: f.line)
    ko = "\n".join(f"  {f.line}행 {f.field}: {f.ko}" for f in rows)
    en = "\n".join(f"  line {f.line} {f.field}: {f.en}" for f in rows)
    return Malformed(
        "rehearsal.shop_file",
        ko=f"{path.name}에 고칠 곳이 {len(rows)}군데 있습니다.\n{ko}\n",
        en=f"{path.name} has {len(rows)} faults.\n{en}\n",
        next_ko="고친 뒤 다시 실행하세요. 쓸 수 있는 항목은 madang rehearse --example 이 모두 보여 줍니다.",
        next_en="Mend them and run again; madang rehearse --example --lang en shows every field there is.",
        file=path.name,
        lines=[f.line for f in rows],
    )


class Fields:
    """One mapping being read. Every getter takes a default where the field may be left out; a fault is kept and the
    default (or a harmless value) returned, so that reading goes on.
    """

    def __init__(self, node: Node | None, faults: list[Fault], path: str = "") -> None:
        self.faults, self.path = faults, path
        self.line = 1 if node is None else node.start_mark.line + 1
        self._asked: set[str] = set()
        self._nodes: dict[str, Node] = {}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value in self._nodes:
                    self.fault(key.value, "두 번 적혀 있습니다.", "is given twice.", key.start_mark.line + 1)
                self._nodes[key.value] = value
        elif node is not None:
            self.fault("", "아래에 '항목: 값'이 있어야 합니다.", "must hold 'field: value' lines.")

    def has(self, name: str) -> bool:
        return name in self._nodes

    def names(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    def node(self, name: str) -> Node | None:
        self._asked.add(name)
        return self._nodes.get(name)

    def fault(self, name: str, ko: str, en: str, line: int | None = None) -> None:
        where = ".".join(part for part in (self.path, name) if part)
        node = self._nodes.get(name)
        at = line or (node.start_mark.line + 1 if node is not None else self.line)
        self.faults.append(Fault(at, where, ko, en))

    def done(self) -> None:
        """Fault every field nobody asked for."""
        known = ", ".join(sorted(self._asked))
        for name in self._nodes:
            if name not in self._asked:
                self.fault(name, f"모르는 항목입니다. 쓸 수 있는 항목: {known}.", f"is unknown. There are: {known}.")

    def text(self, name: str, default: str | None = None) -> str:
        node = self.node(name)
        if node is None:
            if default is None:
                self.fault(name, "빠졌습니다.", "is missing.")
            return default or ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.fault(name, "글자를 적으세요.", "must be a text.")
            return default or ""
        return str(node.value).strip()

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(name, default)
        if value and value not in allowed:
            words = ", ".join(allowed)
            self.fault(name, f"'{value}'은(는) 없습니다. {words} 중 하나.", f"'{value}' is none of {words}.")
            return default or allowed[0]
        return value or allowed[0]

    def number(self, name: str, low: float, high: float, default: float | None = None, unit: str = "") -> float:
        """A number from ``low`` to ``high``; a percent sign divides by a hundred."""
        node = self.node(name)
        fallback = low if default is None else default
        if node is None:
            if default is None:
                self.fault(name, f"빠졌습니다 ({low:g}~{high:g}{unit}).", f"is missing ({low:g} to {high:g}{unit}).")
            return fallback
        plain = str(node.value).strip().replace(",", "").replace("_", "") if isinstance(node, yaml.ScalarNode) else ""
        try:
            value = float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
        except ValueError:
            self.fault(name, f"숫자가 아닙니다: '{plain}'.", f"is not a number: '{plain}'.")
            return fallback
        if not low <= value <= high:
            self.fault(
                name,
                f"{value:g}은(는) {low:g}~{high:g}{unit} 밖입니다.",
                f"{value:g} is outside {low:g} to {high:g}{unit}.",
            )
            return fallback
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self.number(name, low, high, default)
        if value != int(value):
            self.fault(name, f"정수여야 합니다: {value:g}.", f"must be a whole number: {value:g}.")
        return int(value)

    def hours(self, name: str, default: tuple[float, float] | None = None) -> tuple[float, float]:
        """``07:00-23:00`` as hours of the day."""
        text = self.text(name, "" if default else None)
        span = span_of(text)
        if span is None:
            if text or default is None:
                self.fault(name, f"'07:00-23:00'처럼 적으세요: '{text}'.", f"write it like '07:00-23:00': '{text}'.")
            return default or (0.0, 24.0)
        return span

    def part(self, name: str) -> Fields:
        """A mapping below this one; empty where it is left out."""
        return Fields(self.node(name), self.faults, f"{self.path}.{name}" if self.path else name)

    def rows(self, name: str) -> Iterator[Fields]:
        """The mappings of a list."""
        node = self.node(name)
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self.fault(name, "'- '로 시작하는 목록이어야 합니다.", "must be a list of '- ' lines.")
            return
        for i, item in enumerate(node.value, 1):
            yield Fields(item, self.faults, f"{self.path + '.' if self.path else ''}{name}[{i}]")

    def texts(self, name: str) -> list[str]:
        """The texts of a list (as written: ``10:00`` stays a text)."""
        node = self.node(name)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(n, yaml.ScalarNode) for n in node.value):
            self.fault(name, "목록이어야 합니다: [a, b].", "must be a list: [a, b].")
            return []
        return [str(n.value).strip() for n in node.value]

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """Pairs of texts: ``[[a, b], [c, d]]``."""
        node = self.node(name)
        if node is None:
            return []
        found = []
        for item in node.value if isinstance(node, yaml.SequenceNode) else [None]:
            if not isinstance(item, yaml.SequenceNode) or len(item.value) != 2:
                self.fault(name, "둘씩 적으세요: [[F001, F010]].", "must be pairs: [[F001, F010]].")
                return []
            found.append((str(item.value[0].value), str(item.value[1].value)))
        return found


def clock_of(text: str) -> float | None:
    """``9``, ``9:30`` or ``09:30`` as an hour of the day."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hour = int(match[1]) + int(match[2] or 0) / 60
    return hour if hour <= 24 else None


def span_of(text: str) -> tuple[float, float] | None:
    """``07:00-23:00`` as two hours, the first before the second."""
    first, dash, last = text.replace("~", "-").replace("–", "-").partition("-")
    a, b = clock_of(first), clock_of(last)
    return (a, b) if dash and a is not None and b is not None and a < b else None
