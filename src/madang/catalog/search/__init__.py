"""Search that Koreans expect: initial consonants (ㅅㄹㅁ), any spacing, typos, English names, the wrong keyboard.

Names are compared letter by letter (jamo). The index is kept in the database, in the transaction of every change, and
read into memory by blocks under the digest of what they hold: which runs of letters each listing has, to find it, and
its letters, to measure how far it is from what was typed. Both databases give the same answer, since only numpy scores.
"""

from madang.catalog.search.keeping import index, set_synonyms, synonyms
from madang.catalog.search.model import BANDS_KRW, Facet, Facets, Found, Hit, Query, Sort, Suggestion
from madang.catalog.search.service import search, suggest

__all__ = [
    "BANDS_KRW",
    "Facet",
    "Facets",
    "Found",
    "Hit",
    "Query",
    "Sort",
    "Suggestion",
    "index",
    "search",
    "set_synonyms",
    "suggest",
    "synonyms",
]
