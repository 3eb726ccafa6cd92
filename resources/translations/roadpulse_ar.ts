<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ar" sourcelanguage="en">
  <context>
    <name>Roadpulse</name>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>all days</source>
      <translation>كل الأيام</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>set of days</source>
      <translation>مجموعة أيام</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Link</source>
      <translation>المقطع</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Width of the line at 1:{scale} (mm)</source>
      <translation>عرض الخط بمقياس 1:{scale} (مم)</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>, </source>
      <translation>، </translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{percentile} {begin}–{end}, of at least {points}, else of all</source>
      <translation>{percentile} {begin}–{end}، إن كان عددها {points} على الأقل، وإلا فمن جميعها</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min</source>
      <translation>كل {minutes} دقيقة</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Street</source>
      <translation>الشارع</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Street as labelled</source>
      <translation>اسم الشارع كما يُكتب</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Zoom level from which on the name is shown</source>
      <translation>مستوى التكبير الذي يظهر الاسم بدءًا منه</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>Road class</source>
      <translation>فئة الطريق</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{days} with holidays as Sundays</source>
      <translation>{days}، والعطل كأيام الأحد</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min and {set}</source>
      <translation>كل {minutes} دقيقة، حسب {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>by {minutes} min of {set}</source>
      <translation>كل {minutes} دقيقة من {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>weekday</source>
      <translation>يوم الأسبوع</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>date</source>
      <translation>التاريخ</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>{meaning}, packed</source>
      <translation>{meaning}، مضغوط</translation>
    </message>
    <message>
      <location filename="../../mapping/columns.py" />
      <source>free flow: {rule}</source>
      <translation>التدفق الحر: {rule}</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>{program} does not start ({error}). Install ffmpeg again</source>
      <translation>لا يعمل {program} ({error}). أعد تثبيت ffmpeg</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>{program} has no encoder {encoder}. Install an ffmpeg that has it</source>
      <translation>لا يحتوي {program} على المرمّز {encoder}. ثبّت ffmpeg يحتوي عليه</translation>
    </message>
    <message>
      <location filename="../../mapping/film/ffmpeg.py" />
      <source>the program ffmpeg is not on this computer. Install it (ffmpeg.org)</source>
      <translation>البرنامج ffmpeg غير موجود على هذا الحاسوب. ثبّته (ffmpeg.org)</translation>
    </message>
    <message>
      <location filename="../../mapping/film/formats.py" />
      <source>the Python package Pillow is missing. Install it</source>
      <translation>حزمة بايثون Pillow غير موجودة. ثبّتها</translation>
    </message>
    <message>
      <location filename="../../mapping/film/frame_page.py" />
      <source>between hours: interpolated</source>
      <translation>بين الساعات: قيم مستكملة</translation>
    </message>
    <message>
      <location filename="../../mapping/film/frame_page.py" />
      <source>between bins: interpolated</source>
      <translation>بين الفترات: قيم مستكملة</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/layers.py" />
      <source>There is no ground {kind!r}. Choose one of {kinds}.</source>
      <translation>لا توجد خلفية {kind!r}. اختر واحدة من {kinds}.</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/layers.py" />
      <source>it has no lines or areas</source>
      <translation>لا خطوط فيها ولا مساحات</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>it cannot be opened</source>
      <translation>تعذر فتحها</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>its server did not answer in time</source>
      <translation>لم يجب خادمها في الوقت المحدد</translation>
    </message>
    <message>
      <location filename="../../mapping/ground/reachable.py" />
      <source>no picture of this place came from its server</source>
      <translation>لم تأتِ صورة لهذا المكان من خادمها</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>en</source>
      <translation>ar</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{number} million</source>
      <translation>{number} مليون</translation>
    </message>
    <message>
      <location filename="../../mapping/language.py" />
      <source>{number} %</source>
      <translation>{number}٪</translation>
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
      <translation>لا يمكن كتابة الطبقة «{name}» للعملية التي ترسمها: {why}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>{estimator}. Links with fewer than {trips} trips are grey.</source>
      <translation>{estimator}. المقاطع التي تقل رحلاتها عن {trips} باللون الرمادي.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>{estimator}. Links with fewer than {trips} trips are left out.</source>
      <translation>{estimator}. المقاطع التي تقل رحلاتها عن {trips} غير مرسومة.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Limits are the same at every hour of all days.</source>
      <translation>حدود الفئات واحدة في كل ساعة من كل الأيام.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Limits are the same at every hour.</source>
      <translation>حدود الفئات واحدة في كل ساعة.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/column.py" />
      <source>Free flow: {rule}.</source>
      <translation>التدفق الحر: {rule}.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>At {dpi} dpi the page is a picture of {width} × {height} points, and {why}. Nothing was written; choose fewer dpi, smaller paper, or a PDF or SVG, which are drawn as lines.</source>
      <translation>عند {dpi} نقطة في البوصة تكون الصفحة صورة من {width} × {height} نقطة، و{why}. لم يُكتب شيء؛ اختر دقة أقل أو ورقًا أصغر، أو PDF أو SVG، وهما يُرسمان خطوطًا.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>A PDF with layers cannot be written: the GDAL of this QGIS composes no PDF. Nothing was written; export it without layers.</source>
      <translation>لا يمكن كتابة PDF بطبقات: مكتبة GDAL في QGIS هذا لا تركّب ملفات PDF. لم يُكتب شيء؛ صدّره بلا طبقات.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>this computer has no room for it</source>
      <translation>لا يتسع لها هذا الحاسوب</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>{file} can hold one page, and the layout has {pages}. Nothing was written; export a PDF, or remove pages of the layout.</source>
      <translation>يتسع {file} لصفحة واحدة، وفي التصميم {pages} صفحات. لم يُكتب شيء؛ صدّر ملف PDF أو احذف صفحات من التصميم.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>no picture can be so large</source>
      <translation>لا يمكن أن تكون صورة بهذا الحجم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>{dpi} dpi is the most here.</source>
      <translation>أقصى دقة هنا {dpi} نقطة في البوصة.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/export.py" />
      <source>it takes {needed} MB of memory, of which {free} MB are free</source>
      <translation>تحتاج إلى {needed} ميغابايت من الذاكرة، والمتاح منها {free} ميغابايت</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>Nothing is on this map: the run found no point to count. Check its dates and weekdays, and what it says of points that could not be used.</source>
      <translation>لا شيء على هذه الخريطة: لم يجد الحساب أي نقطة تُحتسب. تحقق من التواريخ وأيام الأسبوع، ومما يذكره عن النقاط التي تعذر استعمالها.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{estimator}; points with a negative link id are left out, so one direction may be missing</source>
      <translation>{estimator}؛ استُبعدت النقاط ذات رقم مقطع سالب، فقد ينقص أحد الاتجاهين</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{estimator}, each direction for itself</source>
      <translation>{estimator}، كل اتجاه على حدة</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>local time ({zone})</source>
      <translation>التوقيت المحلي ({zone})</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points</source>
      <translation>{points} نقطة</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>Nothing is on this map: none of the {links} links with data is among the roads. Check the field with the link id, and that these are the roads that the trips were matched to.</source>
      <translation>لا شيء على هذه الخريطة: لا يوجد أي من المقاطع ذات البيانات ({links}) ضمن الطرق. تحقق من حقل رقم المقطع، ومن أن هذه هي الطرق التي طوبقت عليها الرحلات.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points on {links} links</source>
      <translation>{points} نقطة على {links} مقطعًا</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/facts.py" />
      <source>{points} points; {links} links with at least {trips} trips</source>
      <translation>{points} نقطة؛ {links} مقطعًا فيها {trips} رحلات على الأقل</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/items.py" />
      <source>km</source>
      <translation>كم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/items.py" />
      <source>m</source>
      <translation>م</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>The same streets through the day</source>
      <translation>الشوارع نفسها على مدار اليوم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/page.py" />
      <source>whole day</source>
      <translation>اليوم كله</translation>
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
      <translation>النقاط على مدار اليوم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>each set of days</source>
      <translation>لكل مجموعة أيام</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>hour by hour</source>
      <translation>ساعة بساعة</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/day.py" />
      <source>{minutes} min from each time on</source>
      <translation>{minutes} دقيقة ابتداءً من كل وقت</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Mean of the district's links, weighted by length</source>
      <translation>متوسط مقاطع المنطقة مرجّحًا بالطول</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{statistic} by hour</source>
      <translation>{statistic} حسب الساعة</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{statistic} through the day</source>
      <translation>{statistic} على مدار اليوم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>weighted by length; the highest bar is {value}</source>
      <translation>مرجّح بالطول؛ أعلى عمود {value}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>No street has a name and enough trips.</source>
      <translation>لا يوجد شارع له اسم ورحلات كافية.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>No link of the map lies in {district}.</source>
      <translation>لا يقع أي مقطع من الخريطة في {district}.</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{points} points on {links} links, {km} km</source>
      <translation>{points} نقطة على {links} مقطعًا، {km} كم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{some} of {links} links, {km} km, with at least {trips} trips</source>
      <translation>{some} من {links} مقطعًا، {km} كم، بما لا يقل عن {trips} رحلات</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Slowest streets ({unit})</source>
      <translation>أبطأ الشوارع ({unit})</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>Worst streets: {statistic}</source>
      <translation>أسوأ الشوارع: {statistic}</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/district.py" />
      <source>{length} km</source>
      <translation>{length} كم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/pair.py" />
      <source>side by side</source>
      <translation>جنبًا إلى جنب</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Country</source>
      <translation>البلد</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Region</source>
      <translation>الإقليم</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>City</source>
      <translation>المدينة</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>Streets</source>
      <translation>الشوارع</translation>
    </message>
    <message>
      <location filename="../../mapping/layout/templates/zooms.py" />
      <source>{zoom} · {scale}</source>
      <translation>{zoom} · {scale}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/breaks.py" />
      <source>over {limit}</source>
      <translation>أكثر من {limit}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/breaks.py" />
      <source>up to {limit}</source>
      <translation>حتى {limit}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>{labels} can hardly be told from the ground. Choose another ramp or theme.</source>
      <translation>يصعب تمييز {labels} عن الخلفية. اختر تدرّجًا أو سمة أخرى.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{one}” and “{other}” look alike: they differ by {found}, and it takes {least} (CIEDE2000).</source>
      <translation>«{one}» و«{other}» متشابهان: الفرق بينهما {found} والمطلوب {least} (CIEDE2000).</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{label}” matters most and has a contrast of {contrast}:1 with the ground; it takes {least}:1. Choose another ramp or theme.</source>
      <translation>«{label}» هي الأهم وتباينها مع الخلفية {contrast}:1 والمطلوب {least}:1. اختر تدرّجًا أو سمة أخرى.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>“{one}” and “{other}” look alike to readers who cannot see green (deuteranopia): they differ by {found}, and it takes {least} (CIEDE2000).</source>
      <translation>«{one}» و«{other}» متشابهان لمن لا يرون الأخضر (عمى الأخضر): الفرق بينهما {found} والمطلوب {least} (CIEDE2000).</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>Take fewer classes.</source>
      <translation>اختر فئات أقل.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/contrast.py" />
      <source>Choose another ramp.</source>
      <translation>اختر تدرّجًا آخر.</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{statistic}; {days}, local time ({zone})</source>
      <translation>{statistic}؛ {days}، التوقيت المحلي ({zone})</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{words}; free flow: {rule}</source>
      <translation>{words}؛ التدفق الحر: {rule}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/options.py" />
      <source>{days} by {set}</source>
      <translation>{days} حسب {set}</translation>
    </message>
    <message>
      <location filename="../../mapping/style/symbology.py" />
      <source>too few trips</source>
      <translation>رحلات قليلة جدًا</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Buffer-time index</source>
      <translation>مؤشر وقت الاحتياط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Confidence of the mean trip speed</source>
      <translation>ثقة متوسط سرعة الرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Delay</source>
      <translation>التأخير</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Free-flow speed</source>
      <translation>سرعة التدفق الحر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Hard braking</source>
      <translation>الكبح الشديد</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Highest speed</source>
      <translation>أعلى سرعة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic could move</source>
      <translation>كم يمكن أن تبلغ سرعة الحركة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic gets</source>
      <translation>إلى أي حد تسرع الحركة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How fast traffic moves</source>
      <translation>سرعة حركة المرور</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How freely traffic moves</source>
      <translation>مدى انسياب حركة المرور</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much longer a trip takes</source>
      <translation>كم تطول الرحلة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much speeds vary</source>
      <translation>مدى تفاوت السرعات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time is lost</source>
      <translation>كم يضيع من الوقت</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time to add</source>
      <translation>كم يُضاف من الوقت</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How much time to plan for</source>
      <translation>كم يُحسب من الوقت</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How reliable travel times are</source>
      <translation>مدى موثوقية أزمنة السفر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How slow traffic gets</source>
      <translation>إلى أي حد تبطؤ الحركة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>How sure the mean is</source>
      <translation>مدى ثقة المتوسط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Lowest speed</source>
      <translation>أدنى سرعة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Mean speed</source>
      <translation>متوسط السرعة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Mean trip speed</source>
      <translation>متوسط سرعة الرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Median speed</source>
      <translation>وسيط السرعة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Median trip speed</source>
      <translation>وسيط سرعة الرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Planning-time index</source>
      <translation>مؤشر وقت التخطيط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Points</source>
      <translation>النقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Share of free-flow speed</source>
      <translation>نسبة سرعة التدفق الحر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Share of stopped points</source>
      <translation>نسبة النقاط المتوقفة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Speed of the mean travel time</source>
      <translation>سرعة متوسط زمن السفر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Spread of speed</source>
      <translation>تشتت السرعة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Time-weighted mean speed</source>
      <translation>متوسط السرعة المرجح بالزمن</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Travel-time index</source>
      <translation>مؤشر زمن السفر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Travel-time ratio 80 to 50</source>
      <translation>نسبة زمن السفر 80 إلى 50</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Traversals</source>
      <translation>مرات العبور</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Trips</source>
      <translation>الرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Where drivers brake hard</source>
      <translation>أين يكبح السائقون بشدة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>Where traffic stands</source>
      <translation>أين تتوقف الحركة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>decelerations beyond 3 m/s²</source>
      <translation>تباطؤ يتجاوز 3 م/ث²</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free flow by harmonic mean of trips</source>
      <translation>التدفق الحر على المتوسط التوافقي للرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free flow by {ordinal} percentile of pace</source>
      <translation>التدفق الحر على المئين {ordinal} للزمن لكل كم</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>free-flow rule</source>
      <translation>قاعدة التدفق الحر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>half width of the 95 % interval</source>
      <translation>نصف عرض فترة الثقة 95٪</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>harmonic mean of trips</source>
      <translation>المتوسط التوافقي للرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>harmonic mean of trips by free flow</source>
      <translation>المتوسط التوافقي للرحلات على التدفق الحر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>km/h</source>
      <translation>كم/س</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>knots</source>
      <translation>عقدة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>m/s</source>
      <translation>م/ث</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>maximum of points</source>
      <translation>أقصى قيمة للنقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean of points</source>
      <translation>متوسط النقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean of trips</source>
      <translation>متوسط الرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mean weighted by time</source>
      <translation>متوسط مرجح بالزمن</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>median of points</source>
      <translation>وسيط النقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>median of trips</source>
      <translation>وسيط الرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>minimum of points</source>
      <translation>أدنى قيمة للنقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>mph</source>
      <translation>ميل/س</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>pace of trips</source>
      <translation>الزمن لكل كم للرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>pace of trips less free flow</source>
      <translation>الزمن لكل كم للرحلات ناقص التدفق الحر</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>per 100 traversals</source>
      <translation>لكل 100 عبور</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>s/km</source>
      <translation>ث/كم</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>sample standard deviation of points</source>
      <translation>الانحراف المعياري لعينة النقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>share</source>
      <translation>نسبة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>share of points</source>
      <translation>نسبة النقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}nd</source>
      <translation>{number}</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}rd</source>
      <translation>{number}</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}st</source>
      <translation>{number}</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{number}th</source>
      <translation>{number}</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile of points</source>
      <translation>المئين {ordinal} للنقاط</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile of trips</source>
      <translation>المئين {ordinal} للرحلات</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile speed</source>
      <translation>المئين {ordinal} للسرعة</translation>
    </message>
    <message>
      <location filename="../../aggregation/contract/statistic.py" />
      <source>{ordinal} percentile trip speed</source>
      <translation>المئين {ordinal} لسرعة الرحلات</translation>
    </message>
  </context>
</TS>
