"""The result of a run in one line and, behind each number, in a small table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

from ...aggregation.contract.manifest import n_trips
from ...mapping import statistic_words
from ...mapping.language import many, tr
from ..widgets.number_format import count, counted, duration, share, size
from ..widgets.plain_text import Link, in_html
from .execution_summary import done_by

if TYPE_CHECKING:
    from .run_task import FinishedRun

LINK_REASONS = ("no_link", "bad_link", "no_direction", "bad_direction")


def line(finished: FinishedRun) -> list[Union[str, Link]]:
    """Return the summary, every number a link to `details`."""
    values = finished.manifest
    points = values["points"]
    trips, links = n_trips(values), finished.match.links
    without = sum(points["reasons"].get(reason, 0) for reason in LINK_REASONS) / max(1, points["read"])
    no_link = tr("{share} of the points had no link").format(share=share(without))
    on_map = tr("{share} of the links are on the map").format(share=share(finished.match.link_rate))
    if not links:
        on_map = tr("nothing is on the map, since no point counted")
    return [
        Link("trips", counted(trips, tr("trip"), tr("trips"))), ", ",
        Link("points", tr("{n} points").format(n=many(points["read"]))), ", ",
        Link("links", counted(links, tr("link"), tr("links"))), "; ",
        Link("no_link", no_link), "; ", Link("map", on_map), ".",
    ]  # fmt: skip


def plain_line(finished: FinishedRun) -> str:
    """Return the summary without links, for the message bar and the log."""
    return "".join(part.words if isinstance(part, Link) else part for part in line(finished))


def details(finished: FinishedRun, name: str) -> str:
    """HTML about one number of the line."""
    makers = {"trips": _trips, "points": _points, "links": _links, "no_link": _no_link, "map": _map}
    return makers.get(name, _trips)(finished)


def _trips(finished: FinishedRun) -> str:
    files = finished.manifest["files"]
    rows = [
        (tr("Files named"), f"{count(files['named'])}, {size(files['bytes'])}"),
        (tr("Read in this run"), count(files["decoded"])),
        (tr("Known from earlier runs"), count(files["reused"])),
        (tr("Left out"), count(files["bad"])),
    ]
    if files.get("packed_copies"):
        rows.append((tr("Packed copies of others, not read"), count(files["packed_copies"])))
    text = _table(tr("Trips"), rows)
    bad = finished.manifest.get("bad_files", [])
    if bad:
        text += _table(tr("Files left out"), ((file["path"], file["message"]) for file in bad[:50]))
        if finished.manifest.get("bad_files_total", 0) > 50:
            text += (
                "<p>"
                + in_html(tr("The rest is named in {file}.").format(file=finished.folder / "manifest.json"))
                + "</p>"
            )
    remarks = finished.manifest.get("remarks", [])
    if remarks:
        text += _table(tr("Worth knowing"), ((str(remark), "") for remark in remarks))
    return text


def _points(finished: FinishedRun) -> str:
    from ...aggregation.trips.values import REASON_TEXTS  # noqa: PLC0415

    points = finished.manifest["points"]
    rows = [
        (tr("Points read"), count(points["read"])),
        (tr("Counted"), count(points["counted"])),
        (tr("Dropped"), count(points["dropped"])),
    ]
    rows += [(f"– {tr(REASON_TEXTS.get(k, k))}", count(n)) for k, n in points["reasons"].items() if n]
    filtered = points.get("filtered", {})
    rows += [
        (tr("On other dates"), count(filtered.get("date", 0))),
        (tr("On other days of the week"), count(filtered.get("weekday", 0))),
        (tr("In no time bin"), count(points.get("without_time", 0))),
        *((f"– {tr(REASON_TEXTS.get(k, k))}", count(n)) for k, n in points.get("time_faults", {}).items()),
        (tr("Implausibly fast"), count(points.get("implausible", 0))),
    ]
    return _table(tr("Points"), [row for i, row in enumerate(rows) if i < 3 or row[1] != "0"])


def _links(finished: FinishedRun) -> str:
    values, spec = finished.manifest, finished.job.spec
    who = done_by(finished.job.profile, values.get("runner"))
    rows = [
        (tr("Links with data"), count(finished.match.links)),
        (tr("Statistics"), _statistics(values)),
        (tr("Drawn in colour from"), tr("{n} trips on").format(n=count(spec.min_trips))),
        (tr("Bins"), tr("{n} min, clock of {zone}").format(n=spec.bin_minutes, zone=values["time_zone"])),
        (tr("Time taken"), duration(finished.seconds)),
        *([(tr("Work done"), who)] if who else []),
        (tr("Results"), str(finished.folder)),
    ]
    return _table(tr("Links"), rows)


def _statistics(values: Mapping[str, Any]) -> str:
    """Return the statistics of a manifest in words; one of an earlier version names the mean's estimator."""
    from ...aggregation.contract.statistic import is_statistic, statistic  # noqa: PLC0415

    unit, keys = values["speed_unit"], [key for key in values.get("statistics", []) if is_statistic(key)]
    if not keys:
        return tr("mean speed ({unit}), {how}").format(unit=unit, how=values["estimator"])
    return tr(", ").join(statistic_words.title(statistic(key), unit) for key in keys)


def _no_link(finished: FinishedRun) -> str:
    from ...aggregation.trips.values import REASON_TEXTS  # noqa: PLC0415

    points = finished.manifest["points"]
    rows = [
        (tr(REASON_TEXTS.get(reason, reason)), f"{count(n)} ({share(n / max(1, points['read']))})")
        for reason, n in points["reasons"].items()
        if n
    ]
    return _table(tr("Points that count nowhere"), rows or [(tr("None"), "")])


def _map(finished: FinishedRun) -> str:
    match = finished.match
    lost = match.links - match.matched_links
    rows = [
        (tr("Links with data that have a road"), _of(match.matched_links, match.links)),
        (tr("Points on them"), _of(match.matched_points, match.points)),
        (tr("Length of these roads"), tr("{n} km").format(n=f"{match.matched_km:,.1f}")),
        (
            tr("Links without a road"),
            tr("{n}, in the table “unmatched”").format(n=count(lost)) if lost else "0",
        ),
    ]
    if match.duplicates:
        rows.append((tr("Roads that are further parts of a link"), count(match.duplicates)))
    if match.missing_geometry:
        rows.append((tr("Roads without a shape"), count(match.missing_geometry)))
    rows.append((tr("Map file"), finished.job.output))
    return _table(tr("On the map"), rows)


def _of(part: int, whole: int) -> str:
    return tr("{part} of {whole} ({share})").format(
        part=count(part), whole=count(whole), share=share(part / whole if whole else 1.0)
    )


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td style='padding-right:16px'>{in_html(left)}</td><td>{in_html(right)}</td></tr>"
        for left, right in rows
    )
    return f"<p><b>{in_html(title)}</b></p><table cellspacing='2'>{cells}</table>"


def warnings(finished: FinishedRun) -> list[str]:
    """Return the warnings of the run and its map."""
    return [*(str(text) for text in finished.manifest.get("warnings", [])), *finished.match.warnings]
