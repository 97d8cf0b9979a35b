"""Orders of guests: found by number and mailbox, opened by a mailed link, joined to the account with that mailbox."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest
from tests.asking import Client
from tests.storefront.stand import HTML
from tests.storefront.street import BY, PLAIN, N, Street

from madang import catalog, jobs, journal, members
from madang.catalog import Price
from madang.deals.facts import Moved
from madang.deals.links import Links
from madang.journal.readers import Reader
from madang.kernel import Actor, Kind, NotFound, Role, derived
from madang.kernel.clock import DAY_US
from madang.members import addresses, keeping, letters, mail, mailing, shredding
from madang.members.accounts import Accounts
from madang.members.addresses import Keyring
from madang.members.mail import Post
from madang.storefront import carts, guest_pages, guests, mailed, orders, pages
from madang.storefront.facts import Late
from madang.storefront.front import Storefront
from madang.storefront.model import Reason, Wish
from madang.storefront.terms import set_terms
from madang.ui import Pages
from madang.ui.session import Asking, Identity, token_of
from madang.web import Shopfront, create_app

ANNA = "anna@example.com"
MEMBER = Actor(Kind.PERSON, str(derived("anna")), N, frozenset({Role.SHOPPER}))


class Window:
    """A shop's pages with a mail server that lays mails in a folder; ``me`` is who is signed in (None: nobody)."""

    def __init__(self, street: Street, folder: Path) -> None:
        self.street, self.folder, self.me = street, folder, None

        def post(keyring: Keyring) -> Post:
            server = mail.server_of(f"folder:{folder}")
            self.post = Post(server, "Madang <no-reply@example.com>", keyring, letters.letter)
            return self.post

        self.desk = Accounts(
            street.db, street.clock, street.ids, N, key=b"k" * 32, public_url="https://m.example", post=post
        )
        shop = Storefront(
            street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]), names=self.desk.keyring.digest,
            means=lambda: ["wallet"],
        )  # fmt: skip
        routers = [guest_pages.router(shop, self.desk), pages.router(shop)]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=routers, identify=self._who))
        self.client = Client(self.app)

    def _who(self, _asking: Asking) -> Identity | None:
        return None if self.me is None else Identity(by=self.me, acting=lambda _shop: self.me, bound="b" * 32)

    def send(self, path: str, **form: str):  # type: ignore[no-untyped-def]
        self.client.get("/cart", headers=HTML)
        self.street.clock.advance(s=1)
        bound = "b" * 32 if self.me is not None else self.client.cookie("madang_guest")
        hidden = {"csrf_token": token_of(bound), "idempotency_key": str(self.street.ids.new())}
        return self.client.post(path, headers=HTML, data=hidden | form, own_form=False)

    def letters(self) -> list[str]:
        jobs.run_due(self.street.db, self.street.clock, neighbourhood=N)
        found = [message_from_bytes(one.read_bytes(), policy=default) for one in sorted(self.folder.glob("*"))]
        return [one.get_body(("plain",)).get_content() for one in found]  # type: ignore[union-attr]

    def link(self) -> str:
        [text] = [one for one in self.letters() if "/orders/found/" in one]
        return text.split("/orders/found/")[1].split()[0]


def guest_of(window: Window) -> Actor:
    window.client.get("/cart", headers=HTML)
    return carts.guest(N, window.client.cookie("madang_guest"))


@pytest.fixture
def window(street: Street, tmp_path: Path) -> Window:
    street.open(PLAIN)
    street.write(lambda tx: set_terms(tx, BY, "s1", PLAIN, at_us=street.now))
    (tmp_path / "mails").mkdir()
    return Window(street, tmp_path / "mails")


def ordered(window: Window) -> tuple[UUID, str, Actor]:
    """Anna orders as a guest by the pages, and leaves her address."""
    street, guest, id = window.street, guest_of(window), window.street.ids.new()
    street.clock.advance(s=1)
    street.write(
        lambda tx: catalog.set_prices(
            tx, BY, [Price(product="RAMEN", price_krw=0, from_us=street.now)], id=id, at_us=street.now
        )
    )
    street.put("RAMEN", 2, by=guest)
    held = street.begin(guest)
    page = f"/checkout/{held.id}"
    assert window.send(page, **{"way.s1": "pickup/s1", "email": "anna"}).status_code == 422, "no address"
    assert window.send(page, **{"way.s1": "pickup/s1", "email": " Anna@Example.com"}).status_code == 303
    id = held.groups[0].order
    [slip] = street.read(lambda tx: orders.deals.receipts.of_deal(tx, BY, id))
    return id, slip.label, guest


def test_a_guests_order_is_opened_by_the_mailed_link_alone(window: Window) -> None:
    street = window.street
    id, number, guest = ordered(window)
    window.client = Client(window.app)  # another browser
    assert window.client.get(f"/orders/{id}", headers=HTML).status_code == 404
    same = {window.send("/orders/find", number=n, email=e).headers["location"] for n, e in (
        (number, "somebody@example.com"), ("20260101-0001", ANNA), (number, ANNA),
    )}  # fmt: skip
    assert same == {"/orders/find?sent=1"}, "nobody learns what is known"
    token = window.link()
    assert window.client.get(f"/orders/{id}", headers=HTML).status_code == 404, "the mail opens it, not the asking"
    assert "Open the order" in window.client.get(f"/orders/found/{token}?lang=en", headers=HTML).text
    where = window.send(f"/orders/found/{token}").headers["location"]
    assert where == f"/orders/{id}"
    assert number in window.client.get(where, headers=HTML).text
    assert window.send(f"/orders/found/{token}").status_code == 404, "once"
    cancelled = window.send(f"/orders/{id}/cancel")
    assert (cancelled.status_code, street.state(id)) == (303, "cancelled"), "what its guest may do"
    street.clock.advance(us=DAY_US + 1)
    assert window.client.get(f"/orders/{id}", headers=HTML).status_code == 404, "for a day"
    street.write(lambda tx: guests.forget(tx, now_us=street.now))
    assert street.read(lambda tx: guests.opened(tx, window.client.cookie("madang_found"), street.now)) is None
    assert street.read(lambda tx: members.field(tx, BY, UUID(guest.key), "email")) == ANNA


def test_orders_join_the_account_that_has_the_mailbox_and_no_other(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_obstacles", {})  # an open order stands in the way of leaving: told in tests/serve
    street = window.street
    id, _, guest = ordered(window)
    digest = window.desk.keyring.digest(ANNA)
    street.join(MEMBER, 0)
    window.me = MEMBER
    page = window.client.get("/orders", headers=HTML).text
    assert str(id) not in page, "an account without a confirmed address has nothing of it"
    other = Actor(Kind.PERSON, str(derived("eve")), N, frozenset({Role.SHOPPER}))
    street.join(other, 0)
    confirm(street, other, window.desk.keyring.digest("eve@example.com"))
    window.me = other
    assert str(id) not in window.client.get("/orders", headers=HTML).text
    assert window.client.get(f"/orders/{id}", headers=HTML).status_code == 404
    confirm(street, MEMBER, digest)
    window.me = MEMBER
    window.client = Client(window.app)
    window.client.get("/cart", headers=HTML)  # a browser has a cookie from its first page on
    page = window.client.get("/orders?lang=en", headers=HTML).text
    assert str(id) in page
    assert "joined your account" in page
    assert "joined your account" not in window.client.get("/orders?lang=en", headers=HTML).text
    assert window.client.get(f"/orders/{id}", headers=HTML).status_code == 200
    trail = street.read(lambda tx: journal.trail(tx, BY, subject=f"person:{MEMBER.key}"))
    facts = [one.body for one in trail if one.kind == "storefront.guest_merged"]
    assert [(one.guest, one.orders) for one in facts] == [(guest.key, 1)]
    street.write(lambda tx: shredding.shred(tx, MEMBER, UUID(MEMBER.key), at_us=street.now))
    assert street.read(lambda tx: shredding.remains(tx, UUID(guest.key))) == {}, "the guest they were is forgotten, too"
    with pytest.raises(NotFound):
        street.write(lambda tx: guests.use(tx, "x" * 43, "y" * 43, street.now))


def confirm(street: Street, who: Actor, digest: str) -> None:
    street.write(lambda tx: addresses.confirm(tx, who, UUID(who.key), digest, street.now))


def test_a_guest_is_told_by_mail_what_becomes_of_the_order_and_where_to_find_it(window: Window) -> None:
    street = window.street
    id, _, guest = ordered(window)
    reader = Reader("mails", {Moved: mailed.moved, Late: mailed.told_late})
    mailing.serve(N, mailing.Mailing(street.db, window.post, "https://m.example"))

    def told() -> str:
        reader.catch_up(street.db, neighbourhood=N)
        return "\n".join(window.letters())

    for step in ("pack", "make_ready"):
        street.step(id, step)
    street.step(id, "hand_over")
    back = street.ids.new()
    street.write(
        lambda tx: orders.ask_back(
            tx,
            guest,
            id,
            kind="return",
            lines=[Wish(line=1)],
            reason=Reason.CHANGE_OF_MIND,
            step=back,
            at_us=street.now,
        )
    )
    street.step(id, "take_back", sellable=True)
    letters = told()
    for words in ("결제되었습니다", "준비되었습니다", "돌려보내신 것을 받았습니다", f"/orders/find?number={id}"):
        assert words in letters
    page = window.client.get(f"/orders/find?number={id}", headers=HTML).text
    assert f'value="{id}"' in page
    assert mailed.LETTERS["deliver"] == mailed.LETTERS["arrived"] == "order_delivered"
