"""Ui: how Madang looks and speaks. One layout, one catalogue of Korean and English texts, one set of number formats.

Rooms with pages use ``Pages`` (templates of every room by "room/name.html"), ``TEXTS`` and ``language_of``; their
routes say who may use them with ``access``, and know who is asking by ``session``.
"""

from madang.kernel.josa import josa
from madang.ui.i18n import LANGUAGES, TEXTS, MissingText, Texts
from madang.ui.page import Pages, language_of
from madang.ui.session import Asking, Identify, Identity, acting, signed_in

__all__ = [
    "LANGUAGES",
    "TEXTS",
    "Asking",
    "Identify",
    "Identity",
    "MissingText",
    "Pages",
    "Texts",
    "acting",
    "josa",
    "language_of",
    "signed_in",
]
