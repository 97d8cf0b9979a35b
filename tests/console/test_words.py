"""Every kind of fact has words, so that a trail can be read by who works in the shop."""

from __future__ import annotations

import importlib
from pathlib import Path

import madang
from madang.journal import KINDS
from madang.ui import LANGUAGES, TEXTS


def test_every_kind_of_fact_has_words_in_both_languages() -> None:
    for file in sorted(Path(madang.__file__).parent.glob("*/facts.py")):
        importlib.import_module(f"madang.{file.parent.name}.facts")
    kinds = {kind.name for kind in KINDS if kind.type.__module__.startswith("madang.")}
    assert len(kinds) > 100
    for language in LANGUAGES:
        said = set(TEXTS.part(language, "fact"))
        assert kinds - said == set(), f"ui/texts/{language}/fact.toml"
        assert said - kinds == set(), f"ui/texts/{language}/fact.toml"
