"""Reading spreadsheets as shops really save them, and a report that names every fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.catalog import SoldBy, Vat, gtin, rows
from madang.catalog.faults import WORDS
from madang.catalog.model import RowError
from madang.catalog.spreadsheet import BYTES_MAX, ROWS_MAX, Row, read
from madang.catalog.workbooks import csv_bytes
from madang.console import waybills
from madang.kernel import Malformed, start_of_day_us
from madang.payments import settlement_files
from madang.settlement import bank_files

NEEDED = ("id", "name_ko")
KOREAN = "상품코드,바코드,상품명,과세구분,판매단위,개당무게(g)\nA1,8801043015981,신라면,과세,개,120\n"


def parsed(text: str | bytes) -> list[Row]:
    return read(text, rows.PRODUCT_COLUMNS, NEEDED)


def faults(text: str) -> list[tuple[int, str, str]]:
    return [(e.row, e.column, e.code) for e in rows.products(parsed(text))[1]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_korean_headings_and_text_are_read_in_every_encoding_excel_saves(encoding: str) -> None:
    good, errors = rows.products(parsed(KOREAN.encode(encoding)))
    assert errors == []
    (number, ramen), *_ = good
    assert (number, ramen.id, ramen.name_ko, ramen.gtin) == (2, "A1", "신라면", "8801043015981")
    assert (ramen.vat, ramen.sold_by, ramen.unit_weight_g) == (Vat.TAXABLE, SoldBy.UNIT, 120.0)
    assert ramen.name_en == "신라면"


@pytest.mark.parametrize(
    ("reads", "heading"),
    [
        (waybills.read, "주문번호,송장번호"),
        (bank_files.BULK.read, "이체금액,처리결과,통장표시"),
        (settlement_files.read, "key,sold"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(reads: Callable[[bytes], object], heading: str) -> None:
    endless = f'{heading}\n"{"x" * 200_000}'.encode()
    for data in (endless, b"\xff\xfe\xff", b"PK\x03\x04 no workbook"):
        with pytest.raises(Malformed):
            reads(data)


@pytest.mark.parametrize("text", ["-A7", "=1+1", "+82 10", "@home", "'quoted'", "O'Neill", "'-A7", "''=1"])
def test_what_was_given_out_comes_in_as_it_was_with_no_formula_in_between(text: str) -> None:
    given = csv_bytes(["a"], [[text]])
    assert given.decode("utf-8-sig").splitlines()[1][0] not in "=+-@"
    assert read(given, {"a": ()}, ("a",)) == [Row(2, {"a": text})]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate(separator: str) -> None:
    assert parsed(separator.join(["id", "name_ko"]) + "\r\n" + separator.join(["A1", "라면"]) + "\r\n") == [
        Row(2, {"id": "A1", "name_ko": "라면"})
    ]


def test_row_numbers_are_those_of_the_spreadsheet_also_after_empty_rows_and_line_breaks() -> None:
    text = 'id,name_ko\nA1,"두 줄\n이름"\n,\nA2,\n'
    assert faults(text) == [(4, "name_ko", "missing")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "catalog.heading"),
        ("id,price\nA1,3\n", "catalog.heading"),
        ("id,name_ko,id\nA1,라면,A2\n", "catalog.heading"),
        ('id,name_ko\nA1,"라면\n', "catalog.not_csv"),
        ("id,name_ko\n" + "A,B\n" * (ROWS_MAX + 1), "catalog.too_many_rows"),
        (b"\xff\xfe\x00", "catalog.encoding"),
        (b"id,name_ko\nA1,\x80\x80\x80\n", "catalog.encoding"),
        (b"x" * (BYTES_MAX + 1), "catalog.too_big"),
    ],
)
def test_a_file_that_cannot_be_judged_row_by_row_says_why(text: str | bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        parsed(text)
    assert caught.value.code == code
    assert caught.value.ko
    assert caught.value.next_ko
    too_much = code in ("catalog.too_big", "catalog.too_many_rows")
    assert ("여러 파일로" in caught.value.next_ko) == too_much  # saving it again makes no file smaller


def test_a_heading_error_names_what_is_missing_unknown_and_double() -> None:
    with pytest.raises(Malformed) as caught:
        parsed("id,price,id\n")
    assert caught.value.details == {"missing": ["name_ko"], "unknown": ["price"], "twice": ["id"]}
    assert "없는 열: name_ko(상품명)" in caught.value.ko
    assert "id(상품코드)" in caught.value.next_ko


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("A 1,라면,,,,", ("id", "bad_id")),
        (",라면,,,,", ("id", "missing")),
        ("A1,,,,,", ("name_ko", "missing")),
        (f"A1,{'가' * 201},,,,", ("name_ko", "too_long")),
        ("A1,라면,8.80104E+12,,,", ("gtin", "gtin_rounded")),
        ("A1,라면,88010430,,,", ("gtin", "gtin_check_digit")),
        ("A1,라면,880104301598,,,", ("gtin", "gtin_check_digit")),
        ("A1,라면,88010430159,,,", ("gtin", "gtin_length")),
        ("A1,라면,8801043015983,,,", ("gtin", "gtin_check_digit")),
        ("A1,라면,,면제,,", ("vat", "bad_choice")),
        ("A1,라면,,,많이,", ("unit_weight_g", "not_a_number")),
        ("A1,라면,,,-3,", ("unit_weight_g", "bad_weight")),
        ("A1,라면,,,,1.5", ("shelf_life_d", "bad_number")),
        ("A1,라면,,,,,넘침", ("", "extra_cell")),
    ],
)
def test_each_fault_of_a_cell_is_named_with_its_column(line: str, fault: tuple[str, str]) -> None:
    assert faults(f"id,name_ko,gtin,vat,unit_weight_g,shelf_life_d\n{line}\n") == [(2, *fault)]


def test_all_faults_of_a_row_are_reported_at_once() -> None:
    found = faults("id,name_ko,gtin,vat\n,,123,x\n")
    assert sorted(found) == [
        (2, "gtin", "gtin_length"), (2, "id", "missing"), (2, "name_ko", "missing"), (2, "vat", "bad_choice"),
    ]  # fmt: skip


def test_a_code_or_barcode_given_twice_is_the_later_rows_fault() -> None:
    text = "id,name_ko,gtin\nA1,라면,036000291452\nA1,면,\nA2,국수,0036000291452\n"
    assert faults(text) == [(3, "id", "twice"), (4, "gtin", "twice")]


def test_a_row_error_says_what_is_wrong_and_what_to_do_in_both_languages() -> None:
    (error,) = rows.products(parsed("id,name_ko,gtin\nA1,라면,8801043015983\n"))[1]
    assert error == RowError(
        row=2,
        column="gtin",
        value="8801043015983",
        code="gtin_check_digit",
        ko="바코드 끝자리(검사 숫자)가 1이어야 하는데 3입니다.",
        en="The last (check) digit should be 1, not 3.",
        next_ko="포장의 번호와 한 자리씩 견주어 보세요.",
        next_en="Compare the number with the pack, digit by digit.",
    )


def test_a_price_without_end_is_told_the_most_a_price_may_be() -> None:
    asked = read("product,price_krw\nA1,99999999999\n", rows.PRICE_COLUMNS, ("product", "price_krw"))
    (error,) = rows.prices(asked, at_us=0)[1]
    assert error.code == "bad_number"
    assert "0 이상 2,000,000,000 이하" in error.ko


def test_every_row_error_has_all_four_texts() -> None:
    assert all(all(words) for words in WORDS.values())


def test_prices_read_won_signs_commas_and_seoul_dates() -> None:
    text = 'product,price_krw,from\nA1,"1,200원",2026-11-21\nA2,₩900,2026. 11. 21.\nA3,0,2026-11-21 09:30\nA4,500,\n'
    good, errors = rows.prices(read(text, rows.PRICE_COLUMNS, ("product", "price_krw")), at_us=77)
    assert errors == []
    midnight = start_of_day_us(date(2026, 11, 21))
    assert [(p.price_krw, p.from_us - midnight) for _, p in good[:3]] == [(1200, 0), (900, 0), (0, 9.5 * 3_600_000_000)]
    assert good[3][1].from_us == 77


def test_a_moment_with_a_zone_of_its_own_is_that_moment() -> None:
    text = "product,price_krw,from\nA1,1200,2026-11-21T00:30:00Z\nA2,1200,2026-11-21T09:30:00\n"
    good, errors = rows.prices(read(text, rows.PRICE_COLUMNS, ("product", "price_krw")), at_us=77)
    assert errors == []
    assert good[0][1].from_us == good[1][1].from_us


def test_wrong_prices_and_dates_are_named() -> None:
    text = "product,price_krw,from\nA1,,\nA2,12.5,\nA3,-1,\nA4,5,soon\nA5,5,\nA5,6,\n"
    _, errors = rows.prices(read(text, rows.PRICE_COLUMNS, ("product", "price_krw")), at_us=77)
    assert [(e.row, e.column, e.code) for e in errors] == [
        (2, "price_krw", "missing"), (3, "price_krw", "bad_number"), (4, "price_krw", "bad_number"),
        (5, "from", "bad_date"), (7, "from", "twice"),
    ]  # fmt: skip


def test_facings_hold_plates_products_and_counts() -> None:
    heading = "id,gondola,shelf,plates,products,counts\n"
    text = heading + "F1,1,2,1-2-1 1-2-2,A1;A2,6 4\nF2,1,2,1-2-2,A1,\nF3,1,2,1-2-3,A1 A2,6\n"
    good, errors = rows.facings(read(text, rows.FACING_COLUMNS, ("id",)), shop="s1")
    assert good[0][1].plates == ("1-2-1", "1-2-2")
    assert good[0][1].counts == {"A1": 6, "A2": 4}
    assert [(e.row, e.column, e.code) for e in errors] == [(3, "plates", "twice"), (4, "counts", "bad_counts")]


@given(st.integers(0, 10**12 - 1))
def test_one_wrong_digit_or_two_neighbours_swapped_by_a_slip_are_caught(number: int) -> None:
    body = f"{number:012d}"
    code = body + str(gtin.check_digit(body))
    assert gtin.valid(code)
    for place in range(13):
        slipped = code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 :]
        assert not gtin.valid(slipped)


@pytest.mark.parametrize("code", ["036000291452", "96385074", "8801043015981", "10614141000415"])
def test_known_barcodes_are_valid_in_every_length(code: str) -> None:
    assert gtin.valid(code)
    assert gtin.valid(gtin.gtin14(code))


@pytest.mark.parametrize("code", ["", "12345", "８８０１０４３０１５９８１", "88010430159a2", "036000291453"])
def test_what_is_no_barcode_is_not_valid(code: str) -> None:
    assert not gtin.valid(code)
