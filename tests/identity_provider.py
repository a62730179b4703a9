"""A real, small OpenID Connect provider on loopback: discovery, keys, sign-in, token with PKCE, and user's claims.

It signs everybody in as `claims` says, without a form.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "imagesearch", "kept between the two"


class IdentityProvider(ThreadingHTTPServer):
    claims: dict[str, Any]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://localhost:{self.server_port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims = {}
        self.challenges: dict[str, str] = {}

    def discovery(self) -> dict[str, Any]:
        names = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "me",
            "jwks_uri": "keys",
        }
        methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        return {"issuer": self.address, **{name: f"{self.address}/{path}" for name, path in names.items()}, **methods}

    def keys(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": "test", "alg": "RS256", "use": "sig"}]}

    def issue_code(self, question: dict[str, str]) -> str:
        code = secrets.token_urlsafe()
        self.challenges[code] = question["code_challenge"]
        return f"{question['redirect_uri']}?{urlencode({'code': code, 'state': question['state']})}"

    def issue_token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Return a token for a code, once, to who knows the client's secret and the code's verifier."""
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.challenges.pop(form["code"], None) != proof or form.get("client_secret") != CLIENT_SECRET:
            return None
        now = int(time.time())
        claims = {**self.claims, "iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 60}
        id_token = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "test"})
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}


class _Handler(BaseHTTPRequestHandler):
    server: IdentityProvider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/authorize":
            question = {name: values[0] for name, values in parse_qs(address.query).items()}
            self.send_response(302)
            self.send_header("Location", self.server.issue_code(question))
            self.end_headers()
            return
        if address.path == "/me":
            self._answer(self.server.claims)
            return
        self._answer(self.server.keys() if address.path == "/keys" else self.server.discovery())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        token = self.server.issue_token({name: values[0] for name, values in parse_qs(body).items()})
        self._answer(token or {"error": "invalid_grant"}, 200 if token else 400)

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running_provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    yield provider
    provider.shutdown()
    provider.server_close()
