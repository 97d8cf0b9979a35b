"""Search that Koreans expect: initial consonants (ㅅㄹㅁ), any spacing, typos, English names, the wrong keyboard.

Names are compared letter by letter (jamo). The index is kept in the database, in the transaction of every change:
for each run of two or three letters the listings that hold it, packed in blocks; what is found is then measured by
its distance in letters. Both databases give the same answer, since only Python and numpy score.
"""

from madang.catalog.search.model import BANDS_KRW, Facet, Facets, Found, Hit, Query, Sort, Suggestion
from madang.catalog.search.service import index, search, set_synonyms, suggest, synonyms

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
