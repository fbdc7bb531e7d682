"""The Sphinx configuration: `sphinx-build -W docs docs/_build/html`."""

import gc
import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
PATHS = [str(HERE.parent), str(HERE / "_extensions")]
sys.path[:0] = PATHS
# Notebooks run in processes of their own, which also need the checkout and not an installed copy.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [*PATHS, os.environ.get("PYTHONPATH")]))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Sphinx forks processes that read pages. If an extension has started JAX before, they may wait for ever.
warnings.filterwarnings("error", message=r"os\.fork\(\) was called")

import gradlab  # noqa: E402

project = "gradlab"
copyright = "the gradlab authors"
version = release = gradlab.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "charts",
    "diagrams",
    "docstrings",
    "flows",
    "formulas",
    "notebook_figures",
    "page_text.line_breaks",
    "page_text.number_columns",
    "page_text.phone_tables",
    "pages",
    "publications",
    "signatures",
    "stories",
    "transcripts",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"gradlab {release}"
html_show_copyright = False
html_math_renderer = "mathml"
html_copy_source = False
pygments_style = "highlighting.LightStyle"  # of friendly, comments and numbers are too pale to read
pygments_dark_style = "monokai"

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 600
nb_merge_streams = True  # what a cell prints is one block, however many times it prints

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False  # of a base class, they tell an author what to write, or are of another package
python_maximum_signature_line_length = 88

# For `sphinx-build -n`: a build without a network cannot fetch the inventories of other libraries.
nitpick_ignore_regex = [(r"py:.*", r"(?!gradlab\.)\w+\..*"), (r"py:.*", r"(gradlab\..*\.)?[A-Z]\w*")]

# Each garbage collection walks over all pages that were read, and so does the end of the process. That takes most of
# the time of a build, so they are left out from when all are read, and from the end.
gc.set_threshold(100_000, 10, 100)


def setup(app):
    """Leave out what was read of later garbage collections."""
    app.connect("env-updated", lambda *_: gc.freeze())
    app.connect("build-finished", lambda *_: gc.freeze())
