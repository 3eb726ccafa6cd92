"""Names by which fields of trips go, in several languages, and units that names carry.

A name is compared without case, accents and signs: `Geschwindigkeit [km/h]` is `geschwindigkeit_km_h`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "link_id": (
        r"link_?id|link|xd_?id|tmc(_code)?|segment_?id|edge_?id|way_?id|osm_?(way_)?id|road_?id|street_?id",
        r"(kanten|strecken|abschnitts?|strassen|weg)_?(id|nr|nummer)|kante|strecke|abschnitt",
        r"(id_)?(troncon|lien|arc|route)(_id)?|(id_)?(tramo|enlace|arco|via)(_id)?|(id_)?(tratto|trecho)(_id)?",
        r"wegvak(_?id)?|vehicle_(lane|edge)|odcinek|vagavsnitt|路段(编号|id)?|链路|معرف_?الوصلة|الوصلة",
        r".*(link|edge|segment|way|road|street|seg).*(id|no|number|code)?",
    ),
    "speed": (
        r"(abs|vehicle|gps|point|spot|measured)?_?(speed|velocity)",
        r"geschwindigkeit|tempo|v_?ist|vitesse|velocidad(e)?|velocita|snelheid|predkosc|hastighet|速度|车速|السرعة",
        r"(speed|velocity|geschwindigkeit|vitesse|velocidade?|velocita|snelheid|v)_(km_?h|kph|kmh|mph|m_?s|ms|kn|kt|kts|knots)",
        r"kmh|km_h|mph|kph|v|spd|sog",
        r".*(speed|velocity|veloc|geschwind|vitesse|kmh|mph|kph).*",
    ),
    "time": (
        r"time_?stamp|date_?time|time|ts|instant|measurement_tstamp|timestep_time|utc(_time)?|gps_?time",
        r"zeit(stempel|punkt)?|datum_?(zeit|uhrzeit)|uhrzeit|horodatage|date_?heure|heure|fecha_?(y_?)?hora|hora",
        r"marca_de_tiempo|tiempo|data_?ora|ora|data_?hora|tijd(stip)?|datum_?tijd|czas|tid(punkt)?|时间|الوقت",
        r".*(time|stamp|date|epoch|when|zeit|heure|hora|datum).*|t",
    ),
    "trip_id": (
        r"trip_?(id|no)?|journey_?(id)?|route_?run|ride_?(id)?|track_?(id)?|traj(ectory)?_?(id)?|drive_?id",
        r"fahrt_?(id|nr|nummer)?|trajet_?(id)?|(id_)?(viaje|viaggio|viagem)(_id)?|rit_?(id|nr)?|行程(编号|id)?|الرحلة",
    ),
    "vehicle_id": (
        r"veh(icle)?_?(id|no)?|device_?(id)?|unit_?id|imei|car_?(id)?|driver_?(id)?|taxi_?(id)?|bus_?id",
        r"fahrzeug_?(id|nr|nummer)?|vehicule_?(id)?|(id_)?(vehiculo|veicolo)(_id)?|voertuig_?(id|nr)?",
        r"车辆(编号|id)?",
    ),
    "longitude": (
        r"lon(g(itude)?)?|lng|x|laenge(ngrad)?|lange(ngrad)?|geo_?lon(g)?|经度",
        r".*longitude|.*_lon|.*_lng",
    ),
    "latitude": (r"lat(itude)?|y|breite(ngrad)?|geo_?lat|纬度", r".*latitude|.*_lat"),
    "direction": (
        r"dir(ection)?|travel_?dir(ection)?|sense|fahrt?richtung|richtung|sens|sentido|direzione|rijrichting|方向",
    ),
}
"""Regular expressions of names for each entry of a field mapping, the surest first."""

_UNITS = {
    "km/h": r"(^|_)(km_?h|kmh|kph|km_hr|kmph)(_|$)|km_je_stunde",
    "mph": r"(^|_)(mph|mi_?h|mi_hr|miles_?(per|an)_?hour)(_|$)",
    "m/s": r"(^|_)(m_s|ms|mps|m_sec|ms_1|m_s_1)(_|$)",
    "knots": r"(^|_)(knots?|kn|kts?)(_|$)|^sog$",
}


def plain(name: str) -> str:
    """Return a name without case, accents and signs, which become `_`; letters of a word are kept apart.

    `absVelocity` is `abs_velocity`, `Länge` is `lange`.
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    bare = "".join(c for c in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "_", bare.replace("ß", "ss").casefold()).strip("_")


def rank(entry: str, name: str) -> int:
    """Return how well a plain name fits an entry: 0 is best; -1 if it does not."""
    for number, pattern in enumerate(NAMES[entry]):
        if re.fullmatch(pattern, name):
            return number
    return -1


def unit_in(name: str) -> str:
    """Return the unit of speeds that a field's name carries; empty if it carries none."""
    found = plain(name)
    return next((unit for unit, pattern in _UNITS.items() if re.search(pattern, found)), "")
