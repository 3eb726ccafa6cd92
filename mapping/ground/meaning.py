"""The meaning of a layer of areas or lines: water, green, built-up areas, roads, railways, borders.

It follows from the layer's name, in several languages, or from fields as OpenStreetMap has them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Optional

from qgis.core import Qgis, QgsVectorLayer

WATER, GREEN, BUILT_UP = "water", "green", "built-up areas"
ROADS, RAILWAY, BORDER = "roads", "railways", "borders"

_WORDS = {
    WATER: (
        "water waterway river lake sea ocean coast canal reservoir stream pond harbour lagoon hydro "
        "hydrography wasser gewasser fluss see seen teich meer kanal bach hafen eau eaux riviere "
        "fleuve lac mer plan_d_eau hydrographie agua aguas rio lago mar embalse embassament acqua "
        "acque fiume mare hidrografia hydrografie vann sjo elv vatten wody woda rzeka jezioro voda "
        "wateren water_a вода реки مياه نهر"
    ),
    GREEN: (
        "park parks green forest wood woods woodland grass garden gardens meadow nature reserve "
        "cemetery vegetation wald walder forst grun grunflache grunflachen wiese garten friedhof "
        "naturschutz foret forets bois parc parcs jardin jardins espace_vert espaces_verts bosque "
        "bosques parque parques jardines bosco boschi parco parchi giardino bos bossen groen skog "
        "las lasy zielen les lesy парк лес حديقة حدائق غابة"
    ),
    BUILT_UP: (
        "built builtup urban settlement settlements residential building buildings houses towns "
        "town city block blocks siedlung siedlungen ortslage ortslagen bebauung gebaude wohngebiet "
        "hauser stadt bati batiment batiments zone_urbaine tache_urbaine edificio edificios "
        "edificacion urbano nucleo nucleos edifici edificato urbanizzato gebouw gebouwen bebouwing "
        "bygning byggnad tatort zabudowa budynki zastavba budovy здания مباني"
    ),
    ROADS: (
        "road roads street streets highway highways motorway streetnetwork network links strasse "
        "strassen strassennetz wege autobahn route routes rue rues voirie troncon_de_route calle "
        "calles carretera carreteras via vias viario strada strade straat straten wegen weg vei veg "
        "vag vagar droga drogi ulice silnice дороги улицы شوارع طرق"
    ),
    RAILWAY: (
        "rail rails railway railways train tram bahn eisenbahn schiene schienen gleise "
        "chemin_de_fer voie_ferree voies_ferrees ferrocarril ferrocarriles ferrovia ferrovie spoor "
        "spoorweg jernbane jarnvag kolej koleje zeleznice железная سكة"
    ),
    BORDER: (
        "border borders boundary boundaries admin district districts county counties municipality "
        "municipalities ward wards grenze grenzen gemeinde gemeinden kreis kreise bezirk bezirke "
        "landkreis bundesland limite limites commune communes departement departements "
        "arrondissement quartier frontera municipio municipios provincia distrito confine confini "
        "comune comuni quartiere grens gemeente gemeenten kommune kommuner granica granice gmina "
        "powiat hranice границы حدود"
    ),
}  # fmt: skip
_KNOWN = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}

_AREAS = (WATER, GREEN, BUILT_UP, BORDER)
_LINES = (WATER, ROADS, RAILWAY, BORDER)

_VALUE_FIELDS = ("fclass", "landuse", "natural", "leisure", "waterway", "class", "type", "kind", "landcover")
"""Fields, in lower case, whose values tell what a feature is."""

VALUES = {
    WATER: (
        "water", "river", "riverbank", "lake", "reservoir", "basin", "bay", "dock", "canal", "stream",
        "lagoon", "pond", "sea", "ocean", "coastline",
    ),
    GREEN: (
        "park", "forest", "wood", "nature_reserve", "grass", "meadow", "scrub", "heath", "garden",
        "recreation_ground", "village_green", "cemetery", "grave_yard", "golf_course", "pitch", "allotments",
        "orchard", "vineyard", "grassland", "dog_park", "playground",
    ),
    BUILT_UP: (
        "residential", "commercial", "industrial", "retail", "construction", "education", "institutional",
        "military", "garages", "urban", "built_up", "built-up", "railway",
    ),
}  # fmt: skip
"""Values of these fields in OpenStreetMap, and in what is made of it, by meaning of an area."""

_OF_FIELDS = (("highway", ROADS), ("railway", RAILWAY), ("waterway", WATER), ("admin_level", BORDER),
              ("boundary", BORDER), ("building", BUILT_UP))  # fmt: skip
"""Fields that only features of one meaning have."""


@dataclass(frozen=True)
class Meaning:
    """One meaning for all of a layer, or those of the values (`VALUES`) of the field `by_field`."""

    meaning: str = ""
    by_field: str = ""


def meaning_of(layer: QgsVectorLayer) -> Optional[Meaning]:
    """Return the meaning of a layer of areas or lines; None where neither name nor fields give one."""
    kind = layer.geometryType()
    able = {Qgis.GeometryType.Polygon: _AREAS, Qgis.GeometryType.Line: _LINES}.get(kind, ())
    if not able:
        return None
    words = _words(layer.name())
    for word in words:
        meaning = _KNOWN.get(word) or _KNOWN.get(word.rstrip("s"), "")
        if meaning in able:
            return Meaning(meaning)
    fields = {name.lower(): name for name in layer.fields().names()}
    if kind == Qgis.GeometryType.Polygon:
        for name in _VALUE_FIELDS:
            if name in fields:
                return Meaning(by_field=fields[name])
    for name, meaning in _OF_FIELDS:
        if name in fields and meaning in able:
            return Meaning(meaning)
    return None


def _words(name: str) -> list[str]:
    """Return the words of a layer's name without accents, and pairs and triples of them joined by `_`."""
    folded = unicodedata.normalize("NFKD", name.casefold().replace("ø", "o").replace("ł", "l"))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    words = [word for word in re.split(r"[\W\d_]+", plain) if word]
    joined = ["_".join(words[i : i + n]) for n in (3, 2) for i in range(len(words) - n + 1)]
    return [*joined, *words]
