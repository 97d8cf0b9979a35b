"""The words of the mails we send: plain text, and the same as simple HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from madang.members.mail import Letter
from madang.ui import TEXTS

_LINK = re.compile(r"https?://[^\s<]+")


def letter(what: str, to: str, link: str, language: str) -> Letter:
    """``what`` is ``enter`` (a link that signs in) or ``add`` (one that confirms an address)."""
    subject = TEXTS.say(language, f"account.mail.{what}_subject")
    text = TEXTS.say(language, f"account.mail.{what}_text", link=link)
    return Letter(to, subject, text)


def notice(what: str, to: str, language: str, base: str, values: Mapping[str, object]) -> Letter:
    """A letter of ``mail.<what>``. Subjects name nothing of anybody: they show on locked screens."""
    link = base + str(values.get("path", "/account"))
    text = TEXTS.say(language, f"mail.{what}_text", **{**values, "link": link}).strip()
    whole = f"{text}\n\n{TEXTS.say(language, 'mail.foot', link=base)}\n"
    return Letter(to, TEXTS.say(language, f"mail.{what}_subject"), whole, as_html(whole, language))


def as_html(text: str, language: str) -> str:
    """Paragraphs as they stand, addresses as links; nothing is loaded from anywhere."""
    parts = "".join(f"<p>{_linked(part)}</p>" for part in re.split(r"\n{2,}", text.strip()))
    style = "font-family:system-ui,sans-serif;line-height:1.6;max-width:36em;margin:2em auto;color:#1c1c1e"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"></head>'
        f'<body style="{style}">{parts}</body></html>'
    )


def _linked(part: str) -> str:
    return _LINK.sub(lambda at: f'<a href="{at[0]}">{at[0]}</a>', escape(part, quote=True)).replace("\n", "<br>")
