"""What results can be narrowed to, what was asked for is narrowed to, and in which order they come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from madang.catalog import listing_records, selling, stock
from madang.catalog.search import records
from madang.catalog.search.block import Docs, Index
from madang.catalog.search.keeping import ALLERGEN_BITS, DIET_BITS
from madang.catalog.search.model import BANDS_KRW, Facet, Facets, Query, Sort
from madang.catalog.search.ranking import Scores
from madang.catalog.search.records import NO_PRICE
from madang.db import Tx
from madang.kernel import Actor

MAKERS_SHOWN = 30
STOCK_LOOKED_AT = 1_000
_NOBODY = 65_535
_DEAREST = 2**31 - 1
_SCORE_STEPS = 10_000


def allowed(tx: Tx, by: Actor, index: Index, query: Query, below: Mapping[str, list[int]]) -> NDArray[np.bool_]:
    """Which documents a query may find; ``below`` are the numbers of each category and of all inside it."""
    may = index.live.copy()
    if query.category is not None:
        may &= among(index, below.get(query.category, ()))
    if query.maker is not None:
        may &= index.maker == records.term_codes(tx, by, "maker", [query.maker]).get(query.maker, _NOBODY)
    if query.band is not None:
        may &= (_bands(index.price) == query.band) & (index.price != NO_PRICE)
    if query.diets:
        wanted = sum({DIET_BITS[diet] for diet in query.diets})
        may &= (index.flags & wanted) == wanted
    if query.without:
        may &= (index.allergens & sum({ALLERGEN_BITS[a] for a in query.without})) == 0
    if query.sold_at is not None:
        may &= selling.sold_at(tx, by, query.sold_at).docs(index)
    if query.only is not None:
        mine = np.zeros(index.size, np.bool_)
        mine[list(records.docs_of(tx, by, query.only).values())] = True
        may &= mine
    return may


def among(index: Index, codes: list[int] | tuple[int, ...]) -> NDArray[np.bool_]:
    """Documents of some categories."""
    table = np.zeros(_NOBODY + 1, np.bool_)
    table[list(codes)] = True
    found: NDArray[np.bool_] = table[index.category]
    return found


def ordered(index: Index, docs: Docs, scores: Scores, query: Query, most: int) -> tuple[Docs, Scores]:
    """The first ``most`` results in the order asked for, and the rest behind them in any."""
    behind = (1.0 - scores) * _SCORE_STEPS
    order = _first(_rank(index, docs, behind.round().astype(np.int64), query), docs, most)
    return docs[order], scores[order]


def _rank(index: Index, docs: Docs, behind: Docs, query: Query) -> Docs:
    """What comes first is least; of those alike the older document does."""
    price = index.price[docs].astype(np.int64)
    if query.sort is Sort.CHEAP:
        return np.where(price == NO_PRICE, _DEAREST, price) << 16 | behind
    if query.sort is Sort.DEAR:
        return (_DEAREST - price) << 16 | behind
    if query.sort is Sort.NEW:
        return -docs
    return behind << 8 | index.length[docs] if query.text else behind


def _first(rank: Docs, docs: Docs, most: int) -> NDArray[np.intp]:
    if docs.size <= 2 * most:
        return np.lexsort((docs, rank))
    last = np.partition(rank, most)[most]
    front, rest = np.flatnonzero(rank < last), np.flatnonzero(rank >= last)
    level = rest[rank[rest] == last]  # as many as may be alike at the edge
    front = np.concatenate([front, level[np.argsort(docs[level])][: most - front.size]])
    front = front[np.lexsort((docs[front], rank[front]))]
    left = np.ones(docs.size, np.bool_)
    left[front] = False
    return np.concatenate([front, np.flatnonzero(left)])


def in_stock(tx: Tx, by: Actor, index: Index, docs: Docs, scores: Scores, place: str) -> tuple[Docs, Scores]:
    """Those of the first thousand that are in stock at a place."""
    some = docs[:STOCK_LOOKED_AT]
    ids = [index.names.listing(doc) for doc in some.tolist()]
    skus = listing_records.skus_of(tx, by, ids)
    there = stock.available(tx, by, [sku for of_it in skus.values() for sku in of_it], place)
    keep = np.array([any(there.get(sku, 0) > 0 for sku in skus.get(id, ())) for id in ids], np.bool_)
    return some[keep], scores[: some.size][keep]


def facets(tx: Tx, by: Actor, index: Index, docs: Docs, below: Mapping[str, list[int]]) -> Facets:
    """What some results could be narrowed to."""
    own = np.bincount(
        index.category[docs], minlength=1 + max((c for codes in below.values() for c in codes), default=0)
    )
    kinds = {id: int(own[codes].sum()) for id, codes in below.items() if codes}
    makers = np.bincount(index.maker[docs])
    makers[:1] = 0
    most = [code for code in np.argsort(-makers, kind="stable")[:MAKERS_SHOWN].tolist() if makers[code]]
    named = records.terms_by_code(tx, by, "maker", most)
    price, flags = index.price[docs], index.flags[docs]
    bands = np.bincount(_bands(price[price != NO_PRICE]), minlength=len(BANDS_KRW) + 1)
    return Facets(
        categories=_counted(kinds),
        makers=_counted({named[code]: int(makers[code]) for code in most if code in named}),
        bands=tuple(Facet(value=str(i), count=int(n)) for i, n in enumerate(bands) if n),
        diets=_counted({diet.value: int(np.count_nonzero(flags & bit)) for diet, bit in DIET_BITS.items()}),
    )


def _counted(counts: Mapping[str, int]) -> tuple[Facet, ...]:
    found = sorted(((n, value) for value, n in counts.items() if n), key=lambda one: (-one[0], one[1]))
    return tuple(Facet(value=value, count=n) for n, value in found)


def _bands(price: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.searchsorted(np.array(BANDS_KRW, np.int32), price, side="right")
