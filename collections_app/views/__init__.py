"""Thin: decorator, access line, form, service, render. One module a room of the site."""
