"""Both languages say everything, and everything that is said is used."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from madang.ui import LANGUAGES, TEXTS, MissingText, Texts
from madang.ui.assets import ROOMS
from madang.ui.i18n import FOLDER, read

CALL = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*(~)?""")
SCRIPT_CALL = re.compile(r"""\bt\(\s*(?:[^"'`)]*?\?\s*)?["'`]([\w.]+)(\$\{)?["'`.]?""")
PLACE = re.compile(r"\{(\w+)")


def test_korean_and_english_have_the_same_keys() -> None:
    ko, en = TEXTS.keys("ko"), TEXTS.keys("en")
    assert ko - en == set()
    assert en - ko == set()


def test_no_text_is_empty_and_english_holds_no_hangul() -> None:
    assert [key for key, text in read(FOLDER / "ko").items() if not text.strip()] == []
    english = read(FOLDER / "en")
    assert [key for key, text in english.items() if re.search("[가-힣]", text)] == ["common.language.ko"]


def test_both_languages_fill_places_from_the_same_values() -> None:
    ko, en = read(FOLDER / "ko"), read(FOLDER / "en")
    for key in ko:
        assert set(PLACE.findall(ko[key])) >= set(PLACE.findall(en[key])) or not PLACE.findall(ko[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_templates_name_is_there(language: str) -> None:
    named = [(file, *found) for file in ROOMS.glob("*/templates/**/*.html") for found in CALL.findall(file.read_text())]
    assert len(named) > 50
    for file, key, joined in named:
        known = any(k.startswith(key) for k in TEXTS.keys(language)) if joined else key in TEXTS.keys(language)
        assert known, f"{file.name}: {key}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_the_live_page_names_is_there(language: str) -> None:
    keys = TEXTS.part(language, "live")
    named = [
        (f.name, *found) for f in ROOMS.glob("walkout/static/js/*.js") for found in SCRIPT_CALL.findall(f.read_text())
    ]
    assert len(named) > 30
    for name, key, _ in named:
        assert any(k == key or k.startswith(key) for k in keys), f"{name}: {key}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_for_scripts_use_only_what_scripts_can_fill(language: str) -> None:
    for key, text in TEXTS.part(language, "live").items():
        for _, name, how, _ in string.Formatter().parse(text):
            assert name is None or not how or "|" in how or how in ("won", "number", "percent", "sure"), key


def test_every_key_is_used_somewhere() -> None:
    sources = "".join(
        file.read_text()
        for pattern in ("*/templates/**/*.html", "*/static/js/*.js", "*/**/*.py")
        for file in ROOMS.glob(pattern)
        if file.is_file()
    )
    groups = {"error.title", "receipt.state", "receipt.sure", "receipt.done", "receipt.wrong", "common.language"}
    groups |= {
        "live.totals",
        "live.books",
        "live.floor",
        "live.link",
        "live.feed",
        "live.receipts",
        "live.health",
        "live.promise",
    }
    groups |= {
        f"review.{part}" for part in ("kind", "why", "time", "differs", "moment", "reason", "keys", "done", "edit")
    }
    groups |= {"review.visit", "review.tasks", "common.nav"}
    groups |= {
        f"account.{part}"
        for part in ("link", "told", "role", "consent", "mail", "sessions", "dong", "field", "basis", "part")
    }
    groups |= set(re.findall(r"""["']([a-z_.]+)\.["'] ~""", sources))  # t("group." ~ name)
    groups |= set(re.findall(r"""f["']([a-z_.]+)\.\{""", sources))  # say(f"group.{name}")
    groups |= set(re.findall(r"""part\(\w+, "([a-z_.]+)"\)""", sources))
    groups |= {"store.said", "store.fault", "store.back", "store.checkout", "phone.allergen"}
    words = set(re.findall(r"[A-Za-z_][\w.]*", sources))
    for key in TEXTS.keys("ko"):
        group = key.rpartition(".")[0]
        named = {key, key.removeprefix("live."), key.removeprefix("fact.")}  # fact: the kinds of facts
        assert group in groups or named & words, key


def test_a_missing_key_raises() -> None:
    with pytest.raises(MissingText, match=r"ko: common\.nothing"):
        TEXTS.say("ko", "common.nothing")


def test_places_are_filled_with_particles_plurals_and_units() -> None:
    texts = Texts(
        {
            "ko": {"took": "{who:이/가} {what:을/를} {n}개 집어 {sum:won}"},
            "en": {"took": "{who} took {n} {n:piece|pieces} for {sum:won}, {p:percent}"},
        }
    )
    assert texts.say("ko", "took", who="민수", what="물", n=2, sum=1200) == "민수가 물을 2개 집어 1,200원"
    assert texts.say("en", "took", who="Minsu", n=1, sum=1200, p=0.9999) == "Minsu took 1 piece for ₩1,200, 99.9%"


def test_the_folder_of_texts_is_the_rooms_own() -> None:
    assert Path(FOLDER).is_relative_to(ROOMS)
