"""Trackers from elsewhere behind the interfaces of the evaluation."""
