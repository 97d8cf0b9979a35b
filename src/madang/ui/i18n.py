"""The catalogue of texts: keys in ``texts/<language>/<file>.toml``, read as ``file.section.key``.

A text holds ``{name}`` places. ``{name:은/는}`` adds the fitting particle, ``{n:item|items}`` chooses by number,
``{n:won}``, ``{n:number}`` and ``{p:percent}`` format. A key that is missing raises: the tests find it, not a reader.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from madang.kernel.josa import PAIRS, josa
from madang.ui import formats

LANGUAGES = ("ko", "en")
FOLDER = Path(__file__).parent / "texts"


class MissingText(KeyError):
    """No such key in the catalogue of a language."""


class _Filler(string.Formatter):
    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in PAIRS:
            return josa(value, format_spec)
        if "|" in format_spec:
            one, many = format_spec.split("|")
            return one if value == 1 else many
        if format_spec in formats.BY_NAME:
            return formats.BY_NAME[format_spec](value, self._language)
        return str(super().format_field(value, format_spec))


class Texts:
    """Texts of all languages; ``by_language`` maps language to key to text."""

    def __init__(self, by_language: Mapping[str, Mapping[str, str]]) -> None:
        self._by_language = by_language
        self._fillers = {language: _Filler(language) for language in by_language}

    def say(self, language: str, key: str, **values: Any) -> str:
        """The text of ``key`` with its places filled. Raises ``MissingText``."""
        try:
            text = self._by_language[language][key]
        except KeyError:
            raise MissingText(f"{language}: {key}") from None
        return self._fillers[language].vformat(text, (), values) if "{" in text else text

    def plain(self, language: str, key: str) -> str | None:
        """The text of ``key`` where it is always the same: one without places; None for any other, or none."""
        text = self._by_language[language].get(key)
        return None if text is None or "{" in text else text

    def part(self, language: str, prefix: str) -> dict[str, str]:
        """All texts under ``prefix.`` without it, places unfilled: what a page's script needs."""
        start = prefix + "."
        return {k.removeprefix(start): v for k, v in self._by_language[language].items() if k.startswith(start)}

    def keys(self, language: str) -> set[str]:
        return set(self._by_language[language])


def read(folder: Path) -> dict[str, str]:
    """All texts of one language's folder."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*.toml")):
        found |= dict(_flat(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))))
    return found


def _flat(prefix: str, tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        path = f"{prefix}.{key}"
        pairs += _flat(path, value) if isinstance(value, Mapping) else [(path, str(value))]
    return pairs


@cache
def _catalogue() -> Texts:
    return Texts({language: read(FOLDER / language) for language in LANGUAGES})


TEXTS = _catalogue()
