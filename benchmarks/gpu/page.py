"""The page of a run: what was measured where, by which command, and which bars were met."""

from collections.abc import Mapping, Sequence
from typing import Any

HEAD = "# What a GPU shows\n"
REHEARSAL = """# A rehearsal on a CPU

**Nothing here says anything of a GPU.** Every part ran at a tiny size, to show that it runs.
"""


def page(results: Mapping[str, Any]) -> str:
    """Markdown of the results, as far as there are some."""
    lines = [REHEARSAL if results["rehearsal"] else HEAD, summary(results), ""]
    for part in results["parts"]:
        lines += [section(part), ""]
    return "\n".join(lines).rstrip() + "\n"


def summary(results: Mapping[str, Any]) -> str:
    """The machine, the command, and what was missed."""
    about = [f"- {name}: {value}" for name, value in results["machine"].items()]
    parts = results["parts"]
    judged = [row for part in parts for row in part["rows"] if row.get("met") is not None]
    if judged:
        about.append(f"- bars met: {sum(row['met'] for row in judged)} of {len(judged)}")
    if missed := [f"{p['title']} ({p['state']})" for p in parts if p["state"] != "done"]:
        about.append(f"- not measured in full: {'; '.join(missed)}")
    if left := results.get("left"):
        about.append(f"- not begun yet: {'; '.join(left)}")
    about.append(f"- in all: {sum(p['seconds'] for p in parts):.0f} s")
    return "\n".join(about)


def section(part: Mapping[str, Any]) -> str:
    """A part: what it is, how it went, and its table."""
    went = f"{part['state'].capitalize()}, {part['seconds']:.0f} of {part['limit']:g} s."
    return "\n".join([f"## {part['title']}", "", f"{part['note']} {went}", *table(part["rows"])])


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of a table with all columns that any row has."""
    if not rows:
        return []
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(cell(row.get(name, "")) for name in columns) + " |" for row in rows),
    ]


def cell(value: Any) -> str:
    """Numbers to four digits; whether a bar was met, in words."""
    if value is None:
        return "not judged"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|").replace("\n", " ")
