"""Fixtures of the tests that need real servers."""

from development.pytest_postgis import postgis  # noqa: F401
