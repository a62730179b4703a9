"""Views: check permission, read the form, call a service, render."""
