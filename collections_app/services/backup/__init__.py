"""Backups: rows, files and vectors of a whole site, restored into any kind of installation; the check of a site."""
