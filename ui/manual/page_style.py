"""The look of a page of the manual: space above headings, code in a fixed font, tables as wide as the page.

Qt reads Markdown into a document whose tables have double borders and columns of any width; code has the
font of the text where the platform names no fixed one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from qgis.PyQt.QtGui import (
    QBrush,
    QColor,
    QFontMetrics,
    QPalette,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

_ABOVE_HEADING = 14
_FIXED = ["DejaVu Sans Mono", "Menlo", "Consolas", "monospace"]
_CELL_PADDING, _AROUND_TABLE = 4, 8
_BESIDE_TEXT = 2 * _CELL_PADDING + 5
"""Pixels of a cell beside its text: padding and line."""
_FAINT, _LINE = 18, 70
"""Opacity of shades and lines, of 255."""


def blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    """Return all blocks of a document, in order."""
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def arrange(document: QTextDocument, palette: QPalette, width: int) -> None:
    """Give a page that was read from Markdown its look, in the colours of a palette.

    Tables wider than `width` pixels share it out by their texts.
    """
    shade, line = (QColor(palette.color(QPalette.ColorRole.Text)) for _ in range(2))
    shade.setAlpha(_FAINT)
    line.setAlpha(_LINE)
    for block in blocks(document):
        if block.blockFormat().headingLevel():
            _change(block, lambda form: form.setTopMargin(_ABOVE_HEADING))
        if _is_code(block) and (block.text() or _is_code(block.next())):  # the last line of a fence is empty
            _change(block, lambda form: form.setBackground(QBrush(shade)))
        _fix_code(block)
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _arrange_table(frame, QBrush(line), QBrush(shade), width)


def _is_code(block: QTextBlock) -> bool:
    return block.isValid() and bool(block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence))


def _change(block: QTextBlock, change: Callable[[QTextBlockFormat], None]) -> None:
    cursor = QTextCursor(block)
    form = cursor.blockFormat()
    change(form)
    cursor.setBlockFormat(form)


def _fix_code(block: QTextBlock) -> None:
    """Show code in a fixed font: Markdown gives it a font of its own, and other texts none."""
    spans = []
    part = block.begin()
    while not part.atEnd():
        fragment = part.fragment()
        if fragment.charFormat().hasProperty(QTextFormat.Property.FontFixedPitch):
            spans.append((fragment.position(), fragment.length()))
        part += 1
    fixed = QTextCharFormat()
    fixed.setFontFamilies(_FIXED)
    for start, length in spans:
        cursor = QTextCursor(block)
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(fixed)


def _arrange_table(table: QTextTable, line: QBrush, shade: QBrush, width: int) -> None:
    """Give a table single lines, a shaded head, and no more width than the page has."""
    form = table.format()
    form.setBorderCollapse(True)
    form.setBorder(1)
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderBrush(line)
    form.setCellPadding(_CELL_PADDING)
    form.setCellSpacing(0)
    form.setTopMargin(_AROUND_TABLE)
    form.setBottomMargin(_AROUND_TABLE)
    kind = QTextLength.Type.FixedLength
    form.setColumnWidthConstraints([QTextLength(kind, each) for each in _widths(table, width)])
    table.setFormat(form)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        head = cell.format()
        head.setBackground(shade)
        cell.setFormat(head)


def _widths(table: QTextTable, width: int) -> list[float]:
    """Return the columns' widths in pixels: of the texts, or of the longest words and a share of the rest."""
    columns = range(table.columns())
    width -= _BESIDE_TEXT * (len(columns) + 1)
    texts = [[_text(table, row, column) for row in range(table.rows())] for column in columns]
    fonts = [[_font(table, row, column) for row in range(table.rows())] for column in columns]
    whole = [max(map(QFontMetrics.horizontalAdvance, *each)) for each in zip(fonts, texts)]
    if sum(whole) <= width:
        return [each + _BESIDE_TEXT for each in whole]
    words = [
        max(font.horizontalAdvance(word) for font, text in zip(*each) for word in text.split() or [""])
        for each in zip(fonts, texts)
    ]
    long = [sum(map(len, each)) if least < most else 0 for each, least, most in zip(texts, words, whole)]
    left = max(width - sum(words), 0)
    return [least + _BESIDE_TEXT + left * part / max(sum(long), 1) for least, part in zip(words, long)]


def _font(table: QTextTable, row: int, column: int) -> QFontMetrics:
    """Return the metrics of a cell's first letter, as bold as its widest."""
    cursor = table.cellAt(row, column).firstCursorPosition()
    cursor.setPosition(cursor.position() + 1)  # `movePosition` takes 20 ms for a long page
    font = table.document().defaultFont()
    form = cursor.charFormat()
    if form.hasProperty(QTextFormat.Property.FontFixedPitch):
        font.setFamilies(_FIXED)
    font.setBold(row == 0)
    return QFontMetrics(font)


def _text(table: QTextTable, row: int, column: int) -> str:
    cell = table.cellAt(row, column)
    cursor = cell.firstCursorPosition()
    cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor.MoveMode.KeepAnchor)
    return str(cursor.selectedText())
