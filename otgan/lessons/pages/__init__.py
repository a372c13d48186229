"""What all pages share: a template, a style, modules for the browser, and how they are assembled.

A page is one HTML file that loads nothing: what it needs is inside. Charts are Observable Plot's,
in SVG; the numbers that move with a slider come from the lesson's `page.js`, which the browser
tests hold against the lesson's numbers in Python.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"assembly": ["MAX_BYTES", "Page", "assemble", "check_sizes"]}
)
