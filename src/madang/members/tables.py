"""Tables of what lets people in and what they may do once in: keys, sessions, links, neighbourhood checks, holds.

No table here holds a secret that opens anything: of tokens and keys there are digests, of passkeys the public half.
"""

from __future__ import annotations

import sqlalchemy as sa

from madang.db import table

passkeys = table(
    "members_passkeys",
    sa.Column("id", sa.Text, nullable=False),  # the authenticator's credential id, base64url
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),  # what facts and pages call it
    sa.Column("public_key", sa.LargeBinary, nullable=False),  # COSE
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("synced", sa.BigInteger, nullable=False),  # 1: kept by a password manager on several devices
    sa.Column("added_at_us", sa.BigInteger, nullable=False),
    sa.Column("used_at_us", sa.BigInteger),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.UniqueConstraint("neighbourhood", "person", "number", name="members_passkeys_number"),
    key=["id"],
)
challenges = table(
    "members_challenges",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("bound", sa.Text, nullable=False),  # digest of the session or visitor it was made for
    sa.Column("person", sa.Uuid),  # whose key is to be made
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Index("members_challenges_expires", "neighbourhood", "expires_at_us"),
    key=["digest"],
)
addresses = table(
    "members_addresses",
    sa.Column("digest", sa.Text, nullable=False),  # HMAC of the e-mail address under a key outside the database
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Index("members_addresses_person", "neighbourhood", "person"),
    key=["digest"],
)
links = table(
    "members_links",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),  # digest, as in members_addresses
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # the address itself, under a key outside the database
    sa.Column("person", sa.Uuid),  # who adds the address to an account; else whoever has it signs in or joins
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Index("members_links_expires", "neighbourhood", "expires_at_us"),
    key=["digest"],
)
sessions = table(
    "members_sessions",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),  # the digest it had before it was turned
    sa.Column("before_until_us", sa.BigInteger, nullable=False),  # requests on their way with the old one are let in
    sa.Column("turn", sa.BigInteger, nullable=False),  # 1: what the person may do has changed, turn at the next request
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("began_at_us", sa.BigInteger, nullable=False),
    sa.Column("seen_at_us", sa.BigInteger, nullable=False),
    sa.Column("proved_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("members_sessions_digest", "neighbourhood", "digest"),
    sa.Index("members_sessions_before", "neighbourhood", "before"),
    sa.Index("members_sessions_person", "neighbourhood", "person"),
    key=["id"],
)
failures = table(
    "members_failures",
    sa.Column("subject", sa.Text, nullable=False),  # person:… or address:…
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("locked_until_us", sa.BigInteger, nullable=False),
    key=["subject"],
)
api_keys = table(
    "members_api_keys",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("made_at_us", sa.BigInteger, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Column("used_at_us", sa.BigInteger),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("members_api_keys_digest", "neighbourhood", "digest", unique=True),
    sa.Index("members_api_keys_person", "neighbourhood", "person"),
    key=["id"],
)
dongs = table(
    "members_dongs",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("code", sa.Text, nullable=False),  # 법정동 code, eight digits
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("checked_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Column("opens", sa.BigInteger, nullable=False, server_default="1"),  # 1: it makes a neighbour
    sa.Column("gave", sa.BigInteger, nullable=False, server_default="1"),  # 1: the role hangs on it
    key=["person", "code", "since_us"],
)
holds = table(
    "members_payout_holds",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    key=["person", "since_us"],
)
adults = table(
    "members_adults",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("seen_at_us", sa.BigInteger, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),  # '' where it was seen in the neighbourhood's office
    sa.Column("by_key", sa.Text, nullable=False),  # who saw the card
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("members_adults_seen", "neighbourhood", "seen_at_us"),
    key=["person", "seen_at_us"],
)
retained = table(
    "members_retained",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("law", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),  # a key of its own, destroyed with the row
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("destroy_after_us", sa.BigInteger, nullable=False),
    sa.Index("members_retained_destroy", "neighbourhood", "destroy_after_us"),
    key=["person", "law"],
)
mails = table(
    "members_mails",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("what", sa.Text, nullable=False),  # the letter; never its words
    sa.Column("about", sa.Text, nullable=False),  # an opaque key: an order's, a role's name
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Index("members_mails_made", "neighbourhood", "made_us"),
    sa.Index("members_mails_person", "neighbourhood", "person"),
    key=["id"],
)
invites = table(
    "members_invites",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),  # '' for the whole neighbourhood
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("made_at_us", sa.BigInteger, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Column("used_at_us", sa.BigInteger),
    sa.Column("person", sa.Uuid),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("members_invites_digest", "neighbourhood", "digest", unique=True),
    key=["id"],
)
