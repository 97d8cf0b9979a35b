"""Shop files: what is left out has a default, what is wrong is named with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.rehearsal.small_rehearsal import SMALL, small

from madang.kernel import Invalid, MadangError, Malformed, NotFound
from madang.rehearsal.command import example
from madang.rehearsal.laying import laid_out
from madang.rehearsal.shopfile import read
from madang.twin import Geometry
from madang.twin.settings import NORMAL

PRODUCTS = (
    "상품코드,상품명,영문명,무게(g),분류\nA1,콜라,Cola,370,drink\nA2,사이다,Cider,368,drink\nB1,과자,Chips,62,snack\n"
)
PRICES = "상품코드,판매가\nA1,1800\nA2,1800\nB1,2000\n"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_example_is_a_shop_whose_values_are_the_defaults(tmp_path: Path, language: str) -> None:
    shop = read(small(tmp_path, example(language)))
    bare = read(small(tmp_path, "name: x\n", "bare.yaml"))
    assert shop.shoppers.per_hour[8] == 45
    assert shop.racks == bare.racks
    sensors = replace(NORMAL, wrong_weight_share=shop.troubles.wrong_weights)
    assert (shop.sensors, shop.staff.review_s, shop.terms.wrong_max) == (sensors, 30, 0.01) == (
        bare.sensors, bare.staff.review_s, bare.terms.wrong_max,
    )  # fmt: skip
    assert (shop.terms, shop.troubles) == (bare.terms, bare.troubles)
    assert len(Geometry(laid_out(shop).layout).facings) > 150


@pytest.mark.parametrize(
    ("line", "number", "part"),
    [
        ("shopers: {}", 2, "shopers"),
        ("rows: {back: many}", 2, "rows.back"),
        ("rows: {back: 99}", 2, "rows.back"),
        ("rows: {back: 1.5}", 2, "rows.back"),
        ("shoppers: {open: late}", 2, "shoppers.open"),
        ("shoppers:\n  group: 120%", 3, "shoppers.group"),
        ("shoppers:\n  per_hour: {morning: 3}", 3, "shoppers.per_hour.morning"),
        ("sensors: {faults: terrible}", 2, "sensors.faults"),
        ("sensors: {figures: {dead: 1}}", 2, "figures.dead"),
        ("staff: {restock_at: [03:00]}", 2, "staff.restock_at"),
        ("swaps: [F001]", 2, "swaps"),
        ("products: nowhere.csv\nprices: nowhere.csv", 2, "products"),
        ("planogram: nowhere.csv", 2, "planogram"),
        ("favourites: {NOPE: 2}", 2, "favourites.NOPE"),
        ("gondola: {shelves: 10, top_m: 1.0}", 2, "gondola.top_m"),
        ("gondolas: [{x: 0, y: 0, faces: up}]", 2, "gondolas[1].faces"),
        ("name: y", 2, "name"),
    ],
)
def test_a_fault_is_named_with_its_line_in_both_languages(tmp_path: Path, line: str, number: int, part: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(small(tmp_path, f"name: x\n{line}\n"))
    assert refused.value.code == "rehearsal.shop_file"
    for language, word in (("ko", f"{number}행"), ("en", f"line {number}")):
        said = refused.value.text(language)
        assert word in said, said
        assert part in said, said


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Malformed) as refused:
        read(small(tmp_path, "nam: x\nrows: {back: many}\nstaff: {wage_krw_h: -1}\n"))
    assert refused.value.details["lines"] == [1, 2, 3]


@pytest.mark.parametrize(("text", "code"), [("a: [", "not_yaml"), ("\tname: x", "not_yaml"), ("- x", "not_a_shop")])
def test_what_is_no_shop_file_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(small(tmp_path, text))
    assert refused.value.code == f"rehearsal.{code}"


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        read(tmp_path / "no.yaml")
    assert "--example" in refused.value.text("ko")


def test_products_and_prices_come_from_the_files_that_import_takes(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(PRODUCTS, encoding="cp949")
    (tmp_path / "k.csv").write_text(PRICES, encoding="utf-8")
    (tmp_path / "plan.csv").write_text("id,gondola,shelf,plates,products,counts\nX1,1,1,1-1-1 1-1-2,A1,7\n")
    text = SMALL + "products: p.csv\nprices: k.csv\n"
    shop = read(small(tmp_path, text))
    assert next((g.id, g.price_krw, g.type.unit_weight_g) for g in shop.goods) == ("A1", 1800, 370)
    auto = laid_out(shop)
    assert {p for f in auto.layout["planogram"] for p in f["products"]} == {"A1", "A2", "B1"}
    own = laid_out(read(small(tmp_path, text + "planogram: plan.csv\n")))
    assert [(f["id"], f["count"]) for f in own.layout["planogram"]] == [("X1", {"A1": 7})]
    assert own.left_out == ("A2", "B1")


def test_goods_sold_by_weight_are_worth_what_a_piece_weighs(tmp_path: Path) -> None:
    goods = "id,name_ko,name_en,sold_by,unit_weight_g\nM1,삼겹살,Pork belly,weight,512\nM2,햄,Ham,unit,512\n"
    (tmp_path / "p.csv").write_text(goods, encoding="utf-8")
    (tmp_path / "k.csv").write_text("product,price_krw\nM1,2700\nM2,2700\n", encoding="utf-8")
    shop = read(small(tmp_path, SMALL + "products: p.csv\nprices: k.csv\n"))
    assert {g.id: g.price_krw for g in shop.goods} == {"M1": 13_824, "M2": 2_700}


def test_a_wrong_row_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(PRODUCTS + "B2,껌,Gum,heavy,snack\n", encoding="utf-8")
    (tmp_path / "k.csv").write_text(PRICES.replace("B1,2000\n", ""), encoding="utf-8")
    with pytest.raises(Malformed) as refused:
        read(small(tmp_path, SMALL + "products: p.csv\nprices: k.csv\n"))
    assert "row 5" in refused.value.text("en")
    assert "no price of B1" in refused.value.text("en")


def test_a_variant_takes_everything_it_does_not_say_from_what_it_is_like(tmp_path: Path) -> None:
    base = read(small(tmp_path))
    (tmp_path / "below").mkdir()
    other = read(small(tmp_path / "below", "like: ../shop.yaml\nname: 다른 가게\nswaps: [[F001, F002]]\n"))
    assert (other.name, other.racks, other.shoppers) == ("다른 가게", base.racks, base.shoppers)
    at = [{f["id"]: f["products"] for f in laid_out(s).layout["planogram"]} for s in (base, other)]
    assert (at[1]["F001"], at[1]["F002"]) == (at[0]["F002"], at[0]["F001"])
    with pytest.raises(MadangError):
        read(small(tmp_path, "like: round.yaml\n", "round.yaml"))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_example_can_be_compared_with_a_variant_of_it(tmp_path: Path, language: str) -> None:
    base = read(small(tmp_path, example(language)))
    other = read(small(tmp_path, "like: shop.yaml\nname: 다른 가게\nswaps: [[F001, F002]]\n", "swap.yaml"))
    assert (other.swaps, other.goods) == ((("F001", "F002"),), base.goods)
    assert laid_out(other).layout["planogram"] != laid_out(base).layout["planogram"]


def test_swapping_a_facing_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        laid_out(read(small(tmp_path, SMALL + "swaps: [[F001, F999]]\n")))
    assert refused.value.code == "rehearsal.no_such_facing"


def test_gondolas_may_stand_one_by_one(tmp_path: Path) -> None:
    text = "name: x\ngondolas:\n- {x: 0, y: 0, faces: south, plates: 8}\n- {x: 3, y: -2, faces: west, shelves: 4}\n"
    layout = laid_out(read(small(tmp_path, text))).layout
    first, second = layout["gondolas"]
    assert first["outward"] == [0.0, -1.0]
    assert second["outward"] == [-1.0, 0.0]
    assert first["box"][0] == pytest.approx(0.0)
    assert second["box"][0] == pytest.approx(3.0)  # its depth lies behind its front
    assert sum(p["gondola"] == 1 for p in layout["plates"]) == 40


def test_kinds_stay_together_and_heavy_goods_stand_low(tmp_path: Path) -> None:
    shop = read(small(tmp_path, "name: x\n"))
    types = {g.id: g.type for g in shop.goods}
    layout = laid_out(shop).layout
    assert layout == laid_out(shop).layout
    boards = [(types[f["products"][0]], f["box"][2]) for f in layout["planogram"]]
    assert all(z < 1.0 for p, z in boards if p.unit_weight_g >= 900)
    used = [plate for f in layout["planogram"] for plate in f["plates"]]
    assert len(used) == len(set(used))


def test_fewer_cameras_hide_people_more_often(tmp_path: Path) -> None:
    few, many = (read(small(tmp_path, f"name: x\nsensors: {{cameras: {n}}}\n")).sensors for n in (2, 20))
    assert few.occlusion_per_min > NORMAL.occlusion_per_min > many.occlusion_per_min
