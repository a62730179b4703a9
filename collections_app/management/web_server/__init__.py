"""The web server of one process: waitress, with limits that slow and silent clients cannot pass.

waitress receives requests and sends responses in one thread for all connections, so no thread waits for a client. The
modules here limit what waitress leaves open: bodies, deadlines, connections, and which requests may use the threads.
"""
