"""Components: widgets, texts, plots, uploads and downloads that the other packages use."""
