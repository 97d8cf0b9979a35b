"""Every way the books say no: code, status, what happened and what to do, in Korean and English.

``docs/ledger.md`` lists the same codes; a test compares them.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from madang.kernel import Conflict, Invalid, MadangError, NotFound
from madang.ledger.model import Fault, Outcome, Result


class LedgerError(MadangError):
    """A transfer, or an act on an account, that was not done; nothing of its call was.

    ``details`` hold the transfer's ``index`` in the call and its ``id``, and the values the message names.
    """


class LedgerInvalid(LedgerError, Invalid):
    """It could never be done as it was asked."""


class LedgerConflict(LedgerError, Conflict):
    """It can't be done as the books stand."""


class LedgerNotFound(LedgerError, NotFound):
    """It names what isn't in the books."""


class Words(NamedTuple):
    error: type[LedgerError]
    ko: str
    en: str
    next_ko: str
    next_en: str


_SAME_KO, _SAME_EN = (
    "새 일이면 새 번호를 쓰고, 다시 보내는 것이면 내용을 그대로 두세요.",
    ("Use a new id for a new transfer, or send the same content again."),
)


def _different(ko: str, en: str) -> Words:
    return Words(
        LedgerConflict,
        f"같은 번호의 이체가 이미 있고 {ko} 다릅니다.",
        f"A transfer with this id is booked already, with another {en}.",
        _SAME_KO,
        _SAME_EN,
    )


WORDS: dict[str, Words] = {
    # by itself
    "kind_unknown": Words(
        LedgerInvalid,
        "이체 종류 {kind}은(는) 쓸 수 없습니다.",
        "There is no transfer of kind {kind} to be made.",
        "single, pending, post, void 가운데 고르세요.",
        "Use single, pending, post or void.",
    ),
    "pending_id_required": Words(
        LedgerInvalid,
        "어느 보류를 확정하거나 취소하는지 빠졌습니다.",
        "It doesn't say which pending transfer it posts or voids.",
        "pending_id를 넣으세요.",
        "Give its pending_id.",
    ),
    "pending_id_not_allowed": Words(
        LedgerInvalid,
        "확정도 취소도 아닌 이체에 pending_id가 있습니다.",
        "Only a post or a void may name a pending transfer.",
        "pending_id를 빼거나 종류를 바꾸세요.",
        "Leave pending_id out, or change the kind.",
    ),
    "pending_id_must_differ": Words(
        LedgerInvalid,
        "자기 자신을 확정하거나 취소할 수 없습니다.",
        "A transfer can't post or void itself.",
        "보류한 이체의 번호를 pending_id에 넣으세요.",
        "Put the pending transfer's id into pending_id.",
    ),
    "expires_at_not_allowed": Words(
        LedgerInvalid,
        "보류가 아닌 이체에는 기한을 둘 수 없습니다.",
        "Only a pending transfer may expire.",
        "expires_at_us를 빼세요.",
        "Leave expires_at_us out.",
    ),
    "accounts_required": Words(
        LedgerInvalid,
        "주는 계정이나 받는 계정이 빠졌습니다.",
        "It lacks its debit or its credit account.",
        "debit과 credit을 모두 넣으세요.",
        "Give both debit and credit.",
    ),
    "amount_required": Words(
        LedgerInvalid, "금액이 빠졌습니다.", "It lacks its amount.", "amount를 넣으세요.", "Give its amount."
    ),
    "accounts_must_differ": Words(
        LedgerInvalid,
        "주는 계정과 받는 계정이 같습니다: {account}",
        "It gives to the account it takes from: {account}",
        "서로 다른 두 계정을 고르세요.",
        "Choose two different accounts.",
    ),
    "books_must_match": Words(
        LedgerInvalid,
        "두 계정이 다른 장부에 있습니다: {debit}, {credit}",
        "The accounts lie in different books: {debit}, {credit}",
        "장부마다 이체를 하나씩 만들고 한 묶음(group)으로 보내세요.",
        "Make one transfer in each book and link them in one group.",
    ),
    "units_must_match": Words(
        LedgerInvalid,
        "두 계정의 단위가 다릅니다: {debit}, {credit}",
        "The accounts count different units: {debit}, {credit}",
        "단위마다 이체를 하나씩 만들고 한 묶음(group)으로 보내세요.",
        "Make one transfer for each unit and link them in one group.",
    ),
    "amount_must_be_positive": Words(
        LedgerInvalid,
        "금액은 0보다 큰 정수여야 합니다: {amount}",
        "The amount must be an integer above zero: {amount}",
        "거꾸로 보내려면 주는 계정과 받는 계정을 바꾸세요.",
        "To move it the other way, swap debit and credit.",
    ),
    "amount_too_large": Words(
        LedgerInvalid,
        "금액 {amount}은(는) 한 번에 옮길 수 있는 {amount_max}보다 큽니다.",
        "The amount {amount} is above the most one transfer moves, {amount_max}.",
        "단위가 맞는지 보고 나누어 보내세요.",
        "See that the unit is right, and split it.",
    ),
    "time_out_of_range": Words(
        LedgerInvalid,
        "시각이 협정 세계시 마이크로초 정수가 아닙니다.",
        "A time isn't an integer of UTC microseconds.",
        "kernel.clock의 시각을 쓰세요.",
        "Use a time of kernel.clock.",
    ),
    "cause_too_long": Words(
        LedgerInvalid,
        "사유가 {characters}자입니다. {characters_max}자까지 쓸 수 있습니다.",
        "The cause has {characters} characters; {characters_max} are the most.",
        "사유에는 번호만 적고 내용은 사실(journal)에 적으세요.",
        "Name an id here and tell the story in the journal.",
    ),
    "account_key_malformed": Words(
        LedgerInvalid,
        "계정 이름을 읽을 수 없습니다: {account}",
        "Not the key of an account: {account}",
        "네 부분을 모두 1~200자의 보이는 글자로 쓰세요.",
        "Write each of its four parts in 1 to 200 printable characters.",
    ),
    "code_unknown": Words(
        LedgerInvalid,
        "계정과목 {account_code}이(가) {book} 장부에 없습니다.",
        "The chart of accounts has no {account_code} in the book {book}.",
        "declare_code로 먼저 선언하세요.",
        "Declare it with declare_code first.",
    ),
    "too_many_transfers": Words(
        LedgerInvalid,
        "이체 {count}건을 한 번에 보냈습니다. {count_max}건까지 됩니다.",
        "{count} transfers in one call; {count_max} are the most.",
        "나누어 보내세요. 한 묶음(group)은 함께 두세요.",
        "Split the call, and keep each group together.",
    ),
    "group_scattered": Words(
        LedgerInvalid,
        "한 묶음의 이체가 떨어져 있습니다.",
        "The transfers of one group don't stand next to each other.",
        "같은 group은 이어서 보내세요.",
        "Put the members of a group together.",
    ),
    # the same id again
    "exists_with_different_kind": _different("종류가", "kind"),
    "exists_with_different_pending_id": _different("pending_id가", "pending_id"),
    "exists_with_different_debit": _different("주는 계정이", "debit account"),
    "exists_with_different_credit": _different("받는 계정이", "credit account"),
    "exists_with_different_amount": _different("금액이", "amount"),
    "exists_with_different_expires_at": _different("기한이", "time-out"),
    "exists_with_different_group": _different("묶음이", "group"),
    "exists_with_different_cause": _different("사유가", "cause"),
    "group_already_posted": Words(
        LedgerConflict,
        "이 묶음은 이 이체 없이 이미 끝났습니다.",
        "This group was done already, without this transfer.",
        "더할 이체는 새 묶음으로 보내세요.",
        "Send what is to be added as a new group.",
    ),
    # as the books stand
    "expires_too_early": Words(
        LedgerConflict,
        "보류가 시작되기도 전에 기한이 끝납니다.",
        "It would have expired before it began.",
        "더 늦은 기한으로 새 번호를 써서 보내세요.",
        "Send it with a later time-out and a new id.",
    ),
    "debit_account_closed": Words(
        LedgerConflict,
        "주는 계정이 닫혀 있습니다: {account}",
        "The debit account is closed: {account}",
        "열린 계정을 고르세요.",
        "Choose an open account.",
    ),
    "credit_account_closed": Words(
        LedgerConflict,
        "받는 계정이 닫혀 있습니다: {account}",
        "The credit account is closed: {account}",
        "열린 계정을 고르세요.",
        "Choose an open account.",
    ),
    "turnover_too_large": Words(
        LedgerConflict,
        "한 계정의 누계가 {turnover_max}을(를) 넘습니다.",
        "An account's total would pass {turnover_max}.",
        "계정을 기간별로 나누세요.",
        "Use an account for each period.",
    ),
    "exceeds_credits": Words(
        LedgerConflict,
        "{account}에는 {available}만 있어 {amount}을(를) 줄 수 없습니다.",
        "{account} has {available} and can't give {amount}.",
        "먼저 채우거나, 보류를 풀거나, 금액을 줄이세요.",
        "Fill it first, release what is pending, or ask for less.",
    ),
    "exceeds_debits": Words(
        LedgerConflict,
        "{account}은(는) {available}까지만 받을 수 있어 {amount}을(를) 받지 못합니다.",
        "{account} can take {available} and not {amount}.",
        "금액을 줄이거나 다른 계정으로 받으세요.",
        "Give less, or give it to another account.",
    ),
    "pending_not_found": Words(
        LedgerNotFound,
        "보류 {pending_id}을(를) 찾을 수 없습니다.",
        "There is no pending transfer {pending_id}.",
        "번호를 보고, 보류를 먼저 보내세요.",
        "See that the id is right, and send the pending transfer first.",
    ),
    "pending_not_pending": Words(
        LedgerInvalid,
        "{pending_id}은(는) 보류가 아닙니다.",
        "{pending_id} isn't a pending transfer.",
        "보류한 이체의 번호를 넣으세요.",
        "Name a transfer of kind pending.",
    ),
    "pending_has_different_debit": Words(
        LedgerInvalid,
        "보류 {pending_id}의 주는 계정과 다릅니다.",
        "The pending transfer {pending_id} has another debit account.",
        "debit을 빼면 보류의 계정을 씁니다.",
        "Leave debit out to use the pending transfer's.",
    ),
    "pending_has_different_credit": Words(
        LedgerInvalid,
        "보류 {pending_id}의 받는 계정과 다릅니다.",
        "The pending transfer {pending_id} has another credit account.",
        "credit을 빼면 보류의 계정을 씁니다.",
        "Leave credit out to use the pending transfer's.",
    ),
    "exceeds_pending_amount": Words(
        LedgerConflict,
        "보류한 {pending}보다 많은 {amount}을(를) 확정할 수 없습니다.",
        "It can't post {amount} of {pending} pending.",
        "보류한 만큼만 확정하고 나머지는 새 이체로 보내세요.",
        "Post what is pending and send the rest as a new transfer.",
    ),
    "void_has_different_amount": Words(
        LedgerInvalid,
        "취소는 보류한 {pending} 전부에만 됩니다: {amount}",
        "A void takes back all {pending} that is pending, not {amount}.",
        "amount를 빼거나, 나머지를 확정(post)하세요.",
        "Leave amount out, or post the part that stays.",
    ),
    "pending_already_posted": Words(
        LedgerConflict,
        "보류 {pending_id}은(는) 이미 확정되었습니다.",
        "The pending transfer {pending_id} is posted already.",
        "되돌리려면 반대 방향의 새 이체를 보내세요.",
        "To reverse it, send a new transfer the other way.",
    ),
    "pending_already_voided": Words(
        LedgerConflict,
        "보류 {pending_id}은(는) 이미 취소되었습니다.",
        "The pending transfer {pending_id} is voided already.",
        "다시 하려면 새 번호로 보내세요.",
        "To do it after all, send a new transfer.",
    ),
    "pending_expired": Words(
        LedgerConflict,
        "보류 {pending_id}은(는) 기한이 지나 풀렸습니다.",
        "The pending transfer {pending_id} has timed out.",
        "다시 하려면 새 번호로 보내세요.",
        "To do it after all, send a new transfer.",
    ),
    "group_failed": Words(
        LedgerConflict,
        "같은 묶음의 이체 {culprit}이(가) 안 되어 함께 하지 않았습니다.",
        "Not done because transfer {culprit} of its group could not be.",
        "그 이체를 고쳐 묶음을 새 번호로 보내세요.",
        "Mend that transfer and send the group with new ids.",
    ),
    # accounts
    "account_not_found": Words(
        LedgerNotFound,
        "{account} 계정이 없습니다.",
        "There is no account {account}.",
        "이름을 보세요. 계정은 첫 이체 때 열립니다.",
        "See that the key is right; an account opens with its first transfer.",
    ),
    "account_has_balance": Words(
        LedgerConflict,
        "{account}에 {posted}이(가) 남아 있어 닫을 수 없습니다.",
        "{account} still holds {posted} and can't be closed.",
        "남은 것을 먼저 옮기세요.",
        "Move what is left first.",
    ),
    "account_has_pending": Words(
        LedgerConflict,
        "{account}에 보류가 있어 닫을 수 없습니다.",
        "{account} has pending transfers and can't be closed.",
        "보류를 확정하거나 취소하세요.",
        "Post or void them first.",
    ),
    "account_id_taken": Words(
        LedgerConflict,
        "{account}의 내부 번호를 {taken_by} 계정이 쓰고 있습니다.",
        "{account} has the same stored number as {taken_by}.",
        "owner에 글자를 더해 다른 이름을 쓰세요. 아주 드문 일이니 알려 주세요.",
        "Use another owner text for one of them, and tell us: this is very rare.",
    ),
}
CODES = tuple(f"ledger.{name}" for name in WORDS)


def error_of(fault: Fault, *, index: int | None = None, id: UUID | None = None) -> LedgerError:
    """A fault in words; ``index`` and ``id`` say which transfer of the call it is."""
    words = WORDS[fault.code]
    which_ko = f"{index + 1}번째 이체({id}): " if index is not None else ""
    which_en = f"Transfer {index + 1} ({id}): " if index is not None else ""
    place: dict[str, Any] = {} if index is None else {"index": index, "id": str(id)}
    return words.error(
        f"ledger.{fault.code}",
        ko=which_ko + words.ko.format(**fault.values),
        en=which_en + words.en.format(**fault.values),
        next_ko=words.next_ko,
        next_en=words.next_en,
        **(fault.values | place),
    )


def raise_first(results: list[Result]) -> None:
    """Raise for the first transfer that failed of itself (not for another one's sake)."""
    for index, result in enumerate(results):
        if result.outcome is Outcome.FAILED and result.fault and result.fault.code != "group_failed":
            raise error_of(result.fault, index=index, id=result.id)
    assert all(result.fault is None for result in results)
