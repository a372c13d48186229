"""How Sphinx builds the documentation: `make docs`. Warnings are errors, and nothing is fetched."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # networks of the gallery are small
DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

import gallery  # noqa: E402  (from _extensions)

import otgan  # noqa: E402

logging.getLogger("otgan").setLevel(logging.WARNING)  # the gallery shows what scripts print

project = "otgan"
author = "The otgan developers"
copyright = "2026, The otgan developers"
version = release = otgan.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "citations",
    "code_links",
    "lesson_pictures",
    "repository_links",
]
exclude_patterns = ["_build", "report", "README.md"]
nitpicky = True
smartquotes = False  # two hyphens begin an option
suppress_warnings = ["config.cache"]  # the settings of the gallery hold functions

html_theme = "furo"
html_title = "otgan"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
templates_path = ["_templates"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

# Formulas are written in Unicode, so that terminals show them as well: no script draws them.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # types stand in the docstrings
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = gallery.settings(DOCS)
