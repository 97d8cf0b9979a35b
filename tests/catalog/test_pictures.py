"""Pictures: checked by content, drawn anew without what hides in a file, in order, taken away and put back."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from tests.catalog.shop_of_goods import BY, NEIGHBOUR, Goods, plain

from madang.catalog import State, pictures
from madang.catalog.pictures import Picture, Size, Words, resized
from madang.files import Store, destroy_due
from madang.kernel import Conflict, Forbidden, Invalid, MadangError, NotFound, TooLarge
from madang.kernel.clock import DAY_US

GPS_IFD, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112


def photograph(form: str = "JPEG", size: tuple[int, int] = (800, 600), **more: object) -> bytes:
    """A picture with something to see, red on the left and blue on the right."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


def with_place() -> bytes:
    """A photograph as a phone makes it: camera, place, lying on its side."""
    exif = Image.Exif()
    exif[MAKE] = "Hidden Camera Works"
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (37.0, 33.0, 59.4), 3: "E", 4: (126.0, 58.0, 41.1)})
    return photograph(exif=exif, comment=b"written at home")


def test_where_a_picture_was_taken_is_not_kept() -> None:
    data = with_place()
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(GPS_IFD), "the file must say where, or this proves nothing"
    assert b"Hidden Camera" in data
    for one in resized(data):
        kept = Image.open(io.BytesIO(one.content))
        assert not kept.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & kept.info.keys()
        for hidden in (b"Hidden Camera", b"written at home", b"EXIF", b"GPS"):
            assert hidden not in one.content


def test_a_picture_is_turned_upright_and_made_in_each_width_that_is_not_wider() -> None:
    upright = resized(with_place())
    assert [(one.width, one.height) for one in upright] == [(320, 427)]  # 600 wide once it stands
    top = Image.open(io.BytesIO(upright[0].content)).getpixel((160, 20))
    assert top[0] > 200 > top[2], "what was left is up"
    large = resized(photograph("PNG", (2000, 1000)))
    assert [(one.width, one.height) for one in large] == [(320, 160), (640, 320), (1280, 640)]
    assert [(one.width, one.height) for one in resized(photograph("WEBP", (200, 180)))] == [(200, 180)]


def test_what_is_transparent_lies_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(out, "PNG")
    assert Image.open(io.BytesIO(resized(out.getvalue())[0].content)).getpixel((5, 5)) == (255, 255, 255)


def bomb() -> bytes:
    """A PNG of some hundred bytes that says it is 60,000 by 60,000."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bomb(), "catalog.picture_too_large"),
        (bytes(pictures.BYTES_MAX + 1), "catalog.picture_too_large"),
        (b"", "catalog.bad_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "catalog.bad_picture"),
        (b"<!doctype html><script>alert(1)</script>", "catalog.bad_picture"),
        (b"%PDF-1.7", "catalog.bad_picture"),
        (photograph("GIF"), "catalog.bad_picture"),
        (photograph(size=(150, 900)), "catalog.bad_picture"),
        (photograph()[:2000], "catalog.bad_picture"),
    ],
)  # fmt: skip
def test_what_is_no_picture_or_too_much_of_one_is_refused(data: bytes, code: str) -> None:
    with pytest.raises((Invalid, TooLarge)) as error:
        resized(data)
    assert error.value.code == code


def test_no_broken_file_gets_past_with_another_error() -> None:
    rng, whole = random.Random(5), [photograph(size=(200, 200)), photograph("PNG", (200, 200)), with_place()]
    for _ in range(60):
        data = bytearray(rng.choice(whole))
        for _ in range(rng.randrange(1, 30)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            resized(bytes(data))
        except MadangError:
            continue


def add(goods: Goods, listing: str = "RAMEN", ko: str = "", sha: str = "a" * 64) -> Picture:
    id_, size = goods.ids.new(), Size(width=320, height=240, sha256=sha, bytes=9)
    words = Words(ko=ko, en=ko)
    return goods.write(lambda tx: pictures.add(tx, BY, listing, [size], id=id_, at_us=goods.now, words=words))


def shown(goods: Goods, listing: str = "RAMEN") -> list[str]:
    found = goods.read(lambda tx: pictures.of_listings(tx, NEIGHBOUR, [listing]))
    return [one.words.ko for one in found.get(listing, ())]


def test_pictures_are_put_in_order_described_taken_away_and_put_back(goods: Goods) -> None:
    front, side, back = (add(goods, ko=words) for words in ("앞", "옆", "뒤"))
    assert shown(goods) == ["앞", "옆", "뒤"]
    goods.write(lambda tx: pictures.move(tx, BY, back.id, -2, act=goods.ids.new(), at_us=goods.now))
    goods.write(lambda tx: pictures.move(tx, BY, front.id, 99, act=goods.ids.new(), at_us=goods.now))
    assert shown(goods) == ["뒤", "옆", "앞"]
    words = Words(ko="  봉지  옆면 ", en="side")
    goods.write(lambda tx: pictures.describe(tx, BY, side.id, words, act=goods.ids.new(), at_us=goods.now))
    goods.write(lambda tx: pictures.remove(tx, BY, back.id, act=goods.ids.new(), at_us=goods.now))
    assert shown(goods) == ["봉지 옆면", "앞"]
    with pytest.raises(NotFound):
        goods.read(lambda tx: pictures.picture(tx, NEIGHBOUR, back.id))
    goods.write(lambda tx: pictures.restore(tx, BY, back.id, act=goods.ids.new(), at_us=goods.now))
    assert shown(goods) == ["뒤", "봉지 옆면", "앞"]
    assert goods.read(lambda tx: pictures.picture(tx, NEIGHBOUR, back.id)).size(320) is not None


def test_only_staff_change_pictures_and_hidden_goods_hide_theirs(goods: Goods) -> None:
    one = add(goods)
    with pytest.raises(Forbidden):
        goods.write(lambda tx: pictures.remove(tx, NEIGHBOUR, one.id, act=goods.ids.new(), at_us=goods.now))
    with pytest.raises(NotFound):
        add(goods, listing="NOBODY-KNOWS")
    with pytest.raises(Invalid, match="bad_picture_words"):
        add(goods, ko="가" * 201)
    for _ in range(pictures.PICTURES_MAX - 1):
        add(goods)
    with pytest.raises(Conflict, match="too_many_pictures"):
        add(goods)
    goods.list(plain("RAMEN", id="RAMEN", state=State.HIDDEN))
    with pytest.raises(NotFound):
        goods.read(lambda tx: pictures.picture(tx, NEIGHBOUR, one.id))
    assert goods.read(lambda tx: pictures.picture(tx, BY, one.id)) == one


def test_bytes_of_a_picture_go_thirty_days_after_it_was_taken_away(goods: Goods, tmp_path: Path) -> None:
    store = Store(tmp_path / "files", goods.clock)
    sha = store.put("n1", b"picture")
    gone, stays = add(goods, sha=sha), add(goods, sha=store.put("n1", b"another"))
    goods.write(lambda tx: pictures.remove(tx, BY, gone.id, act=goods.ids.new(), at_us=goods.now))
    for days, forgotten in ((29, 0), (31, 1), (32, 0)):
        now_us = goods.now + days * DAY_US
        assert goods.write(lambda tx, now_us=now_us: pictures.forget(tx, BY, at_us=now_us)) == forgotten
    goods.clock.advance(s=32 * DAY_US // 1_000_000 + 3601)
    destroy_due(goods.db, store, BY, now_us=goods.now)
    with pytest.raises(NotFound):
        store.get("n1", sha)
    assert store.get("n1", stays.sizes[0].sha256) == b"another"
    with pytest.raises(NotFound):
        goods.write(lambda tx: pictures.restore(tx, BY, gone.id, act=goods.ids.new(), at_us=goods.now))
