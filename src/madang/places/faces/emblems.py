"""Emblems made safe: an SVG is written anew from what is harmless, a PNG keeps nothing but its picture. Pure.

Nothing that can run, ask another server or say where a picture was taken survives: no script, no event, no reference
that leaves the file, no entity, no style sheet, no EXIF, no text chunk.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from madang.kernel import Invalid

BYTES_MAX = 200_000
ELEMENTS_MAX = 4_000
DEPTH_MAX = 40
SIDE_MAX = 2_048
SVG, PNG = "image/svg+xml", "image/png"
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}

_ELEMENTS = """svg g defs path rect circle ellipse line polyline polygon linearGradient radialGradient stop clipPath
    mask use"""
_ATTRIBUTES = """id d x y x1 y1 x2 y2 cx cy r rx ry fx fy width height points viewBox transform preserveAspectRatio
    pathLength fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin
    stroke-miterlimit stroke-dasharray stroke-dashoffset opacity clip-path clip-rule mask offset stop-color
    stop-opacity gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits href color"""
ELEMENTS, ATTRIBUTES = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
STYLED = ATTRIBUTES - {"id", "d", "points", "viewBox", "href", "transform", "gradientTransform"}
_URL = re.compile(r"url\(\s*(['\"]?)(#[\w.-]+)\1\s*\)")
_RULE = re.compile(r"\.([\w-]+)\s*\{([^{}]*)\}")


class Emblem(NamedTuple):
    """A safe picture; ``dropped`` names what an SVG had to leave behind."""

    media_type: str
    data: bytes
    dropped: tuple[str, ...] = ()


def safe(data: bytes) -> Emblem:
    """Raises ``Invalid`` ``places.bad_emblem`` for what is neither an SVG nor a PNG, too large or broken."""
    if len(data) > BYTES_MAX:
        raise bad(f"{BYTES_MAX // 1000} kB까지 올릴 수 있습니다", f"it may have {BYTES_MAX // 1000} kB at most")
    if data.startswith(_PNG_HEAD):
        return Emblem(PNG, _png(data))
    return _svg(data)


def bad(ko: str, en: str) -> Invalid:
    return Invalid(
        "places.bad_emblem",
        ko=f"이 파일은 엠블럼으로 쓸 수 없습니다: {ko}.",
        en=f"This file cannot be an emblem: {en}.",
        next_ko="SVG나 PNG 파일을 올려 주세요.",
        next_en="Upload an SVG or a PNG.",
    )


# --- PNG (ISO/IEC 15948) ---------------------------------------------------------------------------------------------
def _png(data: bytes) -> bytes:
    """The same picture with its critical chunks only, every checksum and the picture's size looked at."""
    out, at, pixels = [_PNG_HEAD], len(_PNG_HEAD), b""
    head: tuple[int, ...] = ()
    kind = b""
    while at < len(data) and kind != b"IEND":
        if at + 12 > len(data):
            raise _broken()
        (size,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body, end = data[at + 8 : at + 8 + size], at + 12 + size
        if end > len(data) or struct.unpack(">I", data[end - 4 : end])[0] != zlib.crc32(kind + body):
            raise _broken()
        if not head and kind != b"IHDR":
            raise _broken()
        if kind == b"IHDR":
            head = _png_head(body)
        if kind in _PNG_KEPT:
            out.append(data[at:end])
        elif not kind[0] & 0x20:  # a critical chunk nobody knows: the picture would not be the same without it
            raise _broken()
        pixels += body if kind == b"IDAT" else b""
        at = end
    if kind != b"IEND" or not _png_is_whole(head, pixels):
        raise _broken()
    return b"".join(out)


def _png_head(body: bytes) -> tuple[int, ...]:
    if len(body) != 13:
        raise _broken()
    head = struct.unpack(">IIBBBBB", body)
    width, height, depth, colour, packing, filters, laced = head
    fits = depth in _DEPTHS.get(colour, ()) and packing == filters == 0 and laced in (0, 1)
    if not fits or not 0 < width <= SIDE_MAX or not 0 < height <= SIDE_MAX:
        raise bad(f"가로세로 {SIDE_MAX}픽셀까지입니다", f"{SIDE_MAX} pixels a side are the most")
    return head


def _png_is_whole(head: tuple[int, ...], pixels: bytes) -> bool:
    """Whether the packed picture has as many bytes as its head says, without unpacking more than that."""
    width, height, depth, colour, _, _, laced = head
    bits = depth * _CHANNELS[colour]
    sizes = [(width, height)]
    if laced:
        steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
        sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in steps]
    wanted = sum(h * (1 + (w * bits + 7) // 8) for w, h in sizes if w > 0 and h > 0)
    try:
        return len(zlib.decompressobj().decompress(pixels, wanted + 1)) == wanted
    except zlib.error:
        return False


def _broken() -> Invalid:
    return bad("파일이 깨져 있습니다", "it is broken")


# --- SVG -------------------------------------------------------------------------------------------------------------
class _Writer:
    """Writes harmless elements while they are read; whatever else there is is left behind with all that lies in it."""

    def __init__(self, rules: dict[str, dict[str, str]]) -> None:
        self.out: list[str] = []
        self.dropped: set[str] = set()
        self._rules, self._skipped, self._depth, self._count = rules, 0, 0, 0

    def start(self, name: str, given: dict[str, str]) -> None:
        self._depth, self._count, plain = self._depth + 1, self._count + 1, name.rpartition(":")[2]
        if self._depth > DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise bad("그림이 너무 복잡합니다", "it has too many parts")
        if self._skipped or plain not in ELEMENTS or (self._depth == 1) != (plain == "svg"):
            self._skipped += 1
            if self._skipped == 1 and plain not in ("title", "desc", "metadata", "style", "namedview"):
                self.dropped.add(f"<{plain[:20]}>")
            return
        kept = self._attributes(given)
        if self._depth == 1:
            kept = {"xmlns": "http://www.w3.org/2000/svg", **_framed(kept)}
        self.out.append(f"<{plain}" + "".join(f" {k}={quoteattr(v)}" for k, v in kept.items()) + ">")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
        else:
            self.out.append(f"</{escape(name.rpartition(':')[2])}>")

    def _attributes(self, given: dict[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for word in given.get("class", "").split():
            kept |= self._rules.get(word, {})
        for name, value in given.items():
            plain = name.rpartition(":")[2]
            if plain in ATTRIBUTES and (clean := _value(plain, value)) is not None:
                kept[plain] = clean
            elif plain.lower().startswith("on") or (plain in ATTRIBUTES and plain != "xmlns"):
                self.dropped.add(plain[:20])
        return kept | _styled(given.get("style", ""))


def _svg(data: bytes) -> Emblem:
    writer = _Writer(_class_rules(data))
    reader = expat.ParserCreate()
    reader.StartDoctypeDeclHandler = _no_doctype
    reader.StartElementHandler, reader.EndElementHandler = writer.start, writer.end
    try:
        reader.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise _broken() from error
    if len(writer.out) < 3:
        raise bad("그림이 들어 있지 않습니다", "there is no picture in it")
    return Emblem(SVG, "".join(writer.out).encode(), tuple(sorted(writer.dropped)))


def _no_doctype(name: str, _system: str | None, _public: str | None, inner: bool) -> None:
    """An editor's plain ``<!DOCTYPE svg …>`` says nothing; one with declarations in it may hide anything."""
    if inner or name != "svg":
        raise bad("문서 선언이 들어 있습니다", "it declares entities")


def _class_rules(data: bytes) -> dict[str, dict[str, str]]:
    """What an editor's ``<style>`` says of single classes (``.cls-1 { fill: #fff }``); other selectors are let go."""
    text = data.decode("utf-8", "replace")
    found: dict[str, dict[str, str]] = {}
    for sheet in re.findall(r"<style[^>]*>(.*?)</style>", text, re.S)[:4]:
        plain = re.sub(r"/\*.*?\*/|<!\[CDATA\[|\]\]>", "", sheet, flags=re.S)
        for name, body in _RULE.findall(re.sub(r"@[^{;]*(;|\{[^{}]*\})", "", plain)):
            found.setdefault(name, {}).update(_styled(body))
    return found


def _styled(text: str) -> dict[str, str]:
    kept = {}
    for said in text.split(";")[:60]:
        name, colon, value = said.partition(":")
        name = name.strip()
        if colon and name in STYLED and (clean := _value(name, value.replace("!important", "").strip())) is not None:
            kept[name] = clean
    return kept


def _value(name: str, value: str) -> str | None:
    """The value where it stays inside the file, else None."""
    if name == "href":
        return value if re.fullmatch(r"#[\w.-]+", value) else None
    if "(" in value and name not in ("transform", "gradientTransform"):
        local = _URL.sub("", value)
        colour = re.fullmatch(r"\s*(rgb|rgba|hsl|hsla)\([\d\s.,%/-]+\)\s*", value)
        if colour is None and (local.strip() not in ("", "none") or not _URL.search(value)):
            return None
    if name in ("transform", "gradientTransform") and not re.fullmatch(r"[\w\s().,+-]*", value):
        return None
    return None if re.search(r"javascript|data:|@import|\\|expression|<|&", value, re.I) else value


def _framed(kept: dict[str, str]) -> dict[str, str]:
    """An emblem fills the room it is given: without a frame of its own, its size is its frame."""
    size = [re.fullmatch(r"\s*(\d{1,5}(?:\.\d+)?)(?:px)?\s*", kept.get(side, "")) for side in ("width", "height")]
    if "viewBox" not in kept and size[0] and size[1]:
        kept["viewBox"] = f"0 0 {size[0][1]} {size[1][1]}"
    return {name: value for name, value in kept.items() if name not in ("width", "height", "x", "y")}
