"""Ui: how Madang looks and speaks. One layout, one catalogue of Korean and English texts, one set of number formats.

Rooms with pages use ``Pages`` (templates of every room by "room/name.html"), ``TEXTS`` and ``language_of``.
"""

from madang.ui.i18n import LANGUAGES, TEXTS, MissingText, Texts
from madang.ui.josa import josa
from madang.ui.page import Pages, language_of

__all__ = ["LANGUAGES", "TEXTS", "MissingText", "Pages", "Texts", "josa", "language_of"]
