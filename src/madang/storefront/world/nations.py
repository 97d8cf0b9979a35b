"""What an address needs in each country: its calling code, what must be in it, and how its postal code looks.

Figures: E.164 (ITU-T) calling codes; postal codes by the UPU's "Postal addressing systems" sheets. A country that is
not in the table is asked for a street, a town and a phone number with its country code; its postal code is free text.
Pure.
"""

from __future__ import annotations

import re

import msgspec


class Nation(msgspec.Struct, frozen=True, kw_only=True):
    """``calling`` without the plus; ``postcode`` is what a postal code must look like (empty: any, and none is fine);
    ``example`` one that does; ``region``: a state, province or prefecture belongs to the address."""

    calling: str = ""
    postcode: str = ""
    example: str = ""
    region: bool = False


_UK = r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"
NATIONS: dict[str, Nation] = {
    "AE": Nation(calling="971"),
    "AT": Nation(calling="43", postcode=r"[0-9]{4}", example="1010"),
    "AU": Nation(calling="61", postcode=r"[0-9]{4}", example="2000", region=True),
    "BE": Nation(calling="32", postcode=r"[0-9]{4}", example="1000"),
    "BR": Nation(calling="55", postcode=r"[0-9]{5}-?[0-9]{3}", example="01310-100", region=True),
    "CA": Nation(calling="1", postcode=r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]", example="M5V 2T6", region=True),
    "CH": Nation(calling="41", postcode=r"[0-9]{4}", example="8001"),
    "CN": Nation(calling="86", postcode=r"[0-9]{6}", example="100000", region=True),
    "CZ": Nation(calling="420", postcode=r"[0-9]{3} ?[0-9]{2}", example="110 00"),
    "DE": Nation(calling="49", postcode=r"[0-9]{5}", example="10115"),
    "DK": Nation(calling="45", postcode=r"[0-9]{4}", example="1050"),
    "ES": Nation(calling="34", postcode=r"[0-9]{5}", example="28013"),
    "FI": Nation(calling="358", postcode=r"[0-9]{5}", example="00100"),
    "FR": Nation(calling="33", postcode=r"[0-9]{5}", example="75001"),
    "GB": Nation(calling="44", postcode=_UK, example="SW1A 1AA"),
    "HK": Nation(calling="852"),
    "ID": Nation(calling="62", postcode=r"[0-9]{5}", example="10110"),
    "IE": Nation(calling="353", postcode=r"[A-Z][0-9][0-9W] ?[A-Z0-9]{4}", example="D02 AF30"),
    "IN": Nation(calling="91", postcode=r"[1-9][0-9]{5}", example="110001", region=True),
    "IT": Nation(calling="39", postcode=r"[0-9]{5}", example="00186", region=True),
    "JP": Nation(calling="81", postcode=r"[0-9]{3}-?[0-9]{4}", example="150-0001", region=True),
    "MX": Nation(calling="52", postcode=r"[0-9]{5}", example="06000", region=True),
    "MY": Nation(calling="60", postcode=r"[0-9]{5}", example="50000", region=True),
    "NL": Nation(calling="31", postcode=r"[0-9]{4} ?[A-Z]{2}", example="1012 AB"),
    "NO": Nation(calling="47", postcode=r"[0-9]{4}", example="0150"),
    "NZ": Nation(calling="64", postcode=r"[0-9]{4}", example="1010"),
    "PH": Nation(calling="63", postcode=r"[0-9]{4}", example="1000"),
    "PL": Nation(calling="48", postcode=r"[0-9]{2}-[0-9]{3}", example="00-001"),
    "PT": Nation(calling="351", postcode=r"[0-9]{4}-[0-9]{3}", example="1100-148"),
    "SE": Nation(calling="46", postcode=r"[0-9]{3} ?[0-9]{2}", example="111 20"),
    "SG": Nation(calling="65", postcode=r"[0-9]{6}", example="238859"),
    "TH": Nation(calling="66", postcode=r"[0-9]{5}", example="10110", region=True),
    "TW": Nation(calling="886", postcode=r"[0-9]{3}([0-9]{2,3})?", example="100", region=True),
    "US": Nation(calling="1", postcode=r"[0-9]{5}(-[0-9]{4})?", example="94103", region=True),
    "VN": Nation(calling="84", postcode=r"[0-9]{5,6}", example="10000", region=True),
}
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SPELT = re.compile(r"[A-Za-z]")
LIMITS = {"name": 60, "phone": 20, "line1": 80, "line2": 80, "city": 60, "region": 60, "postcode": 12}


class Abroad(msgspec.Struct, frozen=True, kw_only=True):
    """Where and to whom, outside Korea: ``country`` by ISO 3166-1, ``phone`` by E.164 (``+1…``), ``region`` a state,
    province or prefecture. Carriers read Latin letters."""

    country: str
    name: str
    phone: str
    line1: str
    line2: str = ""
    city: str
    region: str = ""
    postcode: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The address from the street on, as it is printed; without the country."""
        town = " ".join(part for part in (self.city, self.region, self.postcode) if part)
        return tuple(part for part in (self.line1, self.line2, town) if part)


def nation(country: str) -> Nation:
    return NATIONS.get(country, Nation())


def tidy(given: Abroad) -> Abroad:
    """No stray spaces; a postal code in capitals; a number with ``00`` or without its country code gets it."""
    one = {name: " ".join(getattr(given, name).split()) for name in Abroad.__struct_fields__}
    one["country"], one["postcode"] = one["country"].upper(), one["postcode"].upper()
    phone, calling = re.sub(r"[^0-9+]", "", one["phone"]), nation(one["country"]).calling
    if phone.startswith("00"):
        phone = "+" + phone[2:]
    elif phone and not phone.startswith("+") and calling:
        phone = f"+{calling}{phone.lstrip('0')}"
    return Abroad(**(one | {"phone": phone}))


def faults(given: Abroad) -> dict[str, str]:
    """What is wrong with an address as tidied, by field: the key of the words that say so."""
    needs = nation(given.country)
    must = ["name", "phone", "line1", "city"]
    must += (["region"] if needs.region else []) + (["postcode"] if needs.postcode else [])
    found = {name: "missing" for name in must if not getattr(given, name)}
    found |= {name: "too_long" for name, most in LIMITS.items() if len(getattr(given, name)) > most}
    if not _COUNTRY.fullmatch(given.country) or given.country == "KR":
        found["country"] = "country"
    if given.phone and not _PHONE.fullmatch(given.phone):
        found["phone"] = "phone_abroad"
    if given.postcode and needs.postcode and not re.fullmatch(needs.postcode, given.postcode):
        found.setdefault("postcode", "postcode_abroad")
    for name in ("name", "line1", "city"):
        if getattr(given, name) and not _SPELT.search(getattr(given, name)):
            found.setdefault(name, "latin")
    return found
