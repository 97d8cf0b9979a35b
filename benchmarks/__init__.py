"""Benchmarks anyone can run again: ``python -m benchmarks`` lists them, ``python -m benchmarks NAME`` runs one.

A benchmark is a module of this package with ``SUMMARY`` (one line) and ``run(data: Path | None) -> Report``.
"""
