"""``python -m otgan`` is the command line."""

import sys

from otgan.cli import main

sys.exit(main())
