"""How the documentation is built: `make docs`, where every warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "secure_liaison"
author = "the secure_liaison project"
project_copyright = "2026, the secure_liaison project; Apache-2.0"
language = "en"

extensions = ["myst_parser", "reference_pages"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nitpicky = True
exclude_patterns = ["_build", "_ext"]

html_theme = "furo"
html_title = "secure_liaison 涉密联络"
html_show_sourcelink = False
html_copy_source = False
