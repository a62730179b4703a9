"""Words as numbers: the index stores and compares only these, so that no text of a person ever stands in a query."""

from hashlib import sha256


def hash_token(word: str) -> int:
    """Return a fingerprint from 0 to 2**63 - 1, the same for upper and lower case."""
    digest = sha256(word.casefold().encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1
