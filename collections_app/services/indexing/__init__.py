"""Indexing: the queue, the worker and the audit that keep the index in agreement with the database."""
