"""Which addresses are pages that people look at: all of the application's, but for what is named here with a reason."""

from tests.permissions.requests import routes
from tests.permissions.test_matrix import rows

FILE, LEADS_ON, FOR_MACHINES, PART = "a file", "a redirect", "an answer for programs", "a part of a page"
NO_PAGES = {
    "example_thumbnail": FILE,
    "trash_thumbnail": FILE,
    "public_thumbnail": FILE,
    "public_preview": FILE,
    "public_download": FILE,
    "guest_thumbnail": FILE,
    "export_part": FILE,
    "image_file": FILE,
    "image_download": FILE,
    "image_thumbnail": FILE,
    "image_preview": FILE,
    "search_sheet": FILE,
    "suggestions": FOR_MACHINES,
    "saved_search": LEADS_ON,  # to the search
    "selection_targets": PART,  # a menu
    "set_language": LEADS_ON,
    "healthz": FOR_MACHINES,
    "live": FOR_MACHINES,
    "ready": FOR_MACHINES,
}
# What is to be seen only with a question, and pages that look another way with one.
QUERIES = {
    "search": ("", "?q=a+white+dog", "?q=dog&collection=999999", "?q=a+white+dog&rate=1"),
    "public_search": ("?q=dog",),
}
VISITOR_PAGES = [
    "/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/unknown/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-unknown/",
    "/accounts/password/reset/key/done/",
    "/accounts/3rdparty/login/cancelled/",
    "/accounts/3rdparty/login/error/",
    "/nowhere/",
]
MEMBER_PAGES = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/sessions/",
    "/accounts/3rdparty/",
    "/accounts/reauthenticate/",
    "/images/0/",
]
# Of people with a passkey and an authenticator app; two more are a passkey's own, and the last asks for the second
# factor: see `test_accounts`.
GUARDED_PAGES = [
    "/account/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/2fa/webauthn/reauthenticate/",
    "/accounts/sessions/",
]
PASSKEY_PAGES = ["/accounts/2fa/webauthn/keys/1/edit/", "/accounts/2fa/webauthn/keys/1/remove/"]
SECOND_FACTOR = "/accounts/2fa/authenticate/"
# Of people who sign in at a provider and have no password here.
STRANGERS_PAGES = ["/accounts/password/set/", "/accounts/3rdparty/"]
NO_ACCOUNT_PAGES = {
    "account_confirm_login_code": LEADS_ON,  # nobody signs in by a code here
    "socialaccount_signup": LEADS_ON,
    "mfa_download_recovery_codes": FILE,
    "mfa_login_webauthn": FOR_MACHINES,
    "openid_connect_login": LEADS_ON,
    "openid_connect_callback": LEADS_ON,
}


def page_names() -> list[str]:
    """Return the names of the application's pages; a new address is one, until it is named above."""
    read = {name: statuses for (name, method, _), statuses in rows().items() if method == "GET"}
    # Visitors are sent to sign in before the method is checked.
    return [name for name in routes() if 405 not in read[name] and name not in NO_PAGES]
