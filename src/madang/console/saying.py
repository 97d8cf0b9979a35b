"""How a field of a change reads: instants, won, shares, lists and what a promotion takes off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from madang.ui.formats import BY_NAME as FORMATS

LISTED_MAX = 12
_WORDS = {"ko": {True: "예", False: "아니요"}, "en": {True: "yes", False: "no"}}


def said(field: str, value: Any, language: str) -> str:
    """A value in words; an en dash for nothing."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return _WORDS[language][value]
    if isinstance(value, int):
        return _number(field, value, language)
    if isinstance(value, list):
        return _listed([_one(one) for one in value])
    if isinstance(value, Mapping):
        return _mapping(field, value, language)
    return str(value)[:80]


def effect(value: Mapping[str, Any], language: str) -> str:
    """What a promotion takes off, in a few words."""
    ko = language == "ko"

    def won(krw: int) -> str:
        return FORMATS["won"](krw, language)

    kind = value["type"]
    if kind == "percent":
        share = f"{value['bp'] / 100:g} %"
        return f"{share} 할인" if ko else f"{share} off"
    if kind == "off":
        return f"하나에 {won(value['krw'])} 할인" if ko else f"{won(value['krw'])} off each"
    if kind == "off_basket":
        return f"합계에서 {won(value['krw'])} 할인" if ko else f"{won(value['krw'])} off together"
    if kind == "n_for_m":
        n, m = value["n"], value["m"]
        return f"{n}개에 {m}개 값" if ko else f"{n} for {m}"
    if kind == "unit_price":
        return f"하나에 {won(value['krw'])}" if ko else f"{won(value['krw'])} each"
    parts = " + ".join(f"{_listed(part['any_of'])}×{part['n']}" for part in value["parts"])
    return f"{parts} {won(value['krw'])}"


def _number(field: str, value: int, language: str) -> str:
    if field.endswith("_us"):
        return FORMATS["when"](value, language) if value else ("처음부터" if language == "ko" else "always")
    if field.endswith("_krw") or field == "price_krw_max":
        return FORMATS["won"](value, language)
    return f"{value / 100:g} %" if field.endswith("_bp") else f"{value:,}"


def _mapping(field: str, value: Mapping[str, Any], language: str) -> str:
    if field == "effect":
        return effect(value, language)
    if field == "prices":
        return _listed([f"{sku} {FORMATS['won'](krw, language)}" for sku, krw in value.items()])
    if field == "parts":
        return _listed([f"{sku}×{n}" for sku, n in value.items()])
    return _listed([f"{said(name, one, language)}" for name, one in value.items() if one not in (None, [], "")])


def _one(one: Any) -> str:
    if isinstance(one, Mapping):
        name = str(one.get("sku") or one.get("ko") or "")
        options = one.get("options")
        return f"{name} {'·'.join(options.values())}".strip() if isinstance(options, Mapping) else name
    return str(one)


def _listed(words: list[str]) -> str:
    more = f" … +{len(words) - LISTED_MAX}" if len(words) > LISTED_MAX else ""
    return ", ".join(words[:LISTED_MAX]) + more
