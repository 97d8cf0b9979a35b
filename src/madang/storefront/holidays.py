"""Days nobody works on beside weekends: a period that would end on one ends on the next working day (민법 §161).

공휴일 and 대체공휴일 by 관공서의 공휴일에 관한 규정 §2, §3 (with 근로자의 날 and 제헌절 from 2026), as the package
``holidays`` 0.109 gives them, read on 2026-11-22; those on a weekend are left out. Election days are in as far as law
fixes their dates. 임시공휴일 come at short notice: add them here. After the last year only weekends count.
"""

from __future__ import annotations

from datetime import date

_DAYS = {
    2026: "01-01 02-16 02-17 02-18 03-02 05-01 05-05 05-25 06-03 07-17 08-17 09-24 09-25 10-05 10-09 12-25",
    2027: "01-01 02-08 02-09 03-01 05-03 05-05 05-13 07-19 08-16 09-14 09-15 09-16 10-04 10-11 12-27",
    2028: "01-26 01-27 01-28 03-01 04-12 05-01 05-02 05-05 06-06 07-17 08-15 10-02 10-03 10-04 10-05 10-09 12-25",
    2029: "01-01 02-12 02-13 02-14 03-01 05-01 05-07 05-21 06-06 07-17 08-15 09-21 09-24 10-03 10-09 12-25",
    2030: "01-01 02-04 02-05 03-01 03-27 05-01 05-06 05-09 06-06 06-12 07-17 08-15 09-11 09-12 09-13 10-03 10-09 12-25",
}

HOLIDAYS = frozenset(date.fromisoformat(f"{year}-{day}") for year, days in _DAYS.items() for day in days.split())
