"""The configuration of Sphinx, which `make docs` runs."""

import importlib.metadata

project = "pslbench"
release = importlib.metadata.version("pslbench")
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"pslbench {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
highlight_language = "none"
