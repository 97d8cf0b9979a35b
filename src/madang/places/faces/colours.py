"""Colours a face may have: readable on every ground the pages use, or refused with the nearest that is. Pure.

Contrast is WCAG 2.2's (1.4.3, AA: 4.5 to 1 for text). Nearest means least change of lightness in OKLCH (Ottosson 2020)
with hue kept, so that a town's blue stays its blue. What a dark screen shows follows from the light colours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import msgspec

AA = 4.5
HEX = re.compile(r"#[0-9a-f]{6}")
GROUNDS = ("#ffffff", "#f6f5f1", "#f1efe9")  # card, paper, sunk of ui/css/base.css
DARK_GROUNDS = ("#1c1e1b", "#131412", "#252724")
INK, DARK_INK = "#1d1c1a", "#f0efe9"
SOFT, DARK_SOFT = "#5d5a53", "#aeaca3"

RGB = tuple[float, float, float]


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The colours a page gets, for one sort of screen."""

    accent: str
    accent_ink: str
    tint: str
    tint_2: str
    ground: str


def contrast(a: str, b: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def accent_fits(colour: str) -> bool:
    """As text and signs on every ground, on its own tint, and under white text."""
    return all(contrast(colour, ground) >= AA for ground in (*GROUNDS, _mix(colour, "#ffffff", 0.12)))


def ground_fits(colour: str) -> bool:
    """Under ink and under the softer text beside it."""
    return contrast(colour, INK) >= AA and contrast(colour, SOFT) >= AA


def nearest(colour: str, fits: Callable[[str], bool]) -> str:
    """The colour itself, else the one of the same hue and the least other lightness that ``fits``."""
    if fits(colour):
        return colour
    lightness, chroma, hue = _oklch(colour)
    for step in range(1, 401):
        for sign in (-1, 1):
            other = lightness + sign * step / 400
            if 0 <= other <= 1 and fits(found := _in_gamut(other, chroma, hue)):
                return found
    raise AssertionError("black or white fits every rule here")


def light(accent: str, ground: str) -> Palette:
    """What an ordinary screen shows."""
    return Palette(
        accent=accent, accent_ink="#ffffff", tint=_mix(accent, "#ffffff", 0.12), tint_2=_mix(accent, "#ffffff", 0.3),
        ground=ground,
    )  # fmt: skip


def dark(accent: str, ground: str) -> Palette:
    """What a dark screen shows: the same hues, as bright or as dim as they must be there."""
    card = DARK_GROUNDS[0]

    def bright(colour: str) -> bool:
        return all(contrast(colour, under) >= AA for under in (*DARK_GROUNDS, _mix(colour, card, 0.2)))

    lit = nearest(accent, bright)
    _, chroma, hue = _oklch(ground)
    dim = nearest(
        _in_gamut(0.3, min(chroma, 0.06), hue), lambda c: contrast(c, DARK_INK) >= AA and contrast(c, DARK_SOFT) >= AA
    )
    ink = max(("#0f100e", "#ffffff"), key=lambda c: contrast(c, lit))
    return Palette(
        accent=lit, accent_ink=ink, tint=_mix(lit, card, 0.2), tint_2=_mix(lit, card, 0.4), ground=dim
    )  # fmt: skip


def css(accent: str, ground: str, scope: str = ":root") -> str:
    """A style sheet that gives what lies under ``scope`` these colours."""
    said = {False: light(accent, ground), True: dark(accent, ground)}
    rules = {is_dark: f"{scope}{{{_variables(palette)}}}" for is_dark, palette in said.items()}
    return f"{rules[False]}\n@media (prefers-color-scheme: dark){{{rules[True]}}}\n"


def _variables(palette: Palette) -> str:
    named: Sequence[tuple[str, str]] = (
        ("accent", palette.accent), ("accent-ink", palette.accent_ink), ("tint", palette.tint),
        ("tint-2", palette.tint_2), ("face-ground", palette.ground),
    )  # fmt: skip
    return "".join(f"--{name}:{value};" for name, value in named)


# --- colour spaces ---------------------------------------------------------------------------------------------------
def _linear(colour: str) -> RGB:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return r, g, b


def _luminance(colour: str) -> float:
    r, g, b = _linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _mix(colour: str, ground: str, share: float) -> str:
    parts = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in parts)


def _oklch(colour: str) -> tuple[float, float, float]:
    r, g, b = _linear(colour)
    l_ = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    m_ = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    s_ = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_
    a = 1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_
    c = 0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_
    return lightness, math.hypot(a, c), math.atan2(c, a)


def _in_gamut(lightness: float, chroma: float, hue: float) -> str:
    """The colour, as colourful as a screen can show it at this lightness."""
    for share in (n / 32 for n in range(32, -1, -1)):
        rgb = _rgb(lightness, chroma * share, hue)
        if all(-1e-4 <= part <= 1 + 1e-4 for part in rgb):
            return "#" + "".join(f"{round(255 * _gamma(min(1.0, max(0.0, part)))):02x}" for part in rgb)
    return "#ffffff" if lightness > 0.5 else "#000000"


def _rgb(lightness: float, chroma: float, hue: float) -> RGB:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    l_ = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
