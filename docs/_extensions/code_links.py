"""Names in code become links to the reference: of public names, on all pages but the reference."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

NAME = re.compile(r"(?:otgan\.)?([\w.]+?)(?:\(.*\))?$")
"""`emd`, `otgan.emd` and `emd(x, y)`."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the links when all pages are known."""
    app.connect("doctree-resolved", add_links)
    return {"parallel_read_safe": True}


def add_links(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Wrap each literal that is a public name in a reference."""
    if page.startswith("api/"):
        return
    known = app.env.domains.python_domain.objects
    for literal in list(doctree.findall(nodes.literal)):
        name = NAME.match(literal.astext())
        entry = known.get(f"otgan.{name[1]}") if name else None
        if entry and not in_link_or_title(literal):
            link = make_refnode(app.builder, page, entry.docname, entry.node_id, literal.deepcopy())
            literal.replace_self(link)


def in_link_or_title(node: nodes.Node) -> bool:
    """Whether a link would be one within another, or in a heading."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.reference | nodes.title):
            return True
    return False
