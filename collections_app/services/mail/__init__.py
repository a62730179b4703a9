"""Mail: a request writes it to the database; a loop beside the index worker sends it."""
