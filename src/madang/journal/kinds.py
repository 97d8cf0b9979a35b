"""Which kinds of fact there are, in which versions, and how an old body becomes a new one.

A body's version is raised whenever its fields change; facts already written stay as they are, and an upcaster takes
an old body one version up as it is read. ``docs/facts.md`` pins the fields of every kind; golden files under
``tests/journal/golden`` pin the bytes of old versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from madang.journal.model import Opaque, Stage
from madang.kernel import Invalid

Body = TypeVar("Body", bound=msgspec.Struct)
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Kind:
    """One declared kind of fact in its newest version."""

    name: str
    version: int
    stage: Stage
    type: type[msgspec.Struct]
    decoder: msgspec.json.Decoder[Any]
    upcasters: dict[int, Upcaster] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """The first line of the body's docstring."""
        return (self.type.__doc__ or "").strip().split("\n")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        return self.type.__struct_fields__


class Kinds:
    """A registry of kinds; the program has one, tests make their own."""

    def __init__(self) -> None:
        self._by_name: dict[str, Kind] = {}
        self._by_type: dict[type, Kind] = {}

    def __iter__(self) -> Iterator[Kind]:
        return iter(sorted(self._by_name.values(), key=lambda kind: kind.name))

    def kind(self, name: str, *, version: int, stage: Stage) -> Callable[[type[Body]], type[Body]]:
        """Declare a frozen struct as the body of ``room.what`` facts."""
        assert NAME.fullmatch(name), f"{name} is not room.what"
        assert version >= 1

        def declare(body: type[Body]) -> type[Body]:
            known = self._by_name.get(name)
            assert known is None or known.type.__qualname__ == body.__qualname__, f"{name} is declared twice"
            assert body.__struct_config__.frozen, f"{name}: a fact's body is frozen"
            kind = Kind(name, version, stage, body, msgspec.json.Decoder(body))
            self._by_name[name] = self._by_type[body] = kind
            return body

        return declare

    def upcast(self, name: str, *, since: int) -> Callable[[Upcaster], Upcaster]:
        """Declare how a body of version ``since`` becomes one of version ``since + 1``."""

        def declare(upcaster: Upcaster) -> Upcaster:
            kind = self._by_name[name]
            assert 1 <= since < kind.version, f"{name} has no version above {since}"
            kind.upcasters[since] = upcaster
            return upcaster

        return declare

    def of(self, body: msgspec.Struct) -> Kind:
        """The kind of a body; ``Invalid`` where nobody declared it."""
        kind = self._by_type.get(type(body))
        if kind is None:
            raise Invalid(
                "journal.unknown_kind",
                ko=f"{type(body).__name__}은(는) 등록된 사실 종류가 아닙니다.",
                en=f"{type(body).__name__} is not a declared kind of fact.",
                next_ko="@journal.kind로 먼저 선언하세요.",
                next_en="Declare it with @journal.kind.",
            )
        return kind

    def name(self, body: type[msgspec.Struct]) -> str:
        return self._by_type[body].name

    def stage(self, name: str) -> Stage | None:
        kind = self._by_name.get(name)
        return kind.stage if kind else None

    def decode(self, name: str, version: int, text: str) -> Any:
        """The body of a stored fact, raised to the newest version; ``Opaque`` when this code does not know it."""
        kind = self._by_name.get(name)
        if kind is None or version > kind.version:
            return Opaque(json=text)
        if version == kind.version:
            return kind.decoder.decode(text)
        body: dict[str, Any] = msgspec.json.decode(text)
        for since in range(version, kind.version):
            body = kind.upcasters[since](body)
        return msgspec.convert(body, kind.type)

    def gaps(self) -> list[str]:
        """Old versions nobody can raise: ``name@version``; must be empty."""
        return [f"{k.name}@{v}" for k in self for v in range(1, k.version) if v not in k.upcasters]


KINDS = Kinds()
kind = KINDS.kind
upcast = KINDS.upcast
