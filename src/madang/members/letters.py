"""The words of the mails we send."""

from __future__ import annotations

from madang.members.mail import Letter
from madang.ui import TEXTS


def letter(what: str, to: str, link: str, language: str) -> Letter:
    """``what`` is ``enter`` (a link that signs in) or ``add`` (one that confirms an address)."""
    subject = TEXTS.say(language, f"account.mail.{what}_subject")
    return Letter(to, subject, TEXTS.say(language, f"account.mail.{what}_text", link=link))
