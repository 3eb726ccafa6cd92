"""The words of a narrator, which stay out of docstrings, comments and documentation."""

from __future__ import annotations

import re

NARRATED = re.compile(r"\b(told|nobody|somebody|anybody|whoever|amounts? to|what does for)\b", re.IGNORECASE)
