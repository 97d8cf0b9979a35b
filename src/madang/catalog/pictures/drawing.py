"""How a picture file is drawn anew in a few sizes, by Pillow (which is loaded when the first picture comes).

Looks at the content, never at a name or a declared type; reads the size before it unpacks anything.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings

from PIL import Image, ImageCms, ImageOps

from madang.catalog.pictures.model import BYTES_MAX, FORMATS, PIXELS_MAX, SIDE_MIN, WIDTHS
from madang.catalog.pictures.taking import Made
from madang.kernel import Invalid, TooLarge

Image.MAX_IMAGE_PIXELS = None  # whose limit warns where ours refuses
_one_at_a_time = threading.Lock()  # unpacked, one takes up to 150 MB
_QUALITY = 82
_PAPER = "white"  # behind what is transparent
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, OverflowError)


def drawn(data: bytes) -> tuple[Made, ...]:
    """See ``taking.resized``."""
    if len(data) > BYTES_MAX:
        raise _too_large()
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of broken particulars we do not keep
        picture = _opened(data)
        widths = [width for width in WIDTHS if width <= picture.width] or [picture.width]
        return tuple(_made(picture, width) for width in widths)


def _opened(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > PIXELS_MAX:
                raise _too_large()
            if min(width, height) < SIDE_MIN:
                raise _bad()
            opened.draft("RGB", (2 * WIDTHS[-1], 2 * WIDTHS[-1]))  # a large JPEG is unpacked at half its size or less
            return _plain(ImageOps.exif_transpose(opened))
    except _BROKEN as error:
        raise _bad() from error


def _plain(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        paper = Image.new("RGBA", shown.size, _PAPER)
        paper.alpha_composite(shown)
        picture = paper
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        picture = _in_srgb(picture, profile)
    return picture.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture  # a profile that is none: the colours as they are
    return found or picture


def _made(picture: Image.Image, width: int) -> Made:
    height = max(1, round(picture.height * width / picture.width))
    small = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    clean = Image.frombytes("RGB", small.size, small.tobytes())  # pixels and nothing else
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=_QUALITY, method=4)
    return Made(width, height, out.getvalue())


def _too_large() -> TooLarge:
    return TooLarge(
        "catalog.picture_too_large",
        ko=f"사진이 너무 큽니다. {BYTES_MAX // 2**20} MB, {PIXELS_MAX // 10_000:,}만 화소까지 받습니다.",
        en=f"That picture is too large: up to {BYTES_MAX // 2**20} MB and {PIXELS_MAX // 1_000_000:,} megapixels.",
        next_ko="사진을 줄여서 다시 올리세요.",
        next_en="Make it smaller and send it again.",
    )


def _bad() -> Invalid:
    return Invalid(
        "catalog.bad_picture",
        ko=f"쓸 수 있는 사진이 아닙니다. 가로세로 {SIDE_MIN}픽셀이 넘는 JPEG, PNG, WebP만 받습니다.",
        en=f"That is no picture we can use: JPEG, PNG or WebP of at least {SIDE_MIN} pixels each way.",
        next_ko="다른 사진을 고르거나 JPEG로 저장해 다시 올리세요.",
        next_en="Choose another picture, or save it as JPEG and send it again.",
    )
