"""The command line, as ``otgan`` and as ``python -m otgan``: Ctrl-C counts while it loads, too."""

import os
import sys

__all__ = ["run"]


def run() -> int:
    """Load the command line, and run it."""
    try:
        from otgan.cli.interrupts import passing_on_interrupts

        with passing_on_interrupts():
            from otgan.cli.main import main
    except KeyboardInterrupt:  # as `main` answers it, once it is there
        sys.stderr.write("otgan: interrupted\n")
        os._exit(130)
    return main()


if __name__ == "__main__":
    sys.exit(run())
