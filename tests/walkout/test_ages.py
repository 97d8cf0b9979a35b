"""Goods for adults in a shop without a till: nobody buys them by silence who was not seen to be an adult."""

from __future__ import annotations

import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.walkout.test_reviewing import answer
from tests.walkout_shop import BY, PERSON, STAFF, N, Shop, came, left, moved, receipt

from madang import catalog
from madang.catalog import Listing, Nature, Particulars, Variant
from madang.db import Database
from madang.kernel import Actor, Forbidden, Kind, Role, derived
from madang.kernel.clock import DAY_US
from madang.members import adults

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def shop(db: Database) -> Shop:
    """A is for adults by its listing."""
    made = Shop(db)
    soju = Listing(id="A", name_ko="소주", name_en="Soju", variants=(Variant(sku="A"),), age_min=19)
    made.write(lambda tx: catalog.set_listings(tx, BY, [soju], id=derived("l"), at_us=made.t))
    return made


def walks_out_with(shop: Shop, lines: dict[str, int], visit: str = "v1") -> str:
    picks = [moved("pick", p, n, id=f"{visit}{p}", visit=visit) for p, n in lines.items()]
    shop.says(came(visit), *picks, left(visit), receipt(lines, visit=visit))
    return shop.deal(visit).state


def test_who_was_not_seen_to_be_an_adult_is_not_charged_for_soju_but_asked_about_with_an_alarm(shop: Shop) -> None:
    assert walks_out_with(shop, {"A": 1, "B": 1}) == "in_review"
    assert (shop.deal().data["why"], shop.wallet()) == ("age", 20_000)
    assert shop.facts().count("age_unseen") == 1
    answer(shop, {"A": 1, "B": 1})
    assert (shop.deal().state, shop.wallet()) == ("charged", 20_000 - 4_100), "a person has looked"


def test_goods_for_everybody_are_charged_as_ever(shop: Shop) -> None:
    assert walks_out_with(shop, {"B": 2}) == "charged"


@BOTH
def test_an_adult_whose_card_was_seen_buys_by_walking_out(shop: Shop) -> None:
    shop.write(lambda tx: adults.saw_card(tx, STAFF, PERSON, at_us=shop.t))
    assert walks_out_with(shop, {"A": 1}) == "charged"
    assert shop.wallet() == 17_000
    shop.write(lambda tx: adults.take_back(tx, BY, PERSON, at_us=shop.t))
    assert walks_out_with(shop, {"A": 1}, "v2") == "in_review"


def test_what_it_is_counts_where_its_listing_says_nothing(shop: Shop) -> None:
    beer = Particulars(sku="B", natures=(Nature.ALCOHOL,))
    shop.write(lambda tx: catalog.set_particulars(tx, BY, [beer], id=derived("q"), at_us=shop.t))
    assert walks_out_with(shop, {"B": 1}) == "in_review"


def test_silence_sells_nothing_to_the_young_and_the_rest_is_charged(shop: Shop) -> None:
    walks_out_with(shop, {"A": 2, "B": 1})
    shop.later(2 * DAY_US)
    assert (shop.deal().state, shop.wallet()) == ("charged", 20_000 - 1_100)
    assert (shop.on_shelf("A"), shop.lost("A")) == ((3, 0), 2), "what left unpaid is written off"
    assert shop.facts().count("age_unseen") == 2
    assert shop.facts().count("unpriced") == 0
    assert shop.deal().data["unbilled"] == {"A": 2}


def test_an_adult_who_showed_a_card_meanwhile_pays_when_nobody_answers(shop: Shop) -> None:
    walks_out_with(shop, {"A": 1})
    shop.write(lambda tx: adults.saw_card(tx, STAFF, PERSON, at_us=shop.t))
    shop.later(2 * DAY_US)
    assert (shop.deal().state, shop.wallet()) == ("charged", 17_000)


def test_coming_back_for_soju_is_asked_about_too(shop: Shop) -> None:
    assert walks_out_with(shop, {"B": 1}) == "charged"
    shop.says(came(), moved("pick", "A", id="m9", t=5.0), left(), receipt({"A": 1, "B": 1}, revision=1))
    assert (shop.deal().state, shop.deal().data["why"], shop.wallet()) == ("in_review", "age", 18_900)


def test_nobody_says_it_of_themselves_and_no_shopper_of_others(shop: Shop) -> None:
    for who in (
        Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.STAFF})),
        Actor(Kind.PERSON, "friend", N, frozenset({Role.SHOPPER})),
    ):
        with pytest.raises(Forbidden):
            shop.write(lambda tx, who=who: adults.saw_card(tx, who, PERSON, at_us=shop.t))
    assert not shop.read(lambda tx: adults.is_adult(tx, str(PERSON)))
    assert not shop.read(lambda tx: adults.is_adult(tx, "guest-1"))
