"""The bank workload (Jepsen): clients move money among few and many accounts while readers add up all balances.

Its checks find what they are there to find: the naive bank at the end loses money, and the test says so.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from tests.ledger.books_in_use import OUTSIDE, DatabasePlace, assert_conserved, codes, move, wallet

from madang import ledger
from madang.db import Database, Tx, open_database
from madang.db.memory import Memories
from madang.db.postgres_link import PostgresLink
from madang.db.turn import Turn
from madang.ledger import records, service

EACH = 1_000


def open_bank(place: DatabasePlace, accounts: int) -> list[ledger.AccountKey]:
    keys = [wallet(f"{i:05d}") for i in range(accounts)]
    for start in range(0, accounts, 5_000):
        place.post(*[move(str(key), OUTSIDE, key, EACH) for key in keys[start : start + 5_000]])
    return keys


class Client:
    """Moves money at random; every tenth answer gets lost, and the same id is then sent again."""

    def __init__(self, place: DatabasePlace, keys: list[ledger.AccountKey], number: int) -> None:
        self.place, self.keys = place, keys
        self.number, self.rng = number, random.Random(number)
        self.outcomes: Counter[str] = Counter()

    def run(self, count: int) -> Counter[str]:
        for n in range(count):
            debit, credit = self.rng.sample(self.keys, 2)
            transfer = move(f"{self.number}/{n}", debit, credit, self.rng.randint(1, EACH // 2), at=n)
            self.outcomes[self.send(transfer)] += 1
        return self.outcomes

    def send(self, transfer: ledger.Transfer) -> str:
        [outcome] = codes(self.place.post_each([transfer]))
        if self.rng.random() >= 0.1:
            return outcome
        [resolved] = codes(self.place.post_each([transfer]))  # "unknown" is resolved by asking again
        if outcome == "created":
            assert resolved == "exists"
            return outcome
        assert outcome == "ledger.exceeds_credits"
        return resolved  # a refusal is no transfer: the same id may be done later


def run_bank(places: list[DatabasePlace], accounts: int, clients: int, count: int) -> None:
    keys = open_bank(places[0], accounts)
    done = threading.Event()

    def read() -> int:
        snapshots = 0
        while not done.is_set():
            balances = places[0].balances()
            assert_conserved(balances)
            assert sum(balances[key].posted for key in keys) == accounts * EACH
            assert min(balances[key].posted for key in keys) >= 0
            snapshots += 1
        return snapshots

    with ThreadPoolExecutor(clients + 1) as pool:
        reader = pool.submit(read)
        running = [pool.submit(Client(places[i % len(places)], keys, i).run, count) for i in range(clients)]
        try:
            outcomes = sum((client.result() for client in running), Counter())
        finally:
            done.set()
        assert reader.result() > 0
    report = places[0].check()
    assert report.ok, report.differences
    assert outcomes["created"] == report.seq - accounts
    assert set(outcomes) <= {"created", "ledger.exceeds_credits"}
    assert sum(outcomes.values()) == clients * count


@pytest.mark.parametrize(("accounts", "clients", "count"), [(2, 8, 40), (10, 8, 40), (10_000, 4, 15), (10, 1, 40)])
def test_no_money_is_made_or_lost_between_clients(db: Database, accounts: int, clients: int, count: int) -> None:
    run_bank([DatabasePlace(db)], accounts, clients, count)


@pytest.mark.postgres
def test_several_programs_share_the_books_on_postgres(postgres_url: str) -> None:
    """Each with its own connections and writer, as separate processes have."""
    programs = [open_database(postgres_url, migrate=False, durable=False) for _ in range(3)]
    try:
        run_bank([DatabasePlace(program) for program in programs], accounts=10, clients=6, count=40)
    finally:
        for program in programs:
            program.close()


@pytest.mark.soak
@pytest.mark.parametrize(("accounts", "count"), [(2, 500), (10, 500), (10_000, 60)])
def test_no_money_is_made_or_lost_for_long(db: Database, accounts: int, count: int) -> None:
    run_bank([DatabasePlace(db)], accounts, clients=8, count=count)


def test_the_same_id_from_eight_clients_is_created_once(db: Database) -> None:
    place = DatabasePlace(db)
    start = threading.Barrier(8)

    def send(_: int) -> str:
        start.wait()
        return codes(place.post(move("one", OUTSIDE, wallet("mina"), 5)))[0]

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(send, range(8))) == {"created": 1, "exists": 7}
    assert place.balance(wallet("mina")).posted == 5


@pytest.mark.postgres
def test_the_same_id_from_eight_programs_is_created_once(postgres_url: str) -> None:
    start = threading.Barrier(8)

    def send(_: int) -> str:
        with open_database(postgres_url, migrate=False, durable=False) as program:
            start.wait()
            return codes(DatabasePlace(program).post(move("one", OUTSIDE, wallet("mina"), 5)))[0]

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(send, range(8))) == {"created": 1, "exists": 7}


# --- negative controls: without the writer's lock the same workload goes wrong, and the checks see it -----------------


def naive_transfer(
    tx: Tx, debit: ledger.AccountKey, credit: ledger.AccountKey, both_have_read: Callable[[], Any]
) -> None:
    """Read, decide, write back: what everybody writes first."""
    accounts = {account.key: account for account in records.all_accounts(tx)}
    both_have_read()
    giver, receiver = accounts[debit], accounts[credit]
    if giver.credits_posted - giver.debits_posted < EACH:
        return
    for account, sums in (
        (giver, {"debits_posted": giver.debits_posted + EACH}),
        (receiver, {"credits_posted": receiver.credits_posted + EACH}),
    ):
        mine = records.accounts.update().where(records.A.id == account.id)
        tx.execute(mine.values(**sums))


def without_the_lock(db: Database, fn: Callable[[Tx], Any]) -> Any:
    """Run ``fn`` in a transaction of its own that does not take the neighbourhood's lock."""
    with db._writing.connect() as connection:
        link = PostgresLink(connection, db._compiler)
        link.command("BEGIN")
        try:
            turn = Turn(link, Memories(), alone=True)
            result = fn(Tx(link, "n1", turn))
            turn.settle()
        except BaseException:
            link.command("ROLLBACK")
            raise
        link.command("COMMIT")
        return result


@pytest.mark.postgres
def test_a_bank_that_reads_and_then_writes_is_caught(postgres_url: str) -> None:
    with open_database(postgres_url, migrate=False, durable=False) as db:
        place = DatabasePlace(db)
        a, b, c = open_bank(place, 3)
        barrier = threading.Barrier(2)

        def pay(debit: ledger.AccountKey) -> None:
            without_the_lock(db, lambda tx: naive_transfer(tx, debit, c, barrier.wait))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(pay, (a, b)))
        balances = place.balances()
        assert sum(balance.posted for balance in balances.values()) == -EACH, "a thousand won are gone"
        report = place.check()
        assert not report.ok
        assert any("sum to -1000, not 0" in text for text in report.differences)
        assert any(str(c) in text for text in report.differences)


@pytest.mark.parametrize(("code", "sold"), [("t_outside", 2), ("t_store", 1)])
def test_a_seat_is_sold_twice_by_looking_first_unless_its_account_has_a_limit(
    db: Database, code: str, sold: int
) -> None:
    """Two callers look before either acts; what they saw is no protection, the limit is."""
    place = DatabasePlace(db)
    owner, seat = (ledger.AccountKey("capacity", name, "slot", "seat") for name in ("t_outside", code))
    place.post(move("open", owner._replace(owner="room"), seat, 1))
    seen = [place.balance(seat).available for _ in range(2)]
    assert seen == [1, 1]
    sales = [move(f"sale {n}", seat, owner._replace(owner=f"guest {n}"), 1) for n in range(2)]
    assert [codes(place.post_each([sale]))[0] for sale in sales].count("created") == sold


@pytest.mark.postgres
def test_the_ledger_refuses_to_write_where_the_lock_was_not_taken(postgres_url: str) -> None:
    """Two writers that slip past the lock give their entries the same number, and the second is turned away."""
    with open_database(postgres_url, migrate=False, durable=False) as db:
        place = DatabasePlace(db)
        a, b, _ = open_bank(place, 3)
        barrier = threading.Barrier(2)

        def pay(debit: ledger.AccountKey) -> str:
            transfer = move(f"pay {debit}", debit, OUTSIDE, EACH)

            def act(tx: Tx) -> list[ledger.Result]:
                books = service._open_books(tx, [transfer])
                barrier.wait()
                results = books.post([transfer])
                service._write(tx, books)
                return results

            try:
                return codes(without_the_lock(db, act))[0]
            except IntegrityError:
                return "refused"

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(pay, (a, b))) == ["created", "refused"]
        assert place.check().ok
