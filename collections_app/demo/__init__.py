"""Drawn scenes and the small CLIP trained on them; used by the demo command and by tests only."""
