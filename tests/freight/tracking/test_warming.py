"""After the warm-up no fold waits for a compiler any more."""

from __future__ import annotations

import subprocess
import sys

FOLDS = """
import sys
from config.policy import defaults
from numba.core.dispatcher import Dispatcher
from freight.tracking.columns import TruckColumns
from freight.tracking.fold import fold
from freight.tracking.warming import warm_up
from tests.freight.tracking.stream import START_MS, book, driven, world

def known():
    modules = [each for name, each in sys.modules.items() if name.startswith(("geo", "freight"))]
    found = {each for module in modules for each in vars(module).values()
             if isinstance(each, Dispatcher)}
    return {(each.__module__, each.__name__, str(s)) for each in found for s in each.signatures}

warm_up(defaults().tracking_rules)
warm = known()
fixes, around, columns = driven(1, 150), world(book()), TruckColumns()
fixes.flags.writeable = False
for size in (1, 7, 300):
    for at in range(0, len(fixes), size):
        columns.apply(fold(columns, fixes[at : at + size], around), START_MS)
    columns = TruckColumns()
print(*sorted(known() - warm), sep="\\n")
"""


def test_a_fold_compiles_nothing_more() -> None:
    done = subprocess.run([sys.executable, "-c", FOLDS], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
