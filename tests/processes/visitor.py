"""A person who uses a site through HTTP."""

import time

import requests

from tests.processes.installation import EMAIL, PASSWORD
from tests.sample_team import picture_bytes


class Visitor:
    """A signed-in person. The site may be below a path of its host."""

    def __init__(self, address: str, path: str = "", *, email: str = EMAIL) -> None:
        self.address = address + path
        self.session = requests.Session()
        # The site may close an idle connection at the moment when it is used again.
        self.session.headers["Connection"] = "close"
        # Django requires it for forms with HTTPS; browsers send it.
        self.session.headers["Referer"] = f"{self.address}/"
        self.session.get(f"{self.address}/accounts/login/", timeout=60)
        self.token = self._read_token()
        answer = self.submit("/accounts/login/", login=email, password=PASSWORD)
        assert answer.url == f"{self.address}/"
        self.token = self._read_token()

    def _read_token(self) -> str:
        """The name of the cookie has a prefix with HTTPS."""
        return next(cookie.value or "" for cookie in self.session.cookies if cookie.name.endswith("csrftoken"))

    def submit(self, path: str, files: dict[str, tuple[str, bytes]] | None = None, **fields: str) -> requests.Response:
        data = {**fields, "csrfmiddlewaretoken": self.token}
        headers = {"Accept": "application/json"} if files else {}
        return self.session.post(f"{self.address}{path}", data=data, files=files, headers=headers, timeout=60)

    def upload(self, number: int) -> int:
        return self.send(f"{number}.png", self.picture(number))

    def send(self, name: str, content: bytes) -> int:
        """Upload a file; return the response's status."""
        return self.submit("/upload/", files={"files": (name, content)}, new_name="Mine").status_code

    @staticmethod
    def picture(number: int) -> bytes:
        return picture_bytes((number, 90, 200))

    def search(self, words: str) -> int:
        """Search, and repeat it while the model is loading, as a browser does."""
        while True:
            answer = self.session.get(f"{self.address}/search/", params={"q": words}, timeout=60)
            if answer.status_code != 503 or "Retry-After" not in answer.headers:
                return answer.status_code
            time.sleep(float(answer.headers["Retry-After"]))
