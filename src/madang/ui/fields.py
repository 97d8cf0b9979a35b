"""The fields of a form, read in one go.

The framework's reader takes a body as it comes, byte by byte and for bodies of any size; a form of ours is a few
hundred bytes that are here already, and its proof is read before anything else. The fields are the same ones
(``tests/ui/test_fields.py`` reads with both).
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from starlette.datastructures import FormData

BYTES_MAX, FIELDS_MAX = 200_000, 900
"""What is longer is left to the framework's reader, which knows its limits."""


def fields_in(body: bytes) -> FormData | None:
    """The fields of an urlencoded body, in order; None where it is no ordinary one."""
    if len(body) > BYTES_MAX or body.count(b"&") > FIELDS_MAX:
        return None
    pairs = (piece.partition("=") for piece in body.decode("latin-1").split("&") if piece)
    return FormData([(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs])
