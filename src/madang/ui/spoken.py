"""Templates of one language, with what they always say written into them when they are compiled.

A page says some fifty texts without places, and calling ``t("key")`` for each costs as much as the line around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer


class _Saying(NodeTransformer):
    """Puts the text in the place of ``t("key")``; what has places, or is no text, is left to be called."""

    def __init__(self, plain: Callable[[str], str | None]) -> None:
        self._plain = plain

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - jinja's name
        text = self._plain(key) if (key := _key(node)) is not None else None
        return self.generic_visit(node) if text is None else nodes.Const(text, lineno=node.lineno)


def _key(node: nodes.Call) -> str | None:
    if not isinstance(node.node, nodes.Name) or node.node.name != "t" or len(node.args) != 1:
        return None
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        return None
    said = node.args[0]
    return said.value if isinstance(said, nodes.Const) and isinstance(said.value, str) else None


class _Writer(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        assert isinstance(self.environment, Spoken)
        if all(name.ctx == "load" for name in node.find_all(nodes.Name) if name.name == "t"):  # nobody else's ``t``
            _Saying(self.environment.plain).visit(node)
        super().visit_Template(node, frame)


class Spoken(jinja2.Environment):
    """``plain`` gives the text of a key in the environment's language, None where it has places or there is none."""

    code_generator_class = _Writer

    def __init__(self, plain: Callable[[str], str | None], **how: Any) -> None:
        super().__init__(**how)
        self.plain = plain
