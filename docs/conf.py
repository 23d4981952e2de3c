"""The configuration of Sphinx, which `make docs` runs."""

import importlib.metadata

project = "pslbench"
release = importlib.metadata.version("pslbench")
extensions = ["myst_nb"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # the notebook is stored without outputs, so they cannot be out of date
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_output_stderr = "remove"  # progress bars
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["notebook.css"]
html_title = f"pslbench {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
highlight_language = "none"
