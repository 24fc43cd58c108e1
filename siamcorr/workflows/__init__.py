"""Compositions of trackers, video and drawing that the command line and the scripts call."""
