"""The template of a page and what it needs besides the map: paper, a second map, districts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsFeatureRequest,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
    QgsVariantUtils,
    QgsVectorLayer,
)

from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.json_text import shown
from ..mapping.errors import MapError
from ..mapping.foreign_style import bare_layer
from ..mapping.language import tr, usual_paper
from . import pages
from . import parameters as p
from .reader import Reader

if TYPE_CHECKING:
    from ..mapping.layout.district import District
    from ..mapping.layout.templates.base import OtherMap, PageInput, PageTemplate
    from ..mapping.timeline import Timeline

TEMPLATE, TIME, PAPER, ORIENTATION = "TEMPLATE", "TIME", "PAPER", "ORIENTATION"
OTHER, OTHER_TIME, OTHER_DAYS = "OTHER", "OTHER_TIME", "OTHER_DAYS"
DISTRICTS, NAME_FIELD, DISTRICT = "DISTRICTS", "NAME_FIELD", "DISTRICT"
KEYS = ("city", "zooms", "atlas", "day", "pair", "district")
PAPERS = ("A4", "A3", "A2", "A1", "A0", "Letter", "Tabloid")
ORIENTATIONS = ("auto", "landscape", "portrait")
USUAL_FIELDS = ("name", "title", "label")
WHOLE_DAY = "day"
"""Key of the template that shows a set of days without a time."""
MOST_NAMED = 8
"""Districts that an error names."""

Parameters = dict[str, Any]


def time_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return the parameters of the time that a page shows."""
    time = QgsProcessingParameterString(TIME, tr("Time of the day"), "", False, True)
    yield p.with_help(time, tr("Such as 08:00: the bin that holds it. Empty: the whole period."))
    yield pages.set_of_days(tr("It needs a TIME, but for the template “day”. Empty: the first."))


def template_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return the parameters of template, paper, second map and districts."""
    template = QgsProcessingParameterString(TEMPLATE, tr("Template"), "city")
    template.setMetadata({"widget_wrapper": {"value_hints": list(KEYS)}})
    yield p.with_help(
        template,
        tr(
            "“city”: one map and the day as small maps. “zooms”: from all links to 1:25,000; “atlas”: the "
            "same, a page each, as PDF. “day”: the hours of a day, or times of several sets of days, as "
            "small maps. “pair”: two maps or times side by side. “district”: the report of a district. Or "
            "the path of a layout template (.qpt)."
        ),
    )
    yield p.choice(
        PAPER, tr("Paper"), PAPERS, usual_paper(),
        tr("Landscape, or portrait where that shows more. If none is named, A4, or Letter in its countries."),
    )  # fmt: skip
    yield p.advanced(
        p.choice(
            ORIENTATION,
            tr("Orientation"),
            ORIENTATIONS,
            "auto",
            tr("“auto” turns the paper to portrait where that shows the extent larger."),
        )
    )
    other = QgsProcessingParameterVectorLayer(
        OTHER, tr("Second map"), [Qgis.ProcessingSourceType.VectorLine], None, True
    )
    yield p.advanced(
        p.with_help(other, tr("Of “pair”: the map of another run, drawn with the limits of the first."))
    )
    time = QgsProcessingParameterString(OTHER_TIME, tr("Second time"), "", False, True)
    yield p.advanced(p.with_help(time, tr("Of “pair”, such as 17:00. Empty: the first time.")))
    days = QgsProcessingParameterString(OTHER_DAYS, tr("Second days"), "", False, True)
    yield p.advanced(p.with_help(days, tr("Of “pair”: a set of days, such as Sat. Empty: the first days.")))
    districts = QgsProcessingParameterFeatureSource(
        DISTRICTS, tr("Districts"), [Qgis.ProcessingSourceType.VectorPolygon], None, True
    )
    yield p.advanced(p.with_help(districts, tr("Polygons, for the report of a district.")))
    field = QgsProcessingParameterField(
        NAME_FIELD, tr("Field with the district's name"), None, DISTRICTS,
        Qgis.ProcessingFieldParameterDataType.Any, False, True,
    )  # fmt: skip
    yield p.advanced(p.with_help(field, tr("Empty: one that is called name, title or label.")))


def district_parameter() -> QgsProcessingParameterDefinition:
    """Return the name of one district."""
    name = QgsProcessingParameterString(DISTRICT, tr("District"), "", False, True)
    return p.advanced(p.with_help(name, tr("Name of one of the districts. Empty: the only one there is.")))


def template_of(text: str) -> PageTemplate:
    """Return the template of a key or a file's path; raises `MapError`."""
    from ..mapping.layout.templates.registry import page_template  # noqa: PLC0415

    return page_template(text)


class TemplateReader:
    """The template of a call, and what belongs to it."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: Parameters, context: QgsProcessingContext
    ) -> None:
        self._algorithm, self._parameters, self._context = algorithm, parameters, context
        self._reader = Reader(algorithm, parameters, context)
        self.template = template_of(self._reader.text(TEMPLATE))

    def check(self) -> None:
        """Raise `RunError` for times that cannot be read, and for days without the time that they need."""
        for name in (TIME, OTHER_TIME):
            if self._reader.text(name):
                pages.bin_of(self._reader.text(name), 1)
        if self._reader.text(pages.DAYS) and not self._reader.text(TIME) and self.template.key != WHOLE_DAY:
            fault = "needs a TIME, such as 08:00, as some days have values by bin alone"
            raise SpecError(pages.DAYS, fault)

    def check_days(self) -> None:
        """Raise `RunError` for a call with a time where a page is made of each."""
        if self._reader.text(TIME):
            raise SpecError(TIME, "is given, and a page is to be made of each time. Leave it empty")

    def frames(self, timeline: Timeline) -> list[int]:
        """Return the frames of the set of days that the call names, or of all; raises `MapError`."""
        sets = pages.sets_of(timeline, self._reader.text(pages.DAYS))
        return [day * timeline.n_bins + at for day in sets for at in range(timeline.n_bins)]

    def frame(self, timeline: Timeline) -> Optional[int]:
        """Return the frame that the call asks for, None for the whole period; raises `MapError`."""
        days, time = self._reader.text(pages.DAYS), self._reader.text(TIME)
        return pages.frame_of(timeline, days, time or "00:00") if days or time else None

    def contents(self, request: pages.PageRequest, **options: Any) -> PageInput:
        """Return the contents of a page with the call's paper and second map; raises `MapError`."""
        reader = self._reader
        contents = request.contents(
            paper=reader.choice(PAPER), orientation=reader.choice(ORIENTATION), **options
        )
        layer = self._algorithm.parameterAsVectorLayer(self._parameters, OTHER, self._context)
        if layer is None and reader.text(OTHER):
            raise MapError(tr("The layer {name!r} cannot be opened.").format(name=reader.text(OTHER)))
        if layer is None and not reader.text(OTHER_TIME) and not reader.text(OTHER_DAYS):
            return contents
        return replace(contents, other=self._other(request, contents, layer))

    def _other(
        self, request: pages.PageRequest, contents: PageInput, layer: Optional[QgsVectorLayer]
    ) -> OtherMap:
        from ..mapping.layout.templates.base import OtherMap  # noqa: PLC0415
        from ..mapping.style.options import StyleOptions  # noqa: PLC0415

        reader, style, shown_layer = self._reader, contents.style, contents.layer
        if layer is not None:
            shown_layer = bare_layer(layer.source(), layer.name(), layer.providerType())
            request.project.addMapLayer(shown_layer)
            style = StyleOptions.from_run_table(shown_layer, statistic=style.statistic, theme=style.theme)
        days, first = reader.text(OTHER_DAYS), reader.text(pages.DAYS)
        if not days and first in style.timeline.names:
            days = first
        time = reader.text(OTHER_TIME) or reader.text(TIME)
        frame = pages.frame_of(style.timeline, days, time) if time and style.plays else None
        return OtherMap(shown_layer, style, frame)

    # -- districts ----------------------------------------------------------------------------------------

    def districts(self) -> list[District]:
        """Return the districts in the order of their layer, from a copy of it; raises `MapError`."""
        from ..mapping.layout.district import District  # noqa: PLC0415

        source = self._algorithm.parameterAsSource(self._parameters, DISTRICTS, self._context)
        if source is None:
            return []
        copy = source.materialize(QgsFeatureRequest())
        field = self._reader.text(NAME_FIELD) or _usual_field(copy)
        return [
            District(_name_of(feature, field) or f"{source.sourceName()} {number}", copy, feature.id())
            for number, feature in enumerate(copy.getFeatures(), 1)
        ]

    def district(self) -> Optional[District]:
        """Return the district that DISTRICT names, or the only one; raises `MapError`."""
        known, wanted = self.districts(), self._reader.text(DISTRICT)
        found = [each for each in known if each.name == wanted] if wanted else known
        if len(found) == 1 or not known:
            return found[0] if found else None
        names = ", ".join(each.name for each in known[:MOST_NAMED])
        names += ", …" if len(known) > MOST_NAMED else ""
        if wanted:
            words = tr("{n} districts have the name {wanted}. The layer has: {names}")
        else:
            words = tr("Name one of the {n} districts, or make a page of each with Export pages: {names}")
        raise MapError(words.format(n=len(found), wanted=shown(wanted), names=names))


def _usual_field(layer: QgsVectorLayer) -> str:
    """Return the field that holds names, by its own name; empty for none."""
    fields = {field.name().lower(): field.name() for field in layer.fields()}
    return next((fields[name] for name in USUAL_FIELDS if name in fields), "")


def _name_of(feature: QgsFeature, field: str) -> str:
    value = feature.attribute(field) if field in feature.fields().names() else None
    return "" if QgsVariantUtils.isNull(value) else str(value).strip()
