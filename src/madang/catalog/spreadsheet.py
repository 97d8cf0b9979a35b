"""Reading what a spreadsheet saved: encodings, separators, headings in Korean or English. Knows no product."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import msgspec

from madang.catalog import workbooks
from madang.kernel import Malformed

BYTES_MAX = 10_000_000
ROWS_MAX = 20_000
_SAVED_AGAIN = (
    "엑셀에서 '다른 이름으로 저장 › CSV UTF-8(쉼표로 분리)'로 다시 저장하세요.",
    "Save it again from the spreadsheet as 'CSV UTF-8 (comma separated)'.",
)
_IN_PARTS = (
    "여러 파일로 나누어 차례로 가져오세요.",
    "Split it into several files and bring them in one after the other.",
)


class Row(msgspec.Struct, frozen=True):
    """One line: its number as a spreadsheet shows it (the heading is row 1) and its trimmed cells by column."""

    number: int
    cells: dict[str, str]


def decoded(data: bytes | str) -> str:
    """The text of a file as Excel saves it: a workbook's first sheet, or text in UTF-8 with or without a mark, UTF-16
    with one, or cp949 (Korean)."""
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if len(data) > BYTES_MAX:
        raise _bad(
            "too_big",
            f"파일이 {BYTES_MAX // 1_000_000} MB보다 큽니다.",
            f"The file is over {BYTES_MAX // 1_000_000} MB.",
            _IN_PARTS,
        )
    if data[:4] == workbooks.MAGIC:
        return workbooks.as_csv(data, ROWS_MAX)
    names = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp949")
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    raise _bad("encoding", "글자를 읽을 수 없습니다.", "The text cannot be read.")


def read(data: bytes | str, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> list[Row]:
    """The rows of a file, cells named by ``columns`` (name: headings it may have); empty rows are left out.

    Raises ``Malformed`` for a file whose heading or size does not do: then no row can be judged.
    """
    text = decoded(data)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = _heading(next(lines, []), columns, needed)
        rows = [Row(n, _cells(names, cells)) for n, cells in enumerate(lines, 2) if any(map(str.strip, cells))]
    except csv.Error as error:
        raise _bad(
            "not_csv",
            f"{lines.line_num}행 근처의 따옴표나 구분 기호가 잘못되었습니다.",
            f"Quotes or separators are broken near line {lines.line_num}: {error}.",
        ) from None
    if len(rows) > ROWS_MAX:
        words = f"{ROWS_MAX:,}행보다 많습니다.", f"There are more than {ROWS_MAX:,} rows."
        raise _bad("too_many_rows", *words, _IN_PARTS)
    return rows


def _delimiter(text: str) -> str:
    heading = text.split("\n", 1)[0]
    return max(",\t;", key=heading.count)


def _heading(cells: Sequence[str], columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> list[str]:
    by_heading = {_plain(h): name for name, headings in columns.items() for h in (name, *headings)}
    names = [by_heading.get(_plain(cell), "") for cell in cells]
    unknown = [c.strip() for c, name in zip(cells, names, strict=True) if c.strip() and not name]
    missing = [name for name in needed if name not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if unknown or missing or twice:
        raise _heading_error(columns, unknown, missing, twice)
    return names


def _plain(heading: str) -> str:
    return heading.strip().lower().replace(" ", "").replace("_", "")


def _cells(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    out = {name: workbooks.without_mark(cell.strip()) for name, cell in zip(names, cells, strict=False) if name}
    extra = [cell for cell in cells[len(names) :] if cell.strip()]
    return out | ({"": extra[0]} if extra else {})


def _heading_error(
    columns: Mapping[str, Sequence[str]], unknown: list[str], missing: list[str], twice: list[str]
) -> Malformed:
    parts_ko, parts_en = [], []
    if missing:
        names = ", ".join(f"{name}({columns[name][0]})" if columns[name] else name for name in missing)
        parts_ko.append(f"없는 열: {names}")
        parts_en.append(f"missing columns: {', '.join(missing)}")
    if unknown:
        parts_ko.append(f"모르는 열: {', '.join(unknown)}")
        parts_en.append(f"unknown columns: {', '.join(unknown)}")
    if twice:
        parts_ko.append(f"두 번 있는 열: {', '.join(twice)}")
        parts_en.append(f"columns given twice: {', '.join(twice)}")
    return Malformed(
        "catalog.heading",
        ko=f"첫 줄(열 제목)이 맞지 않습니다. {'; '.join(parts_ko)}.",
        en=f"The first line (headings) does not fit: {'; '.join(parts_en)}.",
        next_ko=f"쓸 수 있는 열: {', '.join(f'{c}({h[0]})' if h else c for c, h in columns.items())}.",
        next_en=f"Columns that can be used: {', '.join(columns)}.",
        missing=missing,
        unknown=unknown,
        twice=twice,
    )


def _bad(code: str, ko: str, en: str, way_out: tuple[str, str] = _SAVED_AGAIN) -> Malformed:
    return Malformed(
        f"catalog.{code}",
        ko=ko,
        en=en,
        next_ko=way_out[0],
        next_en=way_out[1],
    )
