"""The time bar: QGIS's temporal controller, with the day of the map as its track."""
