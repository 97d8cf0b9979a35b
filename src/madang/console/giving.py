"""A table given out as a file: Excel or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from madang.catalog import workbooks
from madang.console import faults
from madang.console.views import PRIVATE


def file(heading: Sequence[str], rows: Sequence[Sequence[Any]], name: str, form: str) -> Response:
    """``name`` without its ending, which is ``form``. Raises ``Invalid`` for a form that is not given out."""
    if form not in ("csv", "xlsx"):
        raise faults.no_such_file()
    content = workbooks.xlsx(name, heading, rows) if form == "xlsx" else workbooks.csv_bytes(heading, rows)
    media = workbooks.TYPE if form == "xlsx" else "text/csv; charset=utf-8"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=media, headers=headers)
