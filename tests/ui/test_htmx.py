"""htmx is the file its makers published, comes with its licence, and needs no leave that our pages do not give."""

import hashlib
import re

from madang.ui import assets

VERSION = "4.0.1"
SHA256 = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""Of ``package/dist/htmx.min.js`` in the npm package ``htmx.org`` (integrity sha512-oF7JgXhDW9UXCy/k1ZYFUQgz…)."""


def test_htmx_is_unchanged_and_comes_with_its_licence() -> None:
    file = assets.files()["ui/htmx/htmx.min.js"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    assert f'version="{VERSION}"' in file.read_text()
    assert "Zero-Clause BSD" in (file.parent / "LICENSE-htmx.txt").read_text()


def test_no_page_asks_htmx_to_evaluate_anything() -> None:
    filtered = re.compile(r'hx-trigger="[^"]*\[')
    for file in assets.ROOMS.glob("*/templates/**/*.html"):
        text = file.read_text()
        assert "hx-on" not in text, file
        assert "js:" not in text, file
        assert "javascript:" not in text, file
        assert not filtered.search(text), file
