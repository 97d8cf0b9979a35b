"""The words of row errors, by code: what is wrong and what to do (``docs/catalog.md`` lists them)."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    ko: str
    en: str
    next_ko: str
    next_en: str


WORDS: dict[str, Words] = {
    "missing": Words("값이 비어 있습니다.", "The value is missing.", "값을 채우세요.", "Fill it in."),
    "extra_cell": Words(
        "제목이 없는 칸에 값이 있습니다.",
        "A cell has no heading above it.",
        "값을 지우거나, 쉼표가 든 값은 따옴표로 묶으세요.",
        "Clear it, or quote a value that holds a comma.",
    ),
    "not_own": Words(
        "우리 가게의 상품이 아니라 내용을 고칠 수 없습니다.",
        "It is not your shop's own product to change.",
        "가게 가격만 정하거나 다른 코드로 넣으세요.",
        "Set your shop's price only, or use a code of your own.",
    ),
    "too_long": Words("{most}자보다 깁니다.", "It is longer than {most} characters.", "줄여 쓰세요.", "Shorten it."),
    "bad_id": Words(
        "코드로 쓸 수 없는 글자가 있거나 64자보다 깁니다.",
        "It holds characters a code may not have, or is longer than 64.",
        "영문, 숫자, '.', '-', '_'만 쓰세요.",
        "Use letters, digits, '.', '-' and '_' only.",
    ),
    "bad_name": Words(
        "이름이 비었거나 200자보다 깁니다.",
        "A name is empty or longer than 200 characters.",
        "이름을 고치세요.",
        "Mend the name.",
    ),
    "unknown_word": Words(
        "그런 이름의 항목이 없습니다({what}).",
        "Nothing of that name is known ({what}).",
        "등록된 이름이나 코드를 쓰세요. 이름이 겹치면 코드로 적으세요.",
        "Use a name or code that exists; a code where two have that name.",
    ),
    "listing_differs": Words(
        "같은 상품인데 {first}행과 다르게 적혔습니다.",
        "It is the same product as row {first}, but says otherwise.",
        "두 행을 같게 하거나 비워 두세요.",
        "Make both rows say the same, or leave this one empty.",
    ),
    "row_differs": Words(
        "같은 것인데 {first}행과 다르게 적혔습니다.",
        "It is the same one as row {first}, but says otherwise.",
        "두 행을 같게 하거나 비워 두세요.",
        "Make both rows say the same, or leave this one empty.",
    ),
    "bad_parent": Words(
        "상위 분류가 없거나 서로를 가리킵니다.",
        "Its parent is not there, or lies inside it.",
        "파일이나 이 동네에 있는 분류의 코드나 이름을 쓰세요.",
        "Use the code or name of a category that the file or this neighbourhood has.",
    ),
    "bad_part": Words(
        "묶음에 넣을 수 없는 상품입니다.",
        "A bundle cannot hold that.",
        "낱개로 파는 상품을 넣으세요. 묶음 안에 묶음은 안 됩니다.",
        "Put in goods sold per piece; no bundle inside a bundle.",
    ),
    "bad_words": Words(
        "같은 말은 쉼표로 나눈 낱말 2~20개(각 40자까지)입니다. 지우려면 한 낱말만 적으세요.",
        "A row has 2 to 20 words of up to 40 characters, comma between; a single word is taken out.",
        "줄을 나누거나 낱말을 줄이세요.",
        "Split the row or shorten its words.",
    ),
    "bad_particular": Words(
        "쓸 수 없는 값입니다.",
        "That value will not do.",
        "내용량, 포장 크기(mm, 5,000까지), HS 코드(숫자 6·8·10자리), 나라(두 글자)를 확인하세요.",
        "Check net content, packed size (mm, up to 5,000), HS code (6, 8 or 10 digits) and country (two letters).",
    ),
    "bad_until": Words(
        "끝이 시작보다 늦어야 합니다.",
        "It must end after it begins.",
        "끝나는 날을 시작보다 뒤로 하거나 비워 두세요.",
        "Let it end later, or leave the end empty.",
    ),
    "bad_options": Words(
        "옵션은 '크기=대; 색=빨강'처럼 적습니다.",
        "Options are written 'Size=Large; Colour=Red'.",
        "이름과 값을 '='로 잇고 ';'로 나누세요.",
        "Join name and value with '=' and separate them with ';'.",
    ),
    "bad_listing": Words(
        "상품 페이지로 쓸 수 없는 내용입니다.",
        "A product page cannot be like this.",
        "옵션이 있는 상품은 행마다 서로 다른 옵션을 적고, 글은 정해진 길이에 맞추세요.",
        "Give each variant options of its own, and keep texts within their length.",
    ),
    "bad_gtin": Words(
        "올바른 바코드가 아닙니다.",
        "That is not a valid barcode.",
        "8, 12, 13, 14자리 숫자와 끝자리 검사 숫자를 확인하세요.",
        "Check that it has 8, 12, 13 or 14 digits and the right check digit.",
    ),
    "gtin_rounded": Words(
        "엑셀이 바코드를 반올림했습니다.",
        "The spreadsheet has rounded the barcode.",
        "열 서식을 '텍스트'로 바꾸고 번호를 다시 넣으세요.",
        "Format the column as text and enter the number again.",
    ),
    "gtin_length": Words(
        "바코드는 숫자 8, 12, 13, 14자리여야 합니다.",
        "A barcode has 8, 12, 13 or 14 digits.",
        "포장의 번호를 확인하세요. 앞의 0이 지워졌다면 열 서식을 '텍스트'로 바꾸세요.",
        "Check the number on the pack; if leading zeros were lost, format the column as text.",
    ),
    "gtin_check_digit": Words(
        "바코드 끝자리(검사 숫자)가 {right}이어야 하는데 {given}입니다.",
        "The last (check) digit should be {right}, not {given}.",
        "포장의 번호와 한 자리씩 견주어 보세요.",
        "Compare the number with the pack, digit by digit.",
    ),
    "bad_choice": Words(
        "쓸 수 없는 값입니다.", "That value cannot be used.", "다음 중에서 쓰세요: {allowed}.", "Use one of: {allowed}."
    ),
    "not_a_number": Words(
        "숫자가 아닙니다.", "It is not a number.", "숫자만 쓰세요. 예: 1,200", "Write digits only, for example 1,200."
    ),
    "bad_number": Words(
        "{least} 이상 {most} 이하의 정수여야 합니다.",
        "It must be a whole number from {least} to {most}.",
        "소수점과 단위를 빼고 쓰세요.",
        "Write it without decimals and units.",
    ),
    "bad_weight": Words(
        "0 이상 1,000,000 이하의 그램이어야 합니다.",
        "It must be grams from 0 to 1,000,000.",
        "그램(g)으로 쓰세요.",
        "Write it in grams.",
    ),
    "bad_date": Words(
        "날짜를 읽을 수 없습니다.",
        "The date cannot be read.",
        "2026-11-21 또는 2026-11-21 09:00처럼 쓰세요(서울 시각).",
        "Write it like 2026-11-21 or 2026-11-21 09:00 (Seoul time).",
    ),
    "bad_counts": Words(
        "수량이 상품 수와 맞지 않거나 숫자가 아닙니다.",
        "The counts do not match the products, or are no numbers.",
        "상품마다 수량을 하나씩, 같은 순서로 쓰세요. 예: 6 4",
        "Write one count for each product, in the same order, like 6 4.",
    ),
    "twice": Words(
        "{first}행에 이미 있습니다.",
        "Row {first} has it already.",
        "둘 중 하나를 지우거나 고치세요.",
        "Remove or change one of the two.",
    ),
    "unknown_product": Words(
        "카탈로그에 없는 상품입니다.",
        "The catalogue has no such product.",
        "상품 파일을 먼저 가져오거나 코드를 고치세요.",
        "Import the products first, or mend the code.",
    ),
    "unknown_shop": Words(
        "없는 가게입니다.",
        "There is no such shop.",
        "가게 코드를 확인하거나 칸을 비우세요(모든 가게).",
        "Check the shop's code, or leave the cell empty (every shop).",
    ),
    "unknown_seller": Words(
        "정산 대상으로 등록되지 않은 판매자입니다.",
        "This seller is not registered to be settled.",
        "정산 화면에서 먼저 등록하거나(예: maker/kim), 칸을 비우세요(가게가 판매자).",
        "Register them under Settlement first (like maker/kim), or leave the cell empty (the shop sells).",
    ),
    "gtin_taken": Words(
        "'{other}' 상품이 이미 쓰는 바코드입니다.",
        "The product '{other}' has this barcode already.",
        "같은 상품이면 그 상품코드를 쓰고, 아니면 바코드를 고치세요.",
        "If it is the same product use that code, else mend the barcode.",
    ),
    "price_in_past": Words(
        "이미 적용된 가격은 바꿀 수 없습니다.",
        "A price that has been in force cannot be changed.",
        "적용일을 지금이나 나중으로 하세요.",
        "Let it begin now or later.",
    ),
    "bad_lot": Words(
        "소비기한이나 로트로 읽을 수 없습니다.",
        "It cannot be read as an expiry date or a lot.",
        "소비기한은 2026-12-01처럼, 로트는 소비기한과 함께 영문·숫자 20자까지로 적으세요.",
        "Write the date like 2026-12-01, and a lot beside its date with up to 20 letters and digits.",
    ),
    "gtin_of_other": Words(
        "'{other}' 상품의 바코드입니다.",
        "It is the barcode of the product '{other}'.",
        "상품코드나 바코드 하나만 남기거나 맞게 고치세요.",
        "Leave one of code and barcode, or mend the one that is wrong.",
    ),
    "not_enough": Words(
        "꺼낼 수 있는 것은 {n}입니다.",
        "Only {n} can be taken from there.",
        "수량, 소비기한, 로트를 확인하세요. 예약된 것은 꺼낼 수 없습니다.",
        "Check amount, date and lot; what is reserved cannot be taken.",
    ),
    "under_reserved": Words(
        "{n}이 주문에 예약되어 있어 그보다 적게 셀 수 없습니다.",
        "{n} are reserved for orders; fewer cannot be counted.",
        "예약된 주문을 먼저 줄이거나 취소하세요.",
        "Reduce or cancel those orders first.",
    ),
    "unknown_place": Words(
        "물건을 둘 수 있는 다른 장소가 아닙니다.",
        "That is no other place that keeps goods.",
        "가게, 거점, 방의 코드나 이름을 쓰세요.",
        "Use the code or name of a shop, a hub or a room.",
    ),
    "another_shops": Words(
        "다른 가게의 상품입니다.",
        "It is another shop's product.",
        "우리 가게나 동네 공용 상품의 코드를 쓰세요.",
        "Use the code of a product of your shop or of the neighbourhood.",
    ),
    "unknown_plate": Words(
        "이 진열대의 이 선반에 저울판 {plates}이(가) 없습니다.",
        "This shelf of this gondola has no plate {plates}.",
        "배치도에서 진열대, 선반, 저울판 번호를 확인하세요.",
        "Check gondola, shelf and plate against the shop's layout.",
    ),
    "plate_taken": Words(
        "저울판 {plates}을(를) 진열 '{other}'이(가) 이미 씁니다.",
        "Plate {plates} belongs to the facing '{other}' already.",
        "한쪽의 저울판을 고치세요.",
        "Change the plates of one of them.",
    ),
}
