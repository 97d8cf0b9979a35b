"""What is declared: processes by name and version, actions by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from madang.deals import process as rules
from madang.deals.model import Deal, Fault, Process
from madang.kernel import Actor, Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from madang.db import Tx

Action: TypeAlias = "Callable[[Tx, Actor, Deal, dict[str, Any], int], dict[str, Any] | None]"


class Registry:
    """Processes and actions. The software has one (``declared``); a test may fill its own."""

    def __init__(self) -> None:
        self._processes: dict[tuple[str, int], Process] = {}
        self._prints: dict[tuple[str, int], str] = {}
        self._actions: dict[str, Action] = {}

    def declare(self, process: Process) -> Process:
        """Take a process in. Raises ``Invalid`` with every fault, ``Conflict`` if the version says something else."""
        _raise(process, rules.faults(process))
        key, print_ = (process.name, process.version), rules.fingerprint(process)
        if self._prints.get(key, print_) != print_:
            raise changed(process.name, process.version)
        self._processes[key], self._prints[key] = process, print_
        return process

    def action(self, name: str) -> Callable[[Action], Action]:
        """Register what transitions call ``name``: it returns the changes of the deal's data (``None``: no change)."""

        def register(run: Action) -> Action:
            if self._actions.get(name, run) is not run:
                raise Conflict(
                    "deals.action_taken",
                    ko=f"동작 이름 '{name}'은(는) 이미 쓰이고 있습니다.",
                    en=f"The action name '{name}' is taken.",
                    next_ko="다른 이름을 쓰세요.",
                    next_en="Choose another name.",
                )
            self._actions[name] = run
            return run

        return register

    def check(self) -> None:
        """At start, when every room is loaded: raise ``Invalid`` where a process names an unknown action."""
        for process in self._processes.values():
            self.check_actions(process)

    def check_actions(self, process: Process) -> None:
        _raise(process, rules.unknown_actions(process, frozenset(self._actions)))

    def newest(self, name: str) -> Process:
        """The version under which new deals begin. Raises ``NotFound``."""
        versions = [version for known, version in self._processes if known == name]
        if not versions:
            raise NotFound(
                "deals.process_unknown",
                ko=f"'{name}' 절차가 없습니다.",
                en=f"There is no process '{name}'.",
                next_ko="절차 이름을 확인하세요.",
                next_en="Check the process name.",
            )
        return self._processes[name, max(versions)]

    def get(self, name: str, version: int) -> Process | None:
        return self._processes.get((name, version))

    def fingerprint(self, process: Process) -> str:
        known = self._prints.get((process.name, process.version))
        return known or rules.fingerprint(process)

    def run(self, name: str) -> Action:
        """The action called ``name``. Raises ``Invalid`` when an old version's action is no longer there."""
        found = self._actions.get(name)
        if found is None:
            raise Invalid(
                "deals.action_unknown",
                ko=f"동작 '{name}'이(가) 등록되어 있지 않습니다.",
                en=f"The action '{name}' is not registered.",
                next_ko="진행 중인 거래가 쓰는 동작은 지우지 말고 남겨 두세요.",
                next_en="Keep the actions that running deals still need.",
                action=name,
            )
        return found


def changed(name: str, version: int) -> Conflict:
    """The error of a process that was edited without a new version."""
    return Conflict(
        "deals.process_changed",
        ko=f"'{name}' 절차의 {version} 버전이 이미 다른 내용으로 있습니다.",
        en=f"Version {version} of the process '{name}' already exists with other content.",
        next_ko="버전을 하나 올리세요. 진행 중인 거래는 시작한 버전을 그대로 따릅니다.",
        next_en="Raise the version; running deals keep the one they began under.",
        process=name,
        version=version,
    )


def _raise(process: Process, found: list[Fault]) -> None:
    if found:
        raise Invalid(
            "deals.process_invalid",
            ko=f"'{process.name}' 절차가 올바르지 않습니다: " + "; ".join(f"{f.where}: {f.ko}" for f in found),
            en=f"The process '{process.name}' is not sound: " + "; ".join(f"{f.where}: {f.en}" for f in found),
            next_ko="선언을 고치세요.",
            next_en="Mend the declaration.",
            faults=[{"code": f.code, "where": f.where} for f in found],
        )


declared = Registry()


def deal_key(deal: UUID) -> str:
    """How facts name a deal as their subject."""
    return f"deal/{deal}"
