"""Training pairs: a template and a search crop of one target, from video or rendered."""
