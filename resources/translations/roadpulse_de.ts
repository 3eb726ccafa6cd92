<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>Roadpulse</name>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>all days</source>
      <translation>alle Tage</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>set of days</source>
      <translation>Tagesgruppe</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Link</source>
      <translation>Abschnitt</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Width of the line at 1:{scale} (mm)</source>
      <translation>Linienbreite bei 1:{scale} (mm)</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>, </source>
      <translation>, </translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{percentile} {begin}–{end}, of at least {points}, else of all</source>
      <translation>{percentile} {begin}–{end}, wenn mindestens {points}, sonst aller</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min</source>
      <translation>je {minutes} min</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Street</source>
      <translation>Straße</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Street as labelled</source>
      <translation>Straßenname auf der Karte</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Zoom level from which on the name is shown</source>
      <translation>Zoomstufe, ab der der Name gezeigt wird</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Road class</source>
      <translation>Straßenklasse</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{days} with holidays as Sundays</source>
      <translation>{days}, Feiertage als Sonntage</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min and {set}</source>
      <translation>je {minutes} min und {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min of {set}</source>
      <translation>je {minutes} min von {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>weekday</source>
      <translation>Wochentag</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>date</source>
      <translation>Datum</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{meaning}, packed</source>
      <translation>{meaning}, gepackt</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>free flow: {rule}</source>
      <translation>freier Verkehr: {rule}</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>{program} does not start ({error}). Install ffmpeg again</source>
      <translation>{program} startet nicht ({error}). Installieren Sie ffmpeg neu</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>{program} has no encoder {encoder}. Install an ffmpeg that has it</source>
      <translation>{program} hat keinen Encoder {encoder}. Installieren Sie ein ffmpeg mit ihm</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>the program ffmpeg is not on this computer. Install it (ffmpeg.org)</source>
      <translation>das Programm ffmpeg ist nicht auf diesem Rechner. Installieren Sie es (ffmpeg.org)</translation>
    </message>
    <message>
      <location filename="../../mapping/film/formats.py" />
      <source>the Python package Pillow is missing. Install it</source>
      <translation>das Python-Paket Pillow fehlt. Installieren Sie es</translation>
    </message>
    <message>
      <location filename="../../mapping/film/frame_page.py" />
      <source>between hours: interpolated</source>
      <translation>zwischen den Stunden: interpoliert</translation>
    </message>
    <message>
      <location filename="../../mapping/film/frame_page.py" />
      <source>between bins: interpolated</source>
      <translation>zwischen den Intervallen: interpoliert</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/layers.py" />
      <source>There is no ground {kind!r}. Choose one of {kinds}.</source>
      <translation>Es gibt keinen Grund {kind!r}. Wählen Sie einen von {kinds}.</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/layers.py" />
      <source>it has no lines or areas</source>
      <translation>er hat keine Linien oder Flächen</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>it cannot be opened</source>
      <translation>er lässt sich nicht öffnen</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>its server did not answer in time</source>
      <translation>sein Server antwortete nicht rechtzeitig</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>no picture of this place came from its server</source>
      <translation>von seinem Server kam kein Bild dieses Ortes</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>en</source>
      <translation>de</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{number} million</source>
      <translation>{number} Millionen</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{number} %</source>
      <translation>{number} %</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{day} {month} {year}</source>
      <translation>{day}. {month} {year}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{day} {month}</source>
      <translation>{day}. {month}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{weekday} {date}</source>
      <translation>{weekday}, {date}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{begin} – {end}</source>
      <translation>{begin} – {end}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{day}</source>
      <translation>{day}.</translation>
    </message>
    <message>
      <location filename="../../mapping/layer_definition.py" />
      <source>The layer “{name}” cannot be written for the process that draws it: {why}</source>
      <translation>Der Layer „{name}“ kann für den Prozess, der ihn zeichnet, nicht geschrieben werden: {why}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>{estimator}. Links with fewer than {trips} trips are grey.</source>
      <translation>{estimator}. Abschnitte mit weniger als {trips} Fahrten sind grau.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>{estimator}. Links with fewer than {trips} trips are left out.</source>
      <translation>{estimator}. Abschnitte mit weniger als {trips} Fahrten sind nicht gezeichnet.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Limits are the same at every hour of all days.</source>
      <translation>Die Klassengrenzen sind zu jeder Stunde aller Tage gleich.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Limits are the same at every hour.</source>
      <translation>Die Klassengrenzen sind zu jeder Stunde gleich.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Free flow: {rule}.</source>
      <translation>Freier Verkehr: {rule}.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>At {dpi} dpi the page is a picture of {width} × {height} points, and {why}. Nothing was written; choose fewer dpi, smaller paper, or a PDF or SVG, which are drawn as lines.</source>
      <translation>Mit {dpi} dpi ist die Seite ein Bild von {width} × {height} Punkten, und {why}. Nichts wurde geschrieben; wählen Sie weniger dpi, kleineres Papier, oder PDF oder SVG, die aus Linien bestehen.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>A PDF with layers cannot be written: the GDAL of this QGIS composes no PDF. Nothing was written; export it without layers.</source>
      <translation>Ein PDF mit Ebenen kann nicht geschrieben werden: Das GDAL dieses QGIS setzt keine PDFs zusammen. Nichts wurde geschrieben; exportieren Sie ohne Ebenen.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>this computer has no room for it</source>
      <translation>dieser Rechner hat keinen Platz dafür</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>{file} can hold one page, and the layout has {pages}. Nothing was written; export a PDF, or remove pages of the layout.</source>
      <translation>{file} kann eine Seite enthalten, und das Layout hat {pages}. Nichts wurde geschrieben; exportieren Sie ein PDF, oder entfernen Sie Seiten des Layouts.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>no picture can be so large</source>
      <translation>so groß kann kein Bild sein</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>{dpi} dpi is the most here.</source>
      <translation>Höchstens {dpi} dpi sind hier möglich.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>it takes {needed} MB of memory, of which {free} MB are free</source>
      <translation>es braucht {needed} MB Speicher, wovon {free} MB frei sind</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>Nothing is on this map: the run found no point to count. Check its dates and weekdays, and what it says of points that could not be used.</source>
      <translation>Diese Karte ist leer: Der Lauf fand keinen Punkt, der zählt. Prüfen Sie Daten und Wochentage, und was er über nicht verwendbare Punkte sagt.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{estimator}; points with a negative link id are left out, so one direction may be missing</source>
      <translation>{estimator}; Punkte mit negativer Abschnittsnummer fehlen, daher womöglich eine Richtung</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{estimator}, each direction for itself</source>
      <translation>{estimator}, jede Richtung für sich</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>local time ({zone})</source>
      <translation>Ortszeit ({zone})</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points</source>
      <translation>{points} Punkte</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>Nothing is on this map: none of the {links} links with data is among the roads. Check the field with the link id, and that these are the roads that the trips were matched to.</source>
      <translation>Diese Karte ist leer: Keiner der {links} Abschnitte mit Daten kommt unter den Straßen vor. Prüfen Sie das Feld mit der Abschnittsnummer, und ob die Fahrten zu diesen Straßen gehören.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points on {links} links</source>
      <translation>{points} Punkte auf {links} Abschnitten</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points; {links} links with at least {trips} trips</source>
      <translation>{points} Punkte; {links} Abschnitte mit mindestens {trips} Fahrten</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/items.py" />
      <source>km</source>
      <translation>km</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/items.py" />
      <source>m</source>
      <translation>m</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>The same streets through the day</source>
      <translation>Dieselben Straßen im Tagesverlauf</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>whole day</source>
      <translation>ganzer Tag</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>{heading}: {days}</source>
      <translation>{heading}: {days}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>{period}: {facts}</source>
      <translation>{period}: {facts}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>Points through the day</source>
      <translation>Punkte im Lauf des Tages</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>each set of days</source>
      <translation>je Gruppe von Tagen</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>hour by hour</source>
      <translation>Stunde für Stunde</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>{minutes} min from each time on</source>
      <translation>je {minutes} min ab der Uhrzeit</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Mean of the district's links, weighted by length</source>
      <translation>Mittel der Abschnitte des Bezirks, nach Länge gewichtet</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{statistic} by hour</source>
      <translation>{statistic} nach Stunde</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{statistic} through the day</source>
      <translation>{statistic} im Lauf des Tages</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>weighted by length; the highest bar is {value}</source>
      <translation>nach Länge gewichtet; der höchste Balken ist {value}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>No street has a name and enough trips.</source>
      <translation>Keine Straße hat einen Namen und genug Fahrten.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>No link of the map lies in {district}.</source>
      <translation>In {district} liegt kein Abschnitt der Karte.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{points} points on {links} links, {km} km</source>
      <translation>{points} Punkte auf {links} Abschnitten, {km} km</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{some} of {links} links, {km} km, with at least {trips} trips</source>
      <translation>{some} von {links} Abschnitten, {km} km, mit mindestens {trips} Fahrten</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Slowest streets ({unit})</source>
      <translation>Langsamste Straßen ({unit})</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Worst streets: {statistic}</source>
      <translation>Schlechteste Straßen: {statistic}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{length} km</source>
      <translation>{length} km</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/pair.py" />
      <source>side by side</source>
      <translation>nebeneinander</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Country</source>
      <translation>Land</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Region</source>
      <translation>Region</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>City</source>
      <translation>Stadt</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Streets</source>
      <translation>Straßen</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>{zoom} · {scale}</source>
      <translation>{zoom} · {scale}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/breaks.py" />
      <source>over {limit}</source>
      <translation>über {limit}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/breaks.py" />
      <source>up to {limit}</source>
      <translation>bis {limit}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>{labels} can hardly be told from the ground. Choose another ramp or theme.</source>
      <translation>{labels} hebt sich kaum vom Grund ab. Anderen Farbverlauf oder anderes Thema wählen.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{one}” and “{other}” look alike: they differ by {found}, and it takes {least} (CIEDE2000).</source>
      <translation>„{one}“ und „{other}“ sehen gleich aus: Sie unterscheiden sich um {found}, nötig sind {least} (CIEDE2000).</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{label}” matters most and has a contrast of {contrast}:1 with the ground; it takes {least}:1. Choose another ramp or theme.</source>
      <translation>„{label}“ ist am wichtigsten und hat einen Kontrast von {contrast}:1 zum Grund; nötig sind {least}:1. Anderen Farbverlauf oder anderes Thema wählen.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{one}” and “{other}” look alike to readers who cannot see green (deuteranopia): they differ by {found}, and it takes {least} (CIEDE2000).</source>
      <translation>„{one}“ und „{other}“ sehen für Menschen mit Grünblindheit (Deuteranopie) gleich aus: Sie unterscheiden sich um {found}, nötig sind {least} (CIEDE2000).</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>Take fewer classes.</source>
      <translation>Weniger Klassen wählen.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>Choose another ramp.</source>
      <translation>Anderen Farbverlauf wählen.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{statistic}; {days}, local time ({zone})</source>
      <translation>{statistic}; {days}, Ortszeit ({zone})</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{words}; free flow: {rule}</source>
      <translation>{words}; freier Verkehr: {rule}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{days} by {set}</source>
      <translation>{days} je {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/symbology.py" />
      <source>too few trips</source>
      <translation>zu wenige Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Buffer-time index</source>
      <translation>Pufferzeit-Index</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Confidence of the mean trip speed</source>
      <translation>Sicherheit der mittleren Fahrtgeschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Delay</source>
      <translation>Zeitverlust</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Free-flow speed</source>
      <translation>Geschwindigkeit bei freiem Verkehr</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Hard braking</source>
      <translation>Starkes Bremsen</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Highest speed</source>
      <translation>Höchste Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic could move</source>
      <translation>Wie schnell der Verkehr fließen könnte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic gets</source>
      <translation>Wie schnell der Verkehr wird</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic moves</source>
      <translation>Wie schnell der Verkehr fließt</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How freely traffic moves</source>
      <translation>Wie frei der Verkehr fließt</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much longer a trip takes</source>
      <translation>Wie viel länger eine Fahrt dauert</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much speeds vary</source>
      <translation>Wie stark Geschwindigkeiten schwanken</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time is lost</source>
      <translation>Wie viel Zeit verloren geht</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time to add</source>
      <translation>Wie viel Zeit hinzukommt</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time to plan for</source>
      <translation>Wie viel Zeit einzuplanen ist</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How reliable travel times are</source>
      <translation>Wie verlässlich Fahrzeiten sind</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How slow traffic gets</source>
      <translation>Wie langsam der Verkehr wird</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How sure the mean is</source>
      <translation>Wie sicher der Mittelwert ist</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Lowest speed</source>
      <translation>Niedrigste Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Mean speed</source>
      <translation>Mittlere Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Mean trip speed</source>
      <translation>Mittlere Fahrtgeschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Median speed</source>
      <translation>Median der Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Median trip speed</source>
      <translation>Median der Fahrtgeschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Planning-time index</source>
      <translation>Planungszeit-Index</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Points</source>
      <translation>Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Share of free-flow speed</source>
      <translation>Anteil an der Geschwindigkeit bei freiem Verkehr</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Share of stopped points</source>
      <translation>Anteil stehender Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Speed of the mean travel time</source>
      <translation>Geschwindigkeit der mittleren Fahrzeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Spread of speed</source>
      <translation>Streuung der Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Time-weighted mean speed</source>
      <translation>Zeitgewichtete mittlere Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Travel-time index</source>
      <translation>Fahrzeit-Index</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Travel-time ratio 80 to 50</source>
      <translation>Fahrzeitverhältnis 80 zu 50</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Traversals</source>
      <translation>Durchfahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Trips</source>
      <translation>Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Where drivers brake hard</source>
      <translation>Wo stark gebremst wird</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Where traffic stands</source>
      <translation>Wo der Verkehr steht</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>decelerations beyond 3 m/s²</source>
      <translation>Verzögerungen über 3 m/s²</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free flow by harmonic mean of trips</source>
      <translation>freier Verkehr durch harmonisches Mittel der Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free flow by {ordinal} percentile of pace</source>
      <translation>freier Verkehr durch {ordinal} Perzentil der Fahrzeit je km</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free-flow rule</source>
      <translation>Regel des freien Verkehrs</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>half width of the 95 % interval</source>
      <translation>halbe Breite des 95-%-Intervalls</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>harmonic mean of trips</source>
      <translation>harmonisches Mittel der Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>harmonic mean of trips by free flow</source>
      <translation>harmonisches Mittel der Fahrten durch freien Verkehr</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>km/h</source>
      <translation>km/h</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>knots</source>
      <translation>Knoten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>m/s</source>
      <translation>m/s</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>maximum of points</source>
      <translation>Maximum der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean of points</source>
      <translation>Mittel der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean of trips</source>
      <translation>Mittel der Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean weighted by time</source>
      <translation>zeitgewichtetes Mittel</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>median of points</source>
      <translation>Median der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>median of trips</source>
      <translation>Median der Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>minimum of points</source>
      <translation>Minimum der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mph</source>
      <translation>mph</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>pace of trips</source>
      <translation>Fahrzeit je km der Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>pace of trips less free flow</source>
      <translation>Fahrzeit je km der Fahrten abzüglich freiem Verkehr</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>per 100 traversals</source>
      <translation>je 100 Durchfahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>s/km</source>
      <translation>s/km</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>sample standard deviation of points</source>
      <translation>Stichproben-Standardabweichung der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>share</source>
      <translation>Anteil</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>share of points</source>
      <translation>Anteil der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}nd</source>
      <translation>{number}.</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}rd</source>
      <translation>{number}.</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}st</source>
      <translation>{number}.</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}th</source>
      <translation>{number}.</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile of points</source>
      <translation>{ordinal} Perzentil der Punkte</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile of trips</source>
      <translation>{ordinal} Perzentil der Fahrten</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile speed</source>
      <translation>{ordinal} Perzentil der Geschwindigkeit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile trip speed</source>
      <translation>{ordinal} Perzentil der Fahrtgeschwindigkeit</translation>
    </message>
  </context>
</TS>
