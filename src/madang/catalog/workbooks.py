"""Excel workbooks (.xlsx, ECMA-376) in and out; the library (openpyxl) is loaded when the first one comes.

A workbook is an archive that may unpack to anything: what it says of its size is checked before it is read.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from madang.kernel import Malformed

MAGIC = b"PK\x03\x04"
UNPACKED_BYTES_MAX = 200_000_000
COLUMNS_MAX = 200
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes for a formula."""
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(data: bytes, rows_max: int) -> str:
    """The first sheet as comma-separated text; numbers as they were typed, days as 2026-11-22.

    Raises ``Malformed`` ``catalog.not_xlsx`` where it cannot be read; rows past ``rows_max`` + 1 are left to the reader
    of the text to count.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise _bad(f"{UNPACKED_BYTES_MAX // 1_000_000} MB")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        out = io.StringIO()
        writer = csv.writer(out)
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=COLUMNS_MAX)):
            if number > rows_max + 1:
                break
            writer.writerow([_text(cell) for cell in row])
        book.close()
    except Malformed:
        raise
    except Exception as fault:  # it parses what anybody made: whatever goes wrong, the file is at fault
        raise _bad(type(fault).__name__) from fault
    return out.getvalue()


def table(data: bytes, rows_max: int) -> list[list[str]] | None:
    """Rows of a file that somebody else's program wrote: a workbook's first sheet, or text with commas in UTF-8 or
    CP949 (Korean); None where it is neither. Raises as ``as_csv``."""
    try:
        text = as_csv(data, rows_max) if data.startswith(MAGIC) else _decoded(data)
        return None if text is None else list(islice(csv.reader(io.StringIO(text)), rows_max))
    except csv.Error:
        return None


def _decoded(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def xlsx(title: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook of one sheet. A text stays a text: one that begins with '=' is no formula, a barcode no number."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append(list(heading))
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type, cell.number_format = "s", "@"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_bytes(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Comma-separated UTF-8 with a mark, as Excel opens it; a text a spreadsheet would take for a formula gets an
    apostrophe (OWASP, CSV injection)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heading)
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
    return out.getvalue().encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _risky(value) else value


def without_mark(text: str) -> str:
    """A cell as it was before ``csv_bytes`` gave it an apostrophe."""
    return text[1:] if text[:1] == "'" and _risky(text) else text


def _risky(text: str) -> bool:
    """What is marked already is marked once more, so that it comes back as it was."""
    return text.lstrip("'")[:1] in FORMULA


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == datetime.time() else "%Y-%m-%d %H:%M")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _bad(why: str) -> Malformed:
    return Malformed(
        "catalog.not_xlsx",
        ko="엑셀 파일을 읽을 수 없습니다.",
        en="The Excel file cannot be read.",
        next_ko="엑셀에서 .xlsx나 CSV UTF-8로 다시 저장해 주세요.",
        next_en="Save it again as .xlsx or CSV UTF-8.",
        why=why,
    )
