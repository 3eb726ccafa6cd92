"""Names that Qt 6 and PyQt 6 no longer have, with their replacements: the tables of `qt6_check.py`.

Read off PyQt 5.15 and PyQt 6.11 by comparing their classes, members and methods. `qgis.PyQt` gives QAction,
QActionGroup and QShortcut in QtWidgets for both; other classes that moved are not brought together.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATIC = _words("""
    QDesktopServices QFontDatabase QLibraryInfo QPixmapCache QStandardPaths QSysInfo QToolTip
    QWhatsThis
""")
"""Classes of static functions: in PyQt 6 most cannot be made, and none needs to be."""

STATIC_IN_QT6_ALONE = {
    "QFontDatabase": _words("""
        bold families font hasFamily isBitmapScalable isFixedPitch isPrivateFamily isScalable
        isSmoothlyScalable italic pointSizes smoothSizes styleString styles weight
        writingSystems
    """)
}
"""Functions that PyQt 6 calls on the class and PyQt 5 on an object, so that no one spelling serves both."""

CLASSES = {
    "QAbstractState": "a variable and signals (QtStateMachine is a module of its own)",
    "QDesktopWidget": "QGuiApplication.primaryScreen() or widget.screen()",
    "QDirModel": "QFileSystemModel",
    "QGraphicsSvgItem": "QtSvgWidgets in Qt 6, QtSvg in Qt 5",
    "QMatrix": "QTransform",
    "QNetworkConfiguration": "QNetworkInformation, or nothing",
    "QNetworkConfigurationManager": "QNetworkInformation, or nothing",
    "QNetworkSession": "nothing: a session is always open",
    "QOpenGLWidget": "QtOpenGLWidgets in Qt 6, QtWidgets in Qt 5",
    "QRegExp": "QRegularExpression, or Python's re",
    "QRegExpValidator": "QRegularExpressionValidator",
    "QStateMachine": "a variable and signals (QtStateMachine is a module of its own)",
    "QString": "str",
    "QStringList": "list[str]",
    "QStyleOptionTabV4": "QStyleOptionTab",
    "QSvgWidget": "QtSvgWidgets in Qt 6, QtSvg in Qt 5",
    "QTextCodec": "bytes.decode and str.encode",
    "QTextDecoder": "codecs.getincrementaldecoder",
    "QTextEncoder": "codecs.getincrementalencoder",
    "QTouchDevice": "QInputDevice",
    "QXmlSimpleReader": "QXmlStreamReader, or xml.sax",
    "QXmlInputSource": "QXmlStreamReader, or xml.sax",
    "QXmlDefaultHandler": "QXmlStreamReader, or xml.sax",
    "qApp": "QApplication.instance()",
}
"""Classes and names that are gone."""

MODULES = {
    "Qt": "the module that has it, such as QtCore",
    "QtWebKit": "QTextBrowser, or a browser by QDesktopServices.openUrl",
    "QtWebKitWidgets": "QTextBrowser, or a browser by QDesktopServices.openUrl",
    "QtScript": "QJSEngine",
    "QtXmlPatterns": "QXmlStreamReader, or xml.etree",
}
"""Modules of PyQt 5 that are gone."""

SHIMMED = {"QAction", "QActionGroup", "QShortcut"}
"""Classes that moved to QtGui, and which `qgis.PyQt.QtWidgets` gives in every version."""

MOVED = {"QFileSystemModel", "QUndoCommand", "QUndoGroup", "QUndoStack"}
"""Classes that moved from QtWidgets to QtGui without a stand-in in `qgis.PyQt`."""

METHODS = {
    "byteCount": "sizeInBytes()",
    "enableTestMode": "setTestModeEnabled()",
    "exec_": "exec()",
    "filterRegExp": "filterRegularExpression()",
    "fromTime_t": "fromSecsSinceEpoch()",
    "getTextMargins": "textMargins()",
    "globalPosF": "globalPosition()",
    "hasPendingEvents": "nothing",
    "hiResGlobalX": "globalPosition().x()",
    "hiResGlobalY": "globalPosition().y()",
    "iniCodec": "nothing: it is UTF-8",
    "isFirstItemColumnSpanned": "isFirstColumnSpanned()",
    "lastResortFamily": "defaultFamily()",
    "longDayName": "QLocale().dayName()",
    "longMonthName": "QLocale().monthName()",
    "networkAccessible": "nothing: a request fails by itself",
    "posF": "position()",
    "print_": "print()",
    "qSleep": "QTest.qWait()",
    "setFilterRegExp": "setFilterRegularExpression()",
    "setFirstItemColumnSpanned": "setFirstColumnSpanned()",
    "setIniCodec": "nothing: it is UTF-8",
    "setPageSizeMM": "setPageSize(QPageSize(...))",
    "setPaperSize": "setPageSize(QPageSize(...))",
    "setTabStopWidth": "setTabStopDistance()",
    "setTime_t": "setSecsSinceEpoch()",
    "shortDayName": "QLocale().dayName()",
    "shortMonthName": "QLocale().monthName()",
    "supportedPaperSizes": "supportedPageSizes()",
    "tabStopWidth": "tabStopDistance()",
    "toTime_t": "toSecsSinceEpoch()",
    "touchPoints": "points()",
    "viewOptions": "initViewItemOption()",
}
"""Methods that no class of Qt 6 or QGIS has, so that the name alone is a finding."""

_AT_GLOBAL = {"globalPos": "globalPosition().toPoint()", "globalX": "globalPosition().x()"}
_AT_GLOBAL |= {"globalY": "globalPosition().y()", "screenPos": "globalPosition()"}
_AT = {"x": "position().x()", "y": "position().y()", "localPos": "position()", "windowPos": "scenePosition()"}
_POS = {"pos": "position().toPoint()"}
_LAYOUT = {"setMargin": "setContentsMargins(n, n, n, n)", "margin": "contentsMargins()"}
_METRICS = {"width": "horizontalAdvance()", "widthChar": "horizontalAdvance()"}
_DROP = {
    "pos": "position().toPoint()",
    "keyboardModifiers": "modifiers()",
    "mouseButtons": "buttons()",
}
_CERTIFICATES = dict.fromkeys(
    ("addCaCertificates", "caCertificates", "setCaCertificates", "ciphers"), "QSslConfiguration"
)

METHODS_OF: dict[str, dict[str, str]] = {
    **dict.fromkeys(("QLayout", "QBoxLayout", "QHBoxLayout", "QVBoxLayout"), _LAYOUT),
    **dict.fromkeys(("QGridLayout", "QFormLayout", "QStackedLayout"), _LAYOUT),
    **dict.fromkeys(("QFontMetrics", "QFontMetricsF"), _METRICS),
    **dict.fromkeys(("QMouseEvent", "QgsMapMouseEvent"), _AT_GLOBAL | _AT),
    **dict.fromkeys(("QEnterEvent", "QTabletEvent", "QNativeGestureEvent"), _AT_GLOBAL | _AT | _POS),
    "QWheelEvent": _AT_GLOBAL | _AT | _POS | {"delta": "angleDelta().y()", "orientation": "angleDelta()"},
    "QHoverEvent": _POS,
    **dict.fromkeys(("QDropEvent", "QDragMoveEvent", "QDragEnterEvent"), _DROP),
    "QApplication": {"desktop": "QGuiApplication.primaryScreen()", "fontMetrics": "QFontMetrics(font)"},
    "QCoreApplication": {"flush": "nothing"},
    "QHeaderView": {"setResizeMode": "setSectionResizeMode()", "setMovable": "setSectionsMovable()"},
    "QFileInfo": {"created": "birthTime()"},
    "QLibraryInfo": {"location": "path() in Qt 6"},
    "QLineF": {"intersect": "intersects()"},
    "QModelIndex": {"child": "model().index(row, column, index)"},
    "QPersistentModelIndex": {"child": "model().index(row, column, index)"},
    "QPixmap": {"grabWindow": "QScreen.grabWindow()", "grabWidget": "QWidget.grab()"},
    "QPrinter": {"setOrientation": "setPageOrientation()", "orientation": "pageLayout().orientation()"},
    "QProcess": {"pid": "processId()"},
    "QSignalMapper": {"mapped": "mappedInt, mappedString or mappedObject"},
    "QSslSocket": _CERTIFICATES,
    "QStandardItem": {"setTristate": "setAutoTristate()", "isTristate": "isAutoTristate()"},
    "QTextStream": {"setCodec": "setEncoding() in Qt 6", "codec": "encoding() in Qt 6"},
    "QTextLayout": {"setAdditionalFormats": "setFormats()", "additionalFormats": "formats()"},
    "QTextOption": {"setTabStop": "setTabStopDistance()", "tabStop": "tabStopDistance()"},
    "QTime": dict.fromkeys(("start", "restart", "elapsed"), "QElapsedTimer"),
    "QWidget": {"getContentsMargins": "contentsMargins()"},
    "QVariant": {"type": "typeId(), or isinstance of the value", "typeToName": "QMetaType(...).name()"},
}
"""Methods that are gone from a class, where others have one of that name."""

HANDLERS = {
    **dict.fromkeys(("mousePressEvent", "mouseReleaseEvent", "mouseMoveEvent"), "QMouseEvent"),
    "mouseDoubleClickEvent": "QMouseEvent",
    **dict.fromkeys(("canvasPressEvent", "canvasReleaseEvent", "canvasMoveEvent"), "QgsMapMouseEvent"),
    "canvasDoubleClickEvent": "QgsMapMouseEvent",
    "wheelEvent": "QWheelEvent",
    "enterEvent": "QEnterEvent",
    "tabletEvent": "QTabletEvent",
    **dict.fromkeys(("dropEvent", "dragMoveEvent", "dragEnterEvent"), "QDropEvent"),
}
"""The class of the event that a handler of this name gets."""

MEMBERS = {
    "QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLength": "AdjustToMinimumContentsLengthWithIcon",
    "QFileDialog.FileMode.DirectoryOnly": "FileMode.Directory and Option.ShowDirsOnly",
    "QMetaType.Type.Invalid": "QMetaType.Type.UnknownType",
    "QNetworkRequest.Attribute.FollowRedirectsAttribute": "QNetworkRequest.Attribute.RedirectPolicyAttribute",
    "QPainter.RenderHint.HighQualityAntialiasing": "QPainter.RenderHint.Antialiasing",
    "QPalette.ColorRole.Background": "QPalette.ColorRole.Window",
    "QPalette.ColorRole.Foreground": "QPalette.ColorRole.WindowText",
    "QStandardPaths.StandardLocation.DataLocation": "QStandardPaths.StandardLocation.AppLocalDataLocation",
    "Qt.ApplicationAttribute.AA_EnableHighDpiScaling": "nothing: it is always on",
    "Qt.ApplicationAttribute.AA_UseHighDpiPixmaps": "nothing: it is always on",
    "Qt.DateFormat.LocalDate": "QLocale().toString(date)",
    "Qt.DateFormat.SystemLocaleDate": "QLocale.system().toString(date)",
    "Qt.DateFormat.SystemLocaleShortDate": "QLocale.system().toString(date, QLocale.FormatType.ShortFormat)",
    "Qt.DateFormat.DefaultLocaleShortDate": "QLocale().toString(date, QLocale.FormatType.ShortFormat)",
    "Qt.ItemDataRole.BackgroundColorRole": "Qt.ItemDataRole.BackgroundRole",
    "Qt.ItemDataRole.TextColorRole": "Qt.ItemDataRole.ForegroundRole",
    "Qt.ItemFlag.ItemIsTristate": "Qt.ItemFlag.ItemIsUserTristate",
    "Qt.MatchFlag.MatchRegExp": "Qt.MatchFlag.MatchRegularExpression",
    "Qt.MouseButton.MidButton": "Qt.MouseButton.MiddleButton",
    "QMutex.RecursionMode.Recursive": "QRecursiveMutex",
}
"""Members that are gone from their enumeration."""

FLAGS = {
    "Qt": {
        "Alignment": "AlignmentFlag",
        "DockWidgetAreas": "DockWidgetArea",
        "DropActions": "DropAction",
        "Edges": "Edge",
        "FindChildOptions": "FindChildOption",
        "ItemFlags": "ItemFlag",
        "KeyboardModifiers": "KeyboardModifier",
        "MatchFlags": "MatchFlag",
        "MouseButtons": "MouseButton",
        "Orientations": "Orientation",
        "TextInteractionFlags": "TextInteractionFlag",
        "ToolBarAreas": "ToolBarArea",
        "WindowFlags": "WindowType",
        "WindowStates": "WindowState",
    },
    "QAbstractItemView": {"EditTriggers": "EditTrigger"},
    "QDialogButtonBox": {"StandardButtons": "StandardButton"},
    "QDir": {"Filters": "Filter", "SortFlags": "SortFlag"},
    "QDockWidget": {"DockWidgetFeatures": "DockWidgetFeature"},
    "QFileDialog": {"Options": "Option"},
    "QIODevice": {"OpenMode": "OpenModeFlag"},
    "QItemSelectionModel": {"SelectionFlags": "SelectionFlag"},
    "QLibraryInfo": {"LibraryLocation": "LibraryPath"},
    "QMessageBox": {"StandardButtons": "StandardButton"},
    "QPainter": {"RenderHints": "RenderHint"},
    "QRegularExpression": {"PatternOptions": "PatternOption", "MatchOptions": "MatchOption"},
    "QTextDocument": {"FindFlags": "FindFlag"},
    "QTreeWidgetItemIterator": {"IteratorFlags": "IteratorFlag"},
}
"""Types of several flags, for which PyQt 6 has the enumeration alone."""

INTEGERS = _words("""
    QDialog.DialogCode QEvent.Type QFont.Stretch QFont.Weight QFrame.Shadow QFrame.Shape
    QListWidgetItem.ItemType QMessageBox.StandardButton QSizePolicy.PolicyFlag
    QTableWidgetItem.ItemType QTextFormat.Property QTreeWidgetItem.ItemType
    QUrl.ComponentFormattingOption Qt.AlignmentFlag Qt.FocusPolicy Qt.GestureType
    Qt.ItemDataRole Qt.Key Qt.TextFlag Qt.WindowType
""")
"""Enumerations of Qt that are integers in PyQt 6 as well; most of QStyle are, besides."""

NO_INTEGER_FROM = _words("""
    buttons checkState dropAction editTriggers features flags keyboardModifiers modifiers
    mouseButtons openMode possibleActions proposedAction standardButtons windowState
""")
"""Methods without arguments that give an enumeration which is no integer in PyQt 6."""

OVERLOADS = {
    ("activated", "str"): "textActivated",
    ("buttonClicked", "int"): "idClicked",
    ("buttonPressed", "int"): "idPressed",
    ("buttonReleased", "int"): "idReleased",
    ("buttonToggled", "int"): "idToggled",
    ("currentIndexChanged", "str"): "currentTextChanged",
    ("highlighted", "str"): "textHighlighted",
    ("valueChanged", "str"): "textChanged",
}
"""Overloads of signals that are gone."""

COLOURS = _words("""
    black blue color0 color1 cyan darkBlue darkCyan darkGray darkGreen darkMagenta darkRed
    darkYellow gray green lightGray magenta red transparent white yellow
""")
"""Members of Qt.GlobalColor, the one enumeration in lower case."""

SCOPES = {
    "Qt": (
        ("Align", "AlignmentFlag"),
        ("Key_", "Key"),
        ("WA_", "WidgetAttribute"),
        ("AA_", "ApplicationAttribute"),
    ),
}
"""Beginnings that only the members of one enumeration have."""

_FREQUENT = {
    "CheckState": "Checked PartiallyChecked Unchecked",
    "DateFormat": "ISODate",
    "DialogCode": "Accepted Rejected",
    "ItemDataRole": """
        BackgroundRole CheckStateRole DecorationRole DisplayRole EditRole ForegroundRole
        TextAlignmentRole ToolTipRole UserRole
    """,
    "KeyboardModifier": "ControlModifier ShiftModifier",
    "MessageLevel": "Critical Info Success Warning",
    "MouseButton": "LeftButton RightButton",
    "Orientation": "Horizontal Vertical",
    "Policy": "Expanding Fixed Minimum Preferred",
    "RenderHint": "Antialiasing",
    "SortOrder": "AscendingOrder DescendingOrder",
    "StandardButton": "Cancel Close No Ok Yes",
    "TextFormat": "AutoText PlainText RichText",
    "TimeSpec": "LocalTime UTC",
}
SCOPE_OF = {member: enumeration for enumeration, members in _FREQUENT.items() for member in members.split()}
"""Frequent members, with the enumeration that they are of in their class."""
