<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
  <context>
    <name>Roadpulse</name>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>all days</source>
      <translation>tous les jours</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>set of days</source>
      <translation>groupe de jours</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Link</source>
      <translation>Tronçon</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Width of the line at 1:{scale} (mm)</source>
      <translation>Largeur du trait au 1:{scale} (mm)</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>, </source>
      <translation>, </translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{percentile} {begin}–{end}, of at least {points}, else of all</source>
      <translation>{percentile} {begin}–{end} s’il y en a au moins {points}, sinon de tous</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min</source>
      <translation>par {minutes} min</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Street</source>
      <translation>Rue</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Street as labelled</source>
      <translation>Nom de rue affiché</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Zoom level from which on the name is shown</source>
      <translation>Niveau de zoom à partir duquel le nom est affiché</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Road class</source>
      <translation>Classe de route</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{days} with holidays as Sundays</source>
      <translation>{days}, jours fériés comptés comme dimanches</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min and {set}</source>
      <translation>par {minutes} min et par {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min of {set}</source>
      <translation>par {minutes} min de {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>weekday</source>
      <translation>jour de la semaine</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>date</source>
      <translation>date</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{meaning}, packed</source>
      <translation>{meaning}, compacté</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>free flow: {rule}</source>
      <translation>circulation fluide : {rule}</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>{program} does not start ({error}). Install ffmpeg again</source>
      <translation>{program} ne démarre pas ({error}). Réinstallez ffmpeg</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>{program} has no encoder {encoder}. Install an ffmpeg that has it</source>
      <translation>{program} n’a pas d’encodeur {encoder}. Installez un ffmpeg qui l’a</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>the program ffmpeg is not on this computer. Install it (ffmpeg.org)</source>
      <translation>le programme ffmpeg n’est pas sur cet ordinateur. Installez-le (ffmpeg.org)</translation>
    </message>
    <message>
      <location filename="../../mapping/film/formats.py" />
      <source>the Python package Pillow is missing. Install it</source>
      <translation>le paquet Python Pillow manque. Installez-le</translation>
    </message>
    <message>
      <location filename="../../mapping/film/frame_page.py" />
      <source>between hours: interpolated</source>
      <translation>entre les heures : interpolé</translation>
    </message>
    <message>
      <location filename="../../mapping/film/frame_page.py" />
      <source>between bins: interpolated</source>
      <translation>entre les intervalles : interpolé</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/layers.py" />
      <source>There is no ground {kind!r}. Choose one of {kinds}.</source>
      <translation>Il n’y a pas de fond {kind!r}. Choisissez parmi {kinds}.</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/layers.py" />
      <source>it has no lines or areas</source>
      <translation>elle n’a ni lignes ni surfaces</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>it cannot be opened</source>
      <translation>elle ne s’ouvre pas</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>its server did not answer in time</source>
      <translation>son serveur n’a pas répondu à temps</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>no picture of this place came from its server</source>
      <translation>son serveur n’a envoyé aucune image de ce lieu</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>en</source>
      <translation>fr</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{number} million</source>
      <translation>{number} millions</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{number} %</source>
      <translation>{number} %</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{day} {month} {year}</source>
      <translation>{day} {month} {year}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{day} {month}</source>
      <translation>{day} {month}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{weekday} {date}</source>
      <translation>{weekday} {date}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{begin} – {end}</source>
      <translation>{begin} – {end}</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{day}</source>
      <translation>{day}</translation>
    </message>
    <message>
      <location filename="../../mapping/layer_definition.py" />
      <source>The layer “{name}” cannot be written for the process that draws it: {why}</source>
      <translation>La couche « {name} » ne peut être écrite pour le processus qui la dessine : {why}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>{estimator}. Links with fewer than {trips} trips are grey.</source>
      <translation>{estimator}. Les tronçons de moins de {trips} trajets sont en gris.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>{estimator}. Links with fewer than {trips} trips are left out.</source>
      <translation>{estimator}. Les tronçons de moins de {trips} trajets ne sont pas dessinés.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Limits are the same at every hour of all days.</source>
      <translation>Les limites sont les mêmes à toute heure de tous les jours.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Limits are the same at every hour.</source>
      <translation>Les limites sont les mêmes à toute heure.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Free flow: {rule}.</source>
      <translation>Circulation fluide : {rule}.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>At {dpi} dpi the page is a picture of {width} × {height} points, and {why}. Nothing was written; choose fewer dpi, smaller paper, or a PDF or SVG, which are drawn as lines.</source>
      <translation>À {dpi} dpi, la page est une image de {width} × {height} points, et {why}. Rien n’a été écrit ; choisissez moins de dpi, un papier plus petit, ou un PDF ou SVG, faits de traits.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>A PDF with layers cannot be written: the GDAL of this QGIS composes no PDF. Nothing was written; export it without layers.</source>
      <translation>Impossible d’écrire un PDF avec couches : le GDAL de ce QGIS ne compose pas de PDF. Rien n’a été écrit ; exportez-le sans couches.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>this computer has no room for it</source>
      <translation>cet ordinateur n’a pas la place pour elle</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>{file} can hold one page, and the layout has {pages}. Nothing was written; export a PDF, or remove pages of the layout.</source>
      <translation>{file} peut contenir une page, et la mise en page en a {pages}. Rien n’a été écrit ; exportez un PDF, ou retirez des pages.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>no picture can be so large</source>
      <translation>aucune image ne peut être si grande</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>{dpi} dpi is the most here.</source>
      <translation>{dpi} dpi est ici le maximum.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>it takes {needed} MB of memory, of which {free} MB are free</source>
      <translation>il faut {needed} Mo de mémoire, dont {free} Mo sont libres</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>Nothing is on this map: the run found no point to count. Check its dates and weekdays, and what it says of points that could not be used.</source>
      <translation>Cette carte est vide : le calcul n’a trouvé aucun point à compter. Vérifiez les dates et les jours de la semaine, et ce qui est dit des points inutilisables.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{estimator}; points with a negative link id are left out, so one direction may be missing</source>
      <translation>{estimator} ; les points à identifiant de tronçon négatif sont écartés, un sens peut donc manquer</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{estimator}, each direction for itself</source>
      <translation>{estimator}, chaque sens séparément</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>local time ({zone})</source>
      <translation>heure locale ({zone})</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points</source>
      <translation>{points} points</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>Nothing is on this map: none of the {links} links with data is among the roads. Check the field with the link id, and that these are the roads that the trips were matched to.</source>
      <translation>Cette carte est vide : aucun des {links} tronçons avec données ne figure parmi les routes. Vérifiez le champ de l’identifiant de tronçon, et que les trajets ont été rattachés à ces routes.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points on {links} links</source>
      <translation>{points} points sur {links} tronçons</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points; {links} links with at least {trips} trips</source>
      <translation>{points} points ; {links} tronçons d’au moins {trips} trajets</translation>
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
      <translation>Les mêmes rues au fil de la journée</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>whole day</source>
      <translation>journée entière</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>{heading}: {days}</source>
      <translation>{heading} : {days}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>{period}: {facts}</source>
      <translation>{period} : {facts}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>Points through the day</source>
      <translation>Points au fil de la journée</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>each set of days</source>
      <translation>pour chaque groupe de jours</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>hour by hour</source>
      <translation>heure par heure</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>{minutes} min from each time on</source>
      <translation>{minutes} min à partir de chaque heure</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Mean of the district's links, weighted by length</source>
      <translation>Moyenne des tronçons du quartier, pondérée par la longueur</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{statistic} by hour</source>
      <translation>{statistic} par heure</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{statistic} through the day</source>
      <translation>{statistic} au fil de la journée</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>weighted by length; the highest bar is {value}</source>
      <translation>pondéré par la longueur ; la plus haute barre vaut {value}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>No street has a name and enough trips.</source>
      <translation>Aucune rue n’a un nom et assez de trajets.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>No link of the map lies in {district}.</source>
      <translation>Aucun tronçon de la carte ne se trouve dans {district}.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{points} points on {links} links, {km} km</source>
      <translation>{points} points sur {links} tronçons, {km} km</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{some} of {links} links, {km} km, with at least {trips} trips</source>
      <translation>{some} des {links} tronçons, {km} km, avec au moins {trips} trajets</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Slowest streets ({unit})</source>
      <translation>Rues les plus lentes ({unit})</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Worst streets: {statistic}</source>
      <translation>Rues les moins bonnes : {statistic}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{length} km</source>
      <translation>{length} km</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/pair.py" />
      <source>side by side</source>
      <translation>côte à côte</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Country</source>
      <translation>Pays</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Region</source>
      <translation>Région</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>City</source>
      <translation>Ville</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Streets</source>
      <translation>Rues</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>{zoom} · {scale}</source>
      <translation>{zoom} · {scale}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/breaks.py" />
      <source>over {limit}</source>
      <translation>plus de {limit}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/breaks.py" />
      <source>up to {limit}</source>
      <translation>jusqu’à {limit}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>{labels} can hardly be told from the ground. Choose another ramp or theme.</source>
      <translation>{labels} se distingue à peine du fond. Choisissez une autre palette ou un autre thème.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{one}” and “{other}” look alike: they differ by {found}, and it takes {least} (CIEDE2000).</source>
      <translation>« {one} » et « {other} » se ressemblent : leur écart est de {found}, il en faut {least} (CIEDE2000).</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{label}” matters most and has a contrast of {contrast}:1 with the ground; it takes {least}:1. Choose another ramp or theme.</source>
      <translation>« {label} » compte le plus et a un contraste de {contrast}:1 avec le fond ; il faut {least}:1. Choisissez une autre palette ou un autre thème.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{one}” and “{other}” look alike to readers who cannot see green (deuteranopia): they differ by {found}, and it takes {least} (CIEDE2000).</source>
      <translation>« {one} » et « {other} » se ressemblent pour qui ne voit pas le vert (deutéranopie) : leur écart est de {found}, il en faut {least} (CIEDE2000).</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>Take fewer classes.</source>
      <translation>Prenez moins de classes.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>Choose another ramp.</source>
      <translation>Choisissez une autre palette.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{statistic}; {days}, local time ({zone})</source>
      <translation>{statistic} ; {days}, heure locale ({zone})</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{words}; free flow: {rule}</source>
      <translation>{words} ; circulation fluide : {rule}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{days} by {set}</source>
      <translation>{days} par {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/symbology.py" />
      <source>too few trips</source>
      <translation>trop peu de trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Buffer-time index</source>
      <translation>Indice de temps tampon</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Confidence of the mean trip speed</source>
      <translation>Confiance de la vitesse moyenne des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Delay</source>
      <translation>Temps perdu</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Free-flow speed</source>
      <translation>Vitesse en circulation fluide</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Hard braking</source>
      <translation>Freinages brusques</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Highest speed</source>
      <translation>Vitesse la plus haute</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic could move</source>
      <translation>À quelle vitesse on pourrait circuler</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic gets</source>
      <translation>Jusqu’à quelle vitesse on circule</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic moves</source>
      <translation>À quelle vitesse on circule</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How freely traffic moves</source>
      <translation>Si la circulation est fluide</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much longer a trip takes</source>
      <translation>De combien un trajet s’allonge</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much speeds vary</source>
      <translation>À quel point les vitesses varient</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time is lost</source>
      <translation>Combien de temps on perd</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time to add</source>
      <translation>Combien de temps ajouter</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time to plan for</source>
      <translation>Combien de temps prévoir</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How reliable travel times are</source>
      <translation>Si les temps de parcours sont fiables</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How slow traffic gets</source>
      <translation>Jusqu’où la circulation ralentit</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How sure the mean is</source>
      <translation>Si la moyenne est sûre</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Lowest speed</source>
      <translation>Vitesse la plus basse</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Mean speed</source>
      <translation>Vitesse moyenne</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Mean trip speed</source>
      <translation>Vitesse moyenne des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Median speed</source>
      <translation>Vitesse médiane</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Median trip speed</source>
      <translation>Vitesse médiane des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Planning-time index</source>
      <translation>Indice de temps à prévoir</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Points</source>
      <translation>Points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Share of free-flow speed</source>
      <translation>Part de la vitesse en circulation fluide</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Share of stopped points</source>
      <translation>Part de points à l’arrêt</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Speed of the mean travel time</source>
      <translation>Vitesse du temps de parcours moyen</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Spread of speed</source>
      <translation>Dispersion de la vitesse</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Time-weighted mean speed</source>
      <translation>Vitesse moyenne pondérée par le temps</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Travel-time index</source>
      <translation>Indice de temps de parcours</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Travel-time ratio 80 to 50</source>
      <translation>Rapport des temps de parcours 80 sur 50</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Traversals</source>
      <translation>Passages</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Trips</source>
      <translation>Trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Where drivers brake hard</source>
      <translation>Où l’on freine brusquement</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Where traffic stands</source>
      <translation>Où la circulation s’arrête</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>decelerations beyond 3 m/s²</source>
      <translation>décélérations de plus de 3 m/s²</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free flow by harmonic mean of trips</source>
      <translation>circulation fluide sur moyenne harmonique des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free flow by {ordinal} percentile of pace</source>
      <translation>circulation fluide sur {ordinal} centile du temps au km</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free-flow rule</source>
      <translation>règle de la circulation fluide</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>half width of the 95 % interval</source>
      <translation>demi-largeur de l’intervalle à 95 %</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>harmonic mean of trips</source>
      <translation>moyenne harmonique des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>harmonic mean of trips by free flow</source>
      <translation>moyenne harmonique des trajets sur circulation fluide</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>km/h</source>
      <translation>km/h</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>knots</source>
      <translation>nœuds</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>m/s</source>
      <translation>m/s</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>maximum of points</source>
      <translation>maximum des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean of points</source>
      <translation>moyenne des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean of trips</source>
      <translation>moyenne des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean weighted by time</source>
      <translation>moyenne pondérée par le temps</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>median of points</source>
      <translation>médiane des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>median of trips</source>
      <translation>médiane des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>minimum of points</source>
      <translation>minimum des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mph</source>
      <translation>mi/h</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>pace of trips</source>
      <translation>temps au km des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>pace of trips less free flow</source>
      <translation>temps au km des trajets moins circulation fluide</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>per 100 traversals</source>
      <translation>pour 100 passages</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>s/km</source>
      <translation>s/km</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>sample standard deviation of points</source>
      <translation>écart type d’échantillon des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>share</source>
      <translation>part</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>share of points</source>
      <translation>part des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}nd</source>
      <translation>{number}e</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}rd</source>
      <translation>{number}e</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}st</source>
      <translation>{number}e</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}th</source>
      <translation>{number}e</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile of points</source>
      <translation>{ordinal} centile des points</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile of trips</source>
      <translation>{ordinal} centile des trajets</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile speed</source>
      <translation>{ordinal} centile de vitesse</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile trip speed</source>
      <translation>{ordinal} centile de vitesse des trajets</translation>
    </message>
  </context>
</TS>
