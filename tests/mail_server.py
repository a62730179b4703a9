"""A real, small mail server on loopback that accepts, rejects, or says nothing, as a test asks."""

import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    recipients: tuple[str, ...]
    message: EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.port = int(self.server_address[1])
        self.deliveries: list[Delivery] = []
        self.rejections: dict[str, str] = {}  # recipient: answer
        self.greeting = "220 ready"
        self.data_pause_s = 0.0
        self.is_silent = False
        self.conversations = 0
        self.stopped = threading.Event()
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread, so that a failed handshake ends only this connection."""
        if self._context:
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the certificate ends the handshake."""

    @property
    def recipients(self) -> list[str]:
        return [recipient for delivery in self.deliveries for recipient in delivery.recipients]


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.server.conversations += 1
        if self.server.is_silent:
            self.server.stopped.wait(60)
            return
        self._answer(self.server.greeting)
        recipients: list[str] = []
        while line := self.rfile.readline():
            command, _, argument = line.decode().strip().partition(" ")
            if command.upper() == "RCPT":
                recipient = argument.partition("<")[2].partition(">")[0]
                answer = self.server.rejections.get(recipient, "250 ok")
                recipients += [recipient] if answer.startswith("2") else []
                self._answer(answer)
            elif command.upper() == "DATA":
                self._take_message(recipients)
                recipients = []
            elif command.upper() == "QUIT":
                self._answer("221 bye")
                return
            else:
                self._answer("250 ok")

    def _take_message(self, recipients: list[str]) -> None:
        self._answer("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        time.sleep(self.server.data_pause_s)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.deliveries.append(Delivery(recipients=tuple(recipients), message=message))
        self._answer("250 taken")

    def _answer(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def running_mail_server(certificate: Path | None = None) -> Iterator[MailServer]:
    server = MailServer(certificate)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()


def write_certificate(folder: Path) -> Path:
    """Write a key and a self-made certificate for 127.0.0.1 into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    no_password = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    path = folder / "mail.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path
