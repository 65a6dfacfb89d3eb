"""Settings of the documentation; ``make docs`` builds it."""

import os
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

import skbalance
from skbalance._validation import DOCUMENTATION_URL

PUBLIC = (
    "",
    ".losses",
    ".metrics",
    ".model_selection",
    ".decisions",
    ".calibration",
    ".text",
    ".datasets",
    ".plotting",
)

project = "skbalance"
author = "The skbalance developers"
copyright = author
version = release = skbalance.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "benchmark_table",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.ipynb"]
root_doc = "index"
default_role = None
html_baseurl = DOCUMENTATION_URL

# Inventories of other projects come over the network; the build at home does without.
if os.environ.get("READTHEDOCS"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
    }

# -- Reference --------------------------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True
add_module_names = False

# A link to a name of ours that does not exist is an error; names of others are checked where inventories are read.
nitpicky = True
_ours = {name for part in PUBLIC for name in __import__(f"skbalance{part}", fromlist=["_"]).__all__}
nitpick_ignore_regex = [("py:.*", rf"(?!(skbalance|{'|'.join(map(re.escape, sorted(_ours)))})\b).*")]
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}


def escape_fitted_names(app, what, name, obj, options, lines):
    """Names such as ``n_features_in_`` in the type of an attribute would be read as references."""
    lines[:] = [re.sub(r"(?<=\w)_(?=[,)])", r"\\_", line) if " of shape (" in line else line for line in lines]


def skip_member(app, what, name, obj, skip, options):
    """Leave out what scikit-learn and PyTorch bring: their own pages describe it."""
    module = getattr(obj, "__module__", None) or getattr(getattr(obj, "fget", None), "__module__", None) or "skbalance"
    return True if skip or not module.startswith("skbalance") or re.fullmatch(r"set_\w+_request", name) else None


# -- Gallery and figures ----------------------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "doc_module": ("skbalance",),
    "backreferences_dir": "generated",
    "reference_url": {"skbalance": None},
    "abort_on_example_error": True,
    "download_all_examples": False,
    "image_srcset": ["2x"],
    "min_reported_time": 1e9,
    "show_memory": False,
    "show_signature": False,
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
}
plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 160)]
plot_rcparams = {"font.size": 12.5, "axes.titlesize": 11.5}
plot_apply_rcparams = True

# -- Pages ------------------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "skbalance"
html_static_path = ["_static"]
html_css_files = ["skbalance.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {key: [] for key in ("index", "quickstart", "comparison", "changelog")}
toc_object_entries_show_parents = "hide"
html_theme_options = {
    "header_links_before_dropdown": 5,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navbar_align": "left",
    "search_bar_text": "Search",
}
myst_heading_anchors = 3


def setup(app):
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-docstring", escape_fitted_names, priority=100)  # before numpydoc
