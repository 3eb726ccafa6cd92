"""Two times of a map side by side, in two linked canvases."""
