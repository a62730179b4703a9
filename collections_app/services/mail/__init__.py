"""Mail: requests write it to the database, and a loop in the index worker's process sends it."""
