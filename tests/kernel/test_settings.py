"""Settings: typed, from environment and TOML, secrets hidden, typing mistakes found."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from madang.kernel import Invalid, Malformed, start_of_day_us
from madang.kernel import settings as rules
from madang.kernel.settings import Secret, Settings, described, load

ROOT = Path(__file__).resolve().parents[2]


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "madang.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_environment_goes_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = toml(tmp_path, 'port = 9000\nlanguage = "en"\n')
    settings = load({"MADANG_PORT": "9001", "HOME": "/root"}, file)
    assert (settings.port, settings.language, settings.host) == (9001, "en", "127.0.0.1")
    assert load({}) == Settings()


def test_the_database_is_a_file_in_home_unless_said_otherwise() -> None:
    assert load({"MADANG_HOME": "/srv/m"}).database_url == "sqlite:////srv/m/madang.db"
    assert load({"MADANG_DATABASE": "postgresql://h/m"}).database_url == "postgresql://h/m"


@pytest.mark.parametrize(("wrong", "right"), [("PROT", "port"), ("LANG", "language"), ("DATABASE_URL", "database")])
def test_an_unknown_key_is_an_error_that_names_the_nearest_right_one(wrong: str, right: str) -> None:
    with pytest.raises(Invalid) as refused:
        load({f"MADANG_{wrong}": "1"})
    assert refused.value.code == "settings.unknown_key"
    assert refused.value.details["nearest"] == right
    assert right in refused.value.text("ko")


def test_a_key_of_the_file_is_checked_alike(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="'port'"):
        load({}, toml(tmp_path, "prt = 1"))


def test_keys_of_the_test_suite_are_not_the_programs() -> None:
    assert load({"MADANG_TEST_ANYTHING": "1"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("PORT", "70000"), ("LANGUAGE", "fr"), ("LOG_LEVEL", "loud")]
)
def test_a_value_out_of_range_is_an_error_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name.lower()) as refused:
        load({f"MADANG_{name}": value})
    assert refused.value.code == "settings.bad_value"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (toml(tmp_path, "port ="), tmp_path / "missing.toml"):
        with pytest.raises(Malformed, match=path.name):
            load({}, path)


def test_secrets_are_used_but_never_shown() -> None:
    settings = load({"MADANG_SECRET": "hush", "MADANG_DATABASE": "postgresql+psycopg://m:hush@h:5432/m"})
    assert settings.secret.reveal() == "hush"
    assert settings.secret == Secret("hush")
    assert bool(settings.secret)
    assert not bool(Secret())
    for shown in (repr(settings), str(settings), f"{settings.shown()}", repr(settings.secret), f"{settings.secret}"):
        assert "hush" not in shown
    assert "m:***@h:5432/m" in repr(settings)
    assert "hush" in settings.database_url


def test_a_flag_is_on_from_its_date_in_its_neighbourhood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.FLAGS, "sample_flag", "a sample")
    settings = load({}, toml(tmp_path, "[flags.n1]\nsample_flag = 2026-12-17\n"))
    assert settings.flags == {"n1": {"sample_flag": date(2026, 12, 17)}}
    start_us = start_of_day_us(date(2026, 12, 17))
    assert not settings.flag("sample_flag", "n1", start_us - 1)
    assert settings.flag("sample_flag", "n1", start_us)
    assert not settings.flag("sample_flag", "n2", start_us)
    with pytest.raises(Invalid, match="sample_flag"):
        settings.flag("simple_flag", "n1", start_us)
    with pytest.raises(Invalid, match="unknown_flag"):
        load({}, toml(tmp_path, "[flags.n1]\nsimple_flag = 2026-12-17\n"))


def test_the_document_lists_every_setting_with_its_default_and_meaning() -> None:
    document = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*?) \| (.*?) \|$", document, flags=re.MULTILINE)
    expected = [
        (name, f"MADANG_{name.upper()}" if name != "flags" else "flags", f"`{default}`" if default else "", says)
        for name, (default, says) in described().items()
    ]
    assert rows == expected, "docs/settings.md should hold:\n" + "\n".join(
        f"| `{name}` | `{variable}` | {default} | {says} |" for name, variable, default, says in expected
    )


def test_the_document_lists_every_flag() -> None:
    document = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert all(f"`{flag}`" in document for flag in rules.FLAGS)
