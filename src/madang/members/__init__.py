"""Members: people under opaque keys, what may be known of them, what they are here, and what lets them in.

Personal fields are declared with purpose and retention and sealed under a key of the person's own; erasing a person
destroys that key, and facts and books, which hold opaque keys only, stay whole. Nobody else keeps personal data.
"""

from madang.members.bank import (
    BankAccount,
    account_since_us,
    bank_account,
    payout_hold,
    payout_hold_until,
    set_bank_account,
)
from madang.members.credentials import (
    close_credential,
    close_digests,
    issue_credential,
    open_digests,
    people_of,
    person_of,
    take_digests,
)
from madang.members.declared import PersonalField, declare_field, declared
from madang.members.dongs import dongs_of
from madang.members.erasure import scrub
from madang.members.exporting import declare_export, export
from madang.members.groups import groups_of, join, leave_group, tags_of, tell_tags
from madang.members.keeping import Keeping, declare_keeping, declare_obstacle
from madang.members.model import Consent, Held, Person
from madang.members.proving import StepUpNeeded, is_fresh, need_step_up
from madang.members.service import (
    add_person,
    destroy_due,
    destroy_field,
    erase,
    field,
    fields,
    is_member,
    leave,
    person,
    set_fields,
)
from madang.members.shredding import Proof, shred
from madang.members.standing import (
    actor_of,
    close_role,
    consent,
    consents_of,
    give_role,
    has_consent,
    roles_of,
    withdraw_consent,
)
from madang.members.upkeep import Tidied, upkeep

__all__ = [
    "BankAccount",
    "Consent",
    "Held",
    "Keeping",
    "Person",
    "PersonalField",
    "Proof",
    "StepUpNeeded",
    "Tidied",
    "account_since_us",
    "actor_of",
    "add_person",
    "bank_account",
    "close_credential",
    "close_digests",
    "close_role",
    "consent",
    "consents_of",
    "declare_export",
    "declare_field",
    "declare_keeping",
    "declare_obstacle",
    "declared",
    "destroy_due",
    "destroy_field",
    "dongs_of",
    "erase",
    "export",
    "field",
    "fields",
    "give_role",
    "groups_of",
    "has_consent",
    "is_fresh",
    "is_member",
    "issue_credential",
    "join",
    "leave",
    "leave_group",
    "need_step_up",
    "open_digests",
    "payout_hold",
    "payout_hold_until",
    "people_of",
    "person",
    "person_of",
    "roles_of",
    "scrub",
    "set_bank_account",
    "set_fields",
    "shred",
    "tags_of",
    "take_digests",
    "tell_tags",
    "upkeep",
    "withdraw_consent",
]
