"""Translations are whole: every text of maps, pages and films, in every language."""

from __future__ import annotations

import re

import pytest

from development import translations

pytestmark = pytest.mark.parametrize("language", translations.LANGUAGES)


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", text))


def test_all_texts_of_pages_are_translated(language: str) -> None:
    """Run `python development/translations.py` for what is new in the code, and translate it."""
    translated = translations.read(translations.file_of(language))
    assert [text for text in translations.texts(translations.PAGES) if text not in translated] == []


def test_a_translation_has_the_values_of_its_text(language: str) -> None:
    translated = translations.read(translations.file_of(language))
    wrong = {a: b for a, b in translated.items() if placeholders(a) != placeholders(b)}
    assert wrong == {}


def test_no_translation_is_of_a_text_that_is_gone(language: str) -> None:
    known = {text for room in translations.ROOMS for text in translations.texts(room)}
    assert set(translations.read(translations.file_of(language))) <= known
