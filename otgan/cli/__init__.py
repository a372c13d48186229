"""The command line: no public names, as ``otgan`` on a terminal starts `otgan.cli.main`."""

__all__: list[str] = []
