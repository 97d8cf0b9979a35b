"""Faces: readable colours, safe emblems, inheritance by scope and day, who may set and take back, the page itself."""

from __future__ import annotations

import struct
import zlib
from datetime import date
from typing import Any

import httpx
import pytest
from tests.asking import Client
from tests.storefront.street import BY, N, Street

from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, Uuid7, start_of_day_us
from madang.kernel.clock import DAY_US
from madang.places.faces import Face, Season, Speciality, colours, emblems, inherit, pages, service
from madang.places.faces.model import What
from madang.ui import Pages
from madang.ui.desk import Desk
from madang.ui.session import Asking, Identity, token_of
from madang.web import Shopfront, create_app

OFFICER = Actor(Kind.PERSON, "officer", N, frozenset({Role.CITY_OFFICER}))
GUILD = Actor(Kind.PERSON, "guild", N, frozenset({Role.GUILD_STEWARD}))
MERCHANT = Actor(Kind.PERSON, "merchant", N, frozenset({Role.MERCHANT}), frozenset({"s1"}))
SPRING = Season(name_ko="봄", name_en="Spring", first="03-01", last="05-31", slogan_ko="꽃 피는 길")
FESTIVAL = Season(
    name_ko="도자기 축제",
    name_en="Pottery week",
    first="2026-04-20",
    last="2026-04-26",
    accent="#7a2e00",
    ground="#ffe9d6",
)
WINTER = Season(name_ko="겨울", name_en="Winter", first="12-01", last="02-29")
CITY = Face(
    name_ko="가람시", name_en="Garam", slogan_ko="물 맑은 도시", currency_ko="가람사랑상품권", accent="#0b5394",
    ground="#dcebf7", seasons=(SPRING, FESTIVAL, WINTER),
    specialities=(Speciality(name_ko="도자기", name_en="Pottery"),),
)  # fmt: skip
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="20px" '
    b'onload="alert(1)"><style>.a{fill:#f00}.b{fill:url(http://x/y)}@import "http://x";</style><script>alert(1)</script>'
    b'<g class="a b" style="stroke:blue;behavior:url(#x)"><circle r="5" onclick="x()"/></g><image href="http://x/y.png"/>'
    b'<a xlink:href="javascript:x()"><path d="M0 0"/></a><use xlink:href="http://x#y"/><rect fill="url(#g)"/>'
    b"<foreignObject><p>hi</p></foreignObject></svg>"
)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more: bytes, pixels: bytes = b"\0\xff\0\0", side: int = 1) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def test_contrast_is_the_standards_and_the_nearest_colour_keeps_its_hue() -> None:
    assert colours.contrast("#000000", "#ffffff") == 21
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert not colours.accent_fits("#ffcc00")
    near = colours.nearest("#ffcc00", colours.accent_fits)
    assert colours.accent_fits(near)
    r, g, b = (int(near[i : i + 2], 16) for i in (1, 3, 5))
    assert r > g > b, "still a yellow, darker"
    for number in range(0, 0xFFFFFF, 65_537 * 5):
        accent = colours.nearest(f"#{number:06x}", colours.accent_fits)
        ground = colours.nearest(f"#{number:06x}", colours.ground_fits)
        assert colours.accent_fits(accent)
        dark = colours.dark(accent, ground)
        for under in (*colours.DARK_GROUNDS, dark.tint):
            assert colours.contrast(dark.accent, under) >= colours.AA
        assert colours.contrast(dark.accent_ink, dark.accent) >= colours.AA
        assert colours.contrast(dark.ground, colours.DARK_INK) >= colours.AA


def test_an_svg_keeps_its_picture_and_nothing_that_acts() -> None:
    made = emblems.safe(SVG)
    text = made.data.decode()
    for word in (
        "script",
        "alert",
        "http://x",
        "image",
        "foreignObject",
        "onload",
        "onclick",
        "javascript",
        "behavior",
    ):
        assert word not in text.replace("http://www.w3.org", ""), word
    for word in ('fill="#f00"', 'stroke="blue"', "<circle", 'viewBox="0 0 40 20"', 'fill="url(#g)"'):
        assert word in text, word
    assert {"<script>", "<image>", "<a>", "<foreignObject>", "onload", "onclick"} <= set(made.dropped)
    assert emblems.safe(made.data).data == made.data, "what is safe stays as it is"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GIF89a", b"<svg/>", b"<html><svg/></html>", b"<svg><circle r='1'>", SVG * 400,
        b'<!DOCTYPE svg [<!ENTITY a "aa">]><svg><path d="&a;"/></svg>',
        b"<svg>" + b"<g>" * 60 + b"</g>" * 60 + b"</svg>",
        png()[:-5], png(pixels=b"\0" * 5000), png(side=5000), png().replace(b"IDAT", b"IDAX"),
    ],
)  # fmt: skip
def test_what_is_no_safe_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        emblems.safe(data)
    assert refused.value.code == "places.bad_emblem"


def test_a_png_loses_where_it_was_taken_and_keeps_its_pixels() -> None:
    made = emblems.safe(png(chunk(b"eXIf", b"GPS 37.5"), chunk(b"tEXt", b"Author\0Mina"), chunk(b"tIME", b"1234567")))
    assert made.data == png()


def test_the_shortest_season_counts_and_winter_goes_over_the_new_year() -> None:
    on = {
        date(2026, 4, 22): FESTIVAL, date(2027, 4, 22): SPRING, date(2026, 5, 31): SPRING, date(2026, 6, 1): None,
        date(2026, 12, 1): WINTER, date(2027, 2, 28): WINTER, date(2027, 3, 1): SPRING,
    }  # fmt: skip
    for day, season in on.items():
        assert inherit.season_on(CITY.seasons, day) == season, day


def test_a_shop_inherits_field_by_field_and_colours_together() -> None:
    guild = Face(slogan_ko="골목이 마당", accent="#7a2e00")
    day = date(2026, 4, 22)
    shown = inherit.shown([("s1", Face(currency_en="x")), ("neighbourhood", guild), ("municipality", CITY)], day)
    assert (shown.name_ko, shown.slogan_ko, shown.currency_ko) == ("가람시", "골목이 마당", "가람사랑상품권")
    assert (shown.accent, shown.ground) == ("#7a2e00", ""), "the city's ground was not looked at beside this accent"
    assert (shown.season, shown.sources["name_ko"]) == (FESTIVAL, "municipality")
    alone = inherit.shown([("municipality", CITY)], day)
    assert (alone.accent, alone.ground, alone.slogan_ko) == ("#7a2e00", "#ffe9d6", "물 맑은 도시")
    assert not inherit.shown([], day).own


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids).open()


def set_face(street: Street, by: Actor, scope: str, face: Face, **more: Any) -> int:
    given = {"from_us": 0, "at_us": street.now} | more
    return street.write(lambda tx: service.set_face(tx, by, scope, face, **given)).version


def shown(street: Street, at_us: int | None = None, shop: str | None = "s1") -> str:
    return street.read(lambda tx: service.face_of(tx, street.mina, shop, at_us or street.now)).slogan_ko


def test_faces_begin_on_their_day_and_what_is_taken_back_gives_way_to_the_one_before(street: Street) -> None:
    began = street.now
    set_face(street, OFFICER, "municipality", CITY)
    street.clock.advance(s=60)
    coming = set_face(street, OFFICER, "municipality", Face(slogan_ko="새 이름"), from_us=street.now + DAY_US)
    set_face(street, GUILD, "neighbourhood", Face(slogan_ko="골목이 마당"))
    assert shown(street) == "골목이 마당"
    assert shown(street, shop=None) == "골목이 마당"
    street.clock.advance(s=60)
    street.write(lambda tx: service.decide(tx, GUILD, "neighbourhood", 1, What.WITHDRAWN, at_us=street.now))
    assert shown(street) == "물 맑은 도시"
    assert shown(street, street.now - 1) == "골목이 마당", "what was shown then stays true"
    assert shown(street, began - 1) == ""
    assert shown(street, street.now + DAY_US) == "새 이름"
    street.write(lambda tx: service.decide(tx, OFFICER, "municipality", coming, What.WITHDRAWN, at_us=street.now))
    assert shown(street, street.now + DAY_US) == "물 맑은 도시"
    with pytest.raises(Conflict):
        street.write(lambda tx: service.decide(tx, BY, "municipality", coming, What.APPROVED, at_us=street.now))


def test_with_approval_it_waits_for_somebody_else(street: Street) -> None:
    set_face(street, OFFICER, "municipality", CITY, approval=True)
    assert shown(street) == ""
    with pytest.raises(Conflict, match="own_face"):
        street.write(lambda tx: service.decide(tx, OFFICER, "municipality", 1, What.APPROVED, at_us=street.now))
    with pytest.raises(NotFound):
        street.write(lambda tx: service.decide(tx, GUILD, "municipality", 1, What.APPROVED, at_us=street.now))
    street.clock.advance(s=5)
    street.write(lambda tx: service.decide(tx, BY, "municipality", 1, What.APPROVED, at_us=street.now))
    assert shown(street) == "물 맑은 도시"
    assert shown(street, street.now - 1) == ""


@pytest.mark.parametrize(
    ("by", "scope"),
    [(GUILD, "municipality"), (MERCHANT, "neighbourhood"), (MERCHANT, "s2"), (GUILD, "s1"), (OFFICER, "s1")],
)
def test_everybody_keeps_their_own_face_only(street: Street, by: Actor, scope: str) -> None:
    with pytest.raises(Forbidden):
        set_face(street, by, scope, Face())


@pytest.mark.parametrize(
    ("face", "field"),
    [
        (Face(slogan_ko="가" * 61), "slogan_ko"), (Face(slogan_en="a\nb"), "slogan_en"), (Face(name_ko="가게"), "name"),
        (Face(seasons=(Season(name_ko="봄", name_en="", first="03-01", last="05-31"),)), "seasons.1.name"),
        (Face(seasons=(Season(name_ko="봄", name_en="S", first="03-01", last="2026-05-31"),)), "seasons.1.days"),
        (Face(seasons=(Season(name_ko="봄", name_en="S", first="13-01", last="14-31"),)), "seasons.1.days"),
        (Face(seasons=(Season(name_ko="봄", name_en="S", first="2026-05-02", last="2026-05-01"),)), "seasons.1.days"),
        (Face(specialities=(Speciality(name_ko="배", name_en=""),)), "specialities.1.name"),
        (Face(accent="red"), "accent"), (Face(accent="#FFFFFF"), "accent"), (Face(emblem="0" * 64), None),
        (Face(accent="#ffee00"), "accent"), (Face(ground="#333333"), "ground"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(street: Street, face: Face, field: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        set_face(street, MERCHANT, "s1", face)
    assert refused.value.details.get("field") == field
    if refused.value.code == "places.face_contrast":
        assert refused.value.details["nearest"] in refused.value.text("en")


def test_an_officer_uploads_looks_first_sets_and_takes_back_without_code(
    street: Street,
) -> None:
    who: list[Actor | None] = [OFFICER]

    def identify(_asking: Asking) -> Identity | None:
        return None if who[0] is None else Identity(by=who[0], acting=lambda _shop: who[0] or OFFICER, bound="b" * 32)

    desk = Desk("places", street.db, street.clock, street.ids, Pages(), N)
    routes = pages.router(desk, approval=False)
    client = Client(create_app(Shopfront(neighbourhood=N, clock=street.clock, more=[routes], identify=identify)))

    def post(path: str, file: bytes | None = None, **form: str) -> httpx.Response:
        street.clock.advance(s=1)
        hidden = {"csrf_token": token_of("b" * 32), "idempotency_key": str(street.ids.new())}
        files = {"file": ("e.svg", file, "image/svg+xml")} if file is not None else None
        headers = {"accept": "text/html"}
        return client.post(path, headers=headers, data=hidden | form, files=files, own_form=False)

    client.get("/faces", headers={"accept": "text/html"})  # a browser has a cookie from its first page on
    words = {"slogan_ko": "물 맑은 도시", "slogan_en": "Clear water", "t0.name_ko": "가을", "t0.name_en": "Autumn"}
    words |= {"t0.first": "09-01", "t0.last": "11-30", "accent": "0B5394", "ground": "#dcebf7", "s0.name_ko": "배"}
    wrong = post("/faces/municipality", SVG, what="preview", **words)
    assert (wrong.status_code, "specialities.1.name" in wrong.text) == (422, True)
    words |= {"s0.name_en": "Pears"}
    yellow = post("/faces/municipality", **{**words, "accent": "#fc0"})
    assert (yellow.status_code, "가장 가까운" in yellow.text) == (422, True)
    look = post("/faces/municipality", SVG, what="preview", **words)
    assert look.status_code == 200
    assert "face-preview" in look.text
    assert "foreignObject" in look.text, "it says what was left out"
    assert shown(street) == "", "nothing is set yet"
    name = look.text.split('name="emblem" value="')[1].split('"')[0]
    assert len(name) == 64
    done = post("/faces/municipality", what="set", emblem=name, **words)
    assert (done.status_code, done.headers["location"]) == (303, "/faces/municipality?said=set")
    face = street.read(lambda tx: service.face_of(tx, BY, "s1", start_of_day_us(date(2027, 10, 2))))
    assert (face.emblem, face.season.name_en if face.season else "", face.accent) == (name, "Autumn", "#0b5394")
    picture = client.get(f"/faces/emblems/{name}")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    sheet = client.get("/faces/colours/page/0b5394-dcebf7.css")
    assert "--accent:#0b5394" in sheet.text
    assert "immutable" in sheet.headers["cache-control"]
    assert client.get("/faces/colours/page/ffee00-dcebf7.css").status_code == 404
    assert post("/faces/municipality/1/withdrawn").status_code == 303
    assert shown(street) == ""
    for path in ("/faces?lang=en", "/faces/municipality?lang=en", "/faces/neighbourhood"):
        assert client.get(path, headers={"accept": "text/html"}).status_code == 200
    assert client.get("/faces/s1", headers={"accept": "text/html"}).status_code == 200, "officers agree to shops' faces"
    assert post("/faces/s1", what="set", slogan_ko="내 것").status_code == 403
