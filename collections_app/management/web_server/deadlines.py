"""How long a client may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds unless the name says otherwise."""

    headers_s: float = 20
    # A whole request of a signed-out person, and any other than an upload.
    form_s: float = 30
    # An upload may take hours, but bytes must keep arriving.
    upload_silence_s: float = 60
    upload_bytes_per_s: int = 1024
    # A connection without a request.
    idle_s: float = 60
    # A client that takes no byte of its response.
    unread_s: float = 30
    # A client must take a response that is made while it is sent, such as a ZIP file, at this speed after a minute.
    stream_grace_s: float = 60
    stream_bytes_per_s: int = 2048
    # How long the rest of a refused body is read and dropped, so that the client reads the refusal and not a reset.
    drain_s: float = 10
