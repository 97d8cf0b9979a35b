"""The commands with which somebody brings their own shop in."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from tests.places.small_layout import small_layout

from madang.catalog import command as importing
from madang.kernel import Invalid, Malformed
from madang.places import command as shops


def madang(*words: object) -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    importing.add_parser(commands)
    shops.add_parser(commands)
    args = parser.parse_args([str(word) for word in words])
    return int(args.run(args))


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> list[str]:
    """A database with a shop in it: the options of every command."""
    (tmp_path / "store.json").write_text(json.dumps(small_layout()))
    where = ["--database", sqlite_url, "--neighbourhood", "n1"]
    assert madang("shop", "add", "s1", tmp_path / "store.json", "--name", "가게", *where) == 0
    return where


def test_a_shop_its_products_prices_and_planogram_come_in_from_files(
    shop: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "products": "상품코드,상품명\nA1,라면\nA2,우유\n",
        "prices": "상품코드,판매가\nA1,1200\nA2,2500\n",
        "planogram": "진열코드,진열대,선반,저울판,상품,수량\nF1,1,1,1-1-1,A1,6\nF2,1,2,1-2-1 1-2-2,A2,4\n",
    }
    capsys.readouterr()
    for sheet, text in files.items():
        (tmp_path / sheet).write_bytes(text.encode("cp949"))
        more = ["--shop", "s1"] if sheet == "planogram" else []
        assert madang("import", sheet, tmp_path / sheet, *shop, *more) == 0
    assert capsys.readouterr().out == "행 2개: 추가 2, 변경 0, 그대로 0, 오류 0.\n" * 3


def test_faults_are_printed_by_row_and_nothing_is_changed(
    shop: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.csv").write_text("id,name_ko\nA1,라면\nA 2,\n")
    capsys.readouterr()
    assert madang("import", "products", tmp_path / "p.csv", *shop) == 1
    assert capsys.readouterr().out.splitlines() == [
        "3행 name_ko: 값이 비어 있습니다. 값을 채우세요.",
        "3행 id 'A 2': 코드로 쓸 수 없는 글자가 있거나 64자보다 깁니다. 영문, 숫자, '.', '-', '_'만 쓰세요.",
        "행 2개: 추가 0, 변경 0, 그대로 0, 오류 2. 아무것도 바꾸지 않았습니다. "
        "고치거나 --good-rows로 맞는 행만 가져오세요.",
    ]
    assert madang("import", "products", tmp_path / "p.csv", *shop, "--good-rows", "--lang", "en") == 1
    assert capsys.readouterr().out.endswith("2 rows: 1 added, 0 changed, 0 unchanged, 2 faults.\n")
    assert madang("import", "products", tmp_path / "p.csv", *shop, "--good-rows", "--json") == 1
    assert json.loads(capsys.readouterr().out)["unchanged"] == 1


def test_a_layout_is_checked_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = small_layout()
    path = tmp_path / "store.json"
    path.write_text(json.dumps(layout))
    assert madang("shop", "check", path) == 0
    layout["planogram"][0]["plates"] = ["9"]
    path.write_text(json.dumps(layout))
    assert madang("shop", "check", path, "--lang", "en") == 1
    assert "planogram[0].plates: There is no plate '9'. (unknown_plate)" in capsys.readouterr().out


def test_what_cannot_be_read_is_named(shop: list[str], tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"none\.csv"):
        madang("import", "products", tmp_path / "none.csv", *shop)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(Malformed, match=r"bad\.json"):
        madang("shop", "check", tmp_path / "bad.json")
    (tmp_path / "empty.json").write_text("{}")
    with pytest.raises(Invalid, match=r"places\.bad_layout"):
        madang("shop", "add", "s2", tmp_path / "empty.json", "--name", "x", *shop)
