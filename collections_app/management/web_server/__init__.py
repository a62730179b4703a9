"""The web server of one process: waitress, with limits that slow and silent clients cannot pass.

waitress receives requests and sends responses in one thread for all connections, so no thread waits for a client. The
modules here add limits that waitress lacks: of bodies, times, connections, and threads for each kind of request.
"""
