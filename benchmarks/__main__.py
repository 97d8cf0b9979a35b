"""``python -m benchmarks`` lists the benchmarks; ``python -m benchmarks NAME [--data DIR] [--json OUT]`` runs one."""

from __future__ import annotations

import argparse
import importlib
import logging
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import benchmarks


def found() -> dict[str, ModuleType]:
    """Every benchmark by name: the modules of this package that say what they measure."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "SUMMARY")}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Madang's benchmarks.")
    parser.add_argument("name", nargs="?", help="which one to run; without a name they are listed")
    parser.add_argument("--data", type=Path, metavar="DIR", help="run on the data in this folder")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    modules = found()
    known = {flag for module in modules.values() for flag in getattr(module, "FLAGS", ())}
    for flag in sorted(known):
        parser.add_argument(f"--{flag}", action="store_true", help="see the benchmark that knows it")
    chosen = parser.parse_args(arguments)
    if chosen.name is None:
        width = max(map(len, modules), default=0)
        print("\n".join(f"{name:<{width}}  {module.SUMMARY}" for name, module in modules.items()))
        return 0
    if chosen.name not in modules:
        print(f"There is no benchmark {chosen.name!r}. There are: {', '.join(modules)}.", file=sys.stderr)
        return 2
    logging.getLogger("madang").setLevel(logging.ERROR)  # large batches are meant to be over the writer's budget
    module = modules[chosen.name]
    flags = frozenset(flag for flag in getattr(module, "FLAGS", ()) if getattr(chosen, flag.replace("-", "_")))
    report = module.run(chosen.data, flags) if flags else module.run(chosen.data)
    print(report.text())
    if chosen.json:
        report.write(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
