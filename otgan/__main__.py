"""``python -m otgan`` is the command line."""

import os
import sys

try:
    from otgan.cli.main import main
except KeyboardInterrupt:  # as `main` answers it, once it is there
    sys.stderr.write("otgan: interrupted\n")
    os._exit(130)

sys.exit(main())
