"""`viflux up`: the stages of one host, started, watched, restarted and drained in order."""

import sys


def runs_under_up() -> bool:
    """Return whether this process is a child of `viflux up`, which has told a person what is not seen here."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec is not None and spec.name == "viflux.supervisor.child"
