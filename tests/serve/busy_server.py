"""A neighbourhood's server whose settlement and self-check go round every two seconds instead of every ten minutes:
``python -m tests.serve.busy_server EDGES``, with settings in the environment. What the check finds ends it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from madang.kernel import logs
from madang.kernel import settings as setting
from madang.serve import keys
from madang.serve.centre import Centre

EVERY_S = 2


def main(edges: str) -> None:
    known = setting.load(os.environ, None)
    logs.configure(known.log_level)
    with Centre(known, keys.device_keys(Path(edges))) as centre:
        centre.start()
        while True:
            time.sleep(EVERY_S)
            centre.books.settle()
            if not centre.books.check():
                sys.stderr.write(f"books differ: {centre.books.faults}\n")
                os._exit(3)


if __name__ == "__main__":
    main(sys.argv[1])
