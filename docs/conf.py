"""The documentation site: sphinx-build -n -W --keep-going -c docs . build/docs

The source folder is the repository, so that links from docs/ to README.md and to source files hold in both: to a page
they become links to the page, to a source file they become a copy of it to download.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

SITE = Path(__file__).parent / "_site"
sys.path.insert(0, str(SITE))

project = "fastgd"
author = "The fastgd developers"
project_copyright = author
version = release = version_of("fastgd")

root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**"]
exclude_patterns = ["build", ".*", "docs/_*"]
templates_path = [str(SITE / "templates")]  # autosummary takes what is relative from the source folder

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    # In docs/_site/.
    "docstrings",
    "examples",
    "mathml",
    "public_names",
]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "py:obj"
nitpick_ignore_regex = [
    ("py:obj", r"\w+"),  # a parameter
    ("py:obj", r"(numpy|scipy|sklearn)\..+"),  # their pages are on hosts, and a build needs none
]
# Types stand in the docstrings, in words.
autodoc_typehints = "none"
autodoc_default_options = {"no-value": True}
autosummary_ignore_module_all = False
autosummary_imported_members = True
# Members are documented in full below their class.
numpydoc_show_class_members = False

toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_static_path = ["_site/static"]
html_css_files = ["wide.css"]
html_title = f"fastgd {version}"
html_copy_source = False
html_show_sphinx = False
html_additional_pages = {"index": "to_start.html"}
