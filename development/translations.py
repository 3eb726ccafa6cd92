"""Translations: the texts in the code, their files in resources/translations, and what Qt loads of them.

`python development/translations.py` brings the `.ts` files up to the code, keeping what is translated, and
compiles them with Qt's `lrelease` (Debian's qttools5-dev-tools). Both are committed, so that a checkout
speaks all languages without it. A file is edited with Qt Linguist, or as text.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "translations"
CONTEXT = "Roadpulse"
LANGUAGES = ("ar", "de", "fr")
ROOMS = ("mapping", "workflow", "algorithms", "ui")
PAGES = "mapping"
"""The room of the words on maps, pages and films, which every language has whole."""


def texts(room: str) -> dict[str, str]:
    """Return the texts that a room's code translates, in order of the files, with the first file of each."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name == "tr" and isinstance(node.args[0], ast.Constant):
                found.setdefault(node.args[0].value, path.relative_to(ROOT).as_posix())
    if room == PAGES:
        from roadpulse.mapping.statistic_words import registry_texts

        for text in registry_texts():
            found.setdefault(text, "aggregation/contract/statistic.py")
    return found


def read(path: Path) -> dict[str, str]:
    """Return the translations that a `.ts` file has; texts without one are left out."""
    if not path.exists():
        return {}
    messages = ElementTree.parse(path).getroot().iter("message")
    pairs = (
        (message.findtext("source") or "", message.findtext("translation") or "") for message in messages
    )
    return {source: translation for source, translation in pairs if translation}


def write(path: Path, language: str, translated: dict[str, str]) -> None:
    """Write a `.ts` file: all texts of pages, and those of other rooms that are translated."""
    root = ElementTree.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    known: set[str] = set()
    for room in ROOMS:
        for text, file in texts(room).items():
            if text in known or (room != PAGES and text not in translated):
                continue
            known.add(text)
            message = ElementTree.SubElement(context, "message")
            ElementTree.SubElement(message, "location", filename=f"../../{file}")
            ElementTree.SubElement(message, "source").text = text
            translation = ElementTree.SubElement(message, "translation")
            if text in translated:
                translation.text = translated[text]
            else:
                translation.set("type", "unfinished")
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n', encoding="utf-8")


def compile_all() -> None:
    """Write the `.qm` file of each `.ts` file."""
    program = shutil.which("lrelease") or shutil.which("lrelease-qt6")
    if program is None:
        raise SystemExit("Qt's lrelease is missing. Install qttools5-dev-tools and call again.")
    for language in LANGUAGES:
        path = file_of(language)
        subprocess.run([program, "-silent", path, "-qm", path.with_suffix(".qm")], check=True)


def file_of(language: str) -> Path:
    """Return the path of a language's `.ts` file."""
    return FOLDER / f"roadpulse_{language}.ts"


def main() -> int:
    """Bring all languages up to the code; say what is not translated yet."""
    for language in LANGUAGES:
        translated = read(file_of(language))
        write(file_of(language), language, translated)
        missing = [text for text in texts(PAGES) if text not in translated]
        print(f"{language}: {len(translated)} texts" + (f", missing {missing}" if missing else ""))
    compile_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
