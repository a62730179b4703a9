"""Bringing the index into agreement with the database: the queue, the worker, the audit."""
