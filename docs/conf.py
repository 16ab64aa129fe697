"""How the documentation is built: `make docs`, with every warning an error."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "calsync"
author = "the calsync team"
release = metadata.version("calsync")
language = "en"
extensions = ["myst_parser", "sphinx_click", "extension"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["extension"]
nitpicky = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "calsync"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
