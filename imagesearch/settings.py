"""All settings, read once from the environment. docs/operating.md lists every variable (a test compares them)."""

from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from imagesearch import env
from imagesearch.private_files import close_data_to_others
from imagesearch.secret_key import load_secret_key
from imagesearch.single_sign_on import build_openid_connect_apps

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCT_VERSION = "0.1.0"  # as in pyproject.toml
env.refuse_old_names(
    MAX_ARCHIVE_PICTURES="MAX_ARCHIVE_IMAGES", TEAM_MAX_PICTURES="TEAM_MAX_IMAGES", SCRIPT_NAME="SITE_PATH"
)
env.export_from_files(
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
)
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var")
PRIVATE_PATHS = close_data_to_others(DATA_DIR)

# --- Django itself -----------------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY") or load_secret_key(DATA_DIR / "secret-key")
# Earlier keys. Signatures and secrets of two-factor sign-in that were made with them stay valid.
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
ROOT_URLCONF = "imagesearch.urls"
WSGI_APPLICATION = "imagesearch.wsgi.application"
# The path of a site that is not at the root of its host, such as /pictures.
SITE_PATH = env.site_path("SITE_PATH")
FORCE_SCRIPT_NAME = SITE_PATH or None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True

INSTALLED_APPS = [
    "collections_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "imagesearch.static_files.CollectedFiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "collections_app.middleware.RequestIdMiddleware",
    "collections_app.middleware.MetricsMiddleware",
    "collections_app.middleware.SecureHeadersMiddleware",
    "collections_app.middleware.ProbesMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "collections_app.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "collections_app.middleware.UploadPassMiddleware",
    "collections_app.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "collections_app.middleware.AttemptsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "collections_app.context_processors.add_site",
            ],
        },
    }
]

# --- Languages: the browser's, until a person selects one at the bottom of a page ----------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "collections_app" / "locale"]
FORMAT_MODULE_PATH = "imagesearch.formats"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600

# --- Data --------------------------------------------------------------------------------------------------------
DATABASES = {
    "default": env.database("DATABASE_URL")
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "CONN_MAX_AGE": 60,
        "NAME": DATA_DIR / "imagesearch.sqlite3",
        # Several processes write. With WAL readers do not wait for writers. With IMMEDIATE a transaction takes the
        # write lock at BEGIN, and does not fail after it has read.
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
# Counts attempts to sign in and to open public links. All processes on all machines must see the same count, and only
# one of two concurrent `cache.add` may succeed: the table's primary key ensures both. With the default of 300 entries
# an attacker could evict a count.
CACHES = {
    "default": {
        "BACKEND": "collections_app.attempt_cache.AttemptCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Counts visits of public links, in the memory of each process: such a counter must not wait for the database.
    "counters": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "counters",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "collections_app.services.library.local_storage.PrivateFolder",
        "OPTIONS": {
            "location": DATA_DIR / "uploads",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "imagesearch.static_files.HashedStaticFiles"},
}
# How long a request waits for the bucket, plus a second for each megabyte.
STORAGE_TIMEOUT_S = env.integer("STORAGE_TIMEOUT_S", 10, minimum=1)
# s3://bucket/folder; keys, region and endpoint come from the usual AWS variables, which boto3 reads itself.
if bucket := env.bucket("STORAGE_URL"):
    STORAGES["default"] = {
        "BACKEND": "collections_app.services.library.s3_storage.PrivateBucket",
        "OPTIONS": {**bucket, "default_acl": "private", "file_overwrite": False, "max_memory_size": 4 * 2**20},
    }
# Only for `check --deploy`: boto3 reads these variables itself.
S3_ENDPOINT_URL = env.web_address("AWS_ENDPOINT_URL_S3") or env.web_address("AWS_ENDPOINT_URL")
STATIC_URL = f"{SITE_PATH}/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# `manage.py serve` collects the files here under hashed names, which browsers cache permanently. `runserver` and tests
# serve them from their folders under plain names, which browsers cache for ten minutes.
STATIC_ROOT = env.make_folder(DATA_DIR / "static")
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 600

# --- Backups: the index worker's process makes one a day, if both of the first two are set ---------------------------
BACKUP_DIR = env.path("BACKUP_DIR")
BACKUP_AT = env.time_of_day("BACKUP_AT")
BACKUP_KEEP = env.integer("BACKUP_KEEP", 7, minimum=1)
if BACKUP_AT and not BACKUP_DIR:
    raise ImproperlyConfigured("BACKUP_AT needs BACKUP_DIR, the folder of the backups.")

# --- Uploads -----------------------------------------------------------------------------------------------------
MAX_UPLOAD_MB = env.integer("MAX_UPLOAD_MB", 50, minimum=1)
MAX_ARCHIVE_MB = env.integer("MAX_ARCHIVE_MB", 2048, minimum=1)
MAX_ARCHIVE_IMAGES = env.integer("MAX_ARCHIVE_IMAGES", 5000, minimum=1)
MAX_WAITING_ARCHIVES = env.integer("MAX_WAITING_ARCHIVES", 20, minimum=1)
ARCHIVE_REPORT_DAYS = env.integer("ARCHIVE_REPORT_DAYS", 30, minimum=1)
UPLOAD_SECONDS = env.integer("UPLOAD_SECONDS", 30, minimum=1)
MAX_MEGAPIXELS = env.integer("MAX_MEGAPIXELS", 100, minimum=1)
MAX_JPEG_MEGAPIXELS = env.integer("MAX_JPEG_MEGAPIXELS", 250, minimum=1)
MAX_FRAMES = env.integer("MAX_FRAMES", 1000, minimum=1)
# Limits of each team, trash included; 0: no limit. Administrators can set other limits for a team.
TEAM_MAX_GB = env.number("TEAM_MAX_GB", 0)
TEAM_MAX_IMAGES = env.integer("TEAM_MAX_IMAGES", 0)
TRASH_DAYS = env.integer("TRASH_DAYS", 30)
INVITATION_DAYS = env.integer("INVITATION_DAYS", 14, minimum=1)
# How long events of the audit trail are kept; 0: for ever.
AUDIT_DAYS = env.integer("AUDIT_DAYS", 365)
# How long an owner can download the ZIP files of an export, and how large each is.
EXPORT_DAYS = env.integer("EXPORT_DAYS", 7, minimum=1)
EXPORT_PART_MB = env.integer("EXPORT_PART_MB", 1024, minimum=1)
# How much one account, team or collection may have, and how often one account or visitor may act; 0: no limit.
TEAMS_PER_ACCOUNT = env.integer("TEAMS_PER_ACCOUNT", 50)
COLLECTIONS_PER_TEAM = env.integer("COLLECTIONS_PER_TEAM", 5000)
SAVED_SEARCHES_PER_ACCOUNT = env.integer("SAVED_SEARCHES_PER_ACCOUNT", 500)
SHARES_PER_COLLECTION = env.integer("SHARES_PER_COLLECTION", 500)
PUBLIC_LINKS_PER_COLLECTION = env.integer("PUBLIC_LINKS_PER_COLLECTION", 100)
OPEN_INVITATIONS_PER_TEAM = env.integer("OPEN_INVITATIONS_PER_TEAM", 200)
INVITATIONS_PER_HOUR = env.integer("INVITATIONS_PER_HOUR", 30)
LINK_SEARCHES_PER_MINUTE = env.integer("LINK_SEARCHES_PER_MINUTE", 60)
LINK_DOWNLOADS_PER_MINUTE = env.integer("LINK_DOWNLOADS_PER_MINUTE", 120)
GUEST_UPLOADS_PER_MINUTE = env.integer("GUEST_UPLOADS_PER_MINUTE", 120)
DATA_UPLOAD_MAX_NUMBER_FILES = 1000
# A form of search results has a field for each of up to 1,000 selected pictures.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
# On the file system of the uploads, so that a file can be moved there atomically.
FILE_UPLOAD_TEMP_DIR = env.make_folder(DATA_DIR / "tmp")
FILE_UPLOAD_HANDLERS = [
    "collections_app.upload_handlers.SizeLimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "collections_app.upload_handlers.DiskFullSafeUploadHandler",
]

# --- The model and the index -------------------------------------------------------------------------------------
# "demo" is the small model that ships with the project. It understands only the demo's drawn scenes.
DEMO_MODEL_DIR = BASE_DIR / "collections_app" / "demo" / "model"
CLIP_MODEL = env.text("CLIP_MODEL") or "openai/clip-vit-base-patch32"
CLIP_MODEL_PATH = str(DEMO_MODEL_DIR) if CLIP_MODEL == "demo" else CLIP_MODEL
CLIP_REVISION = env.text("CLIP_REVISION")
ENCODER_CLASS = "collections_app.encoders.clip.ClipEncoder"
CLIP_DTYPE = env.choice("CLIP_DTYPE", "auto", among=("auto", "float32", "bfloat16", "int8"))
# Copies of models whose files have another number format than the one they run with. Processes share their memory.
SHARED_WEIGHTS_DIR = DATA_DIR / "weights"
# Empty: the embedded store in DATA_DIR, shared by all processes of this installation.
MILVUS_URI = env.text("MILVUS_URI")
MILVUS_TOKEN = env.text("MILVUS_TOKEN")
EMBEDDED_STORE_DIR = DATA_DIR / "index"
if MILVUS_URI and not MILVUS_URI.startswith(("http://", "https://")):
    raise ImproperlyConfigured("MILVUS_URI must begin with http:// or https://, or be empty for the embedded store.")
# Teams for each Milvus collection of a model; 0: no limit. Milvus allows 1,024 partitions, its own included.
MILVUS_MAX_PARTITIONS = env.integer("MILVUS_MAX_PARTITIONS", 1000 if MILVUS_URI else 0)
# Threads that index. Each uses one core.
INDEX_LANES = env.integer("INDEX_LANES", env.count_cores(), minimum=1)
INDEX_BATCH_SIZE = env.integer("INDEX_BATCH_SIZE", 16, minimum=1)
INDEX_SHARE_OF_MACHINE = env.percent("INDEX_SHARE_OF_MACHINE", 100)

# --- Email: with EMAIL_HOST it is queued, and the index worker's process sends it -----------------------------------
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=not EMAIL_USE_SSL)
EMAIL_PORT = env.integer("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587, minimum=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 10, minimum=1)
EMAIL_RETRY_DAYS = env.integer("EMAIL_RETRY_DAYS", 3, minimum=1)
EMAIL_TO_CONSOLE = env.flag("EMAIL_TO_CONSOLE")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "imagesearch@localhost")
if EMAIL_USE_SSL and EMAIL_USE_TLS:
    raise ImproperlyConfigured(
        "EMAIL_USE_SSL encrypts from the start, EMAIL_USE_TLS with STARTTLS: set only one of them to true."
    )
if EMAIL_HOST and EMAIL_TO_CONSOLE:
    raise ImproperlyConfigured(
        "EMAIL_TO_CONSOLE prints mail instead of sending it: set it to false, or EMAIL_HOST empty."
    )
EMAIL_BACKEND = (
    "collections_app.services.mail.backend.QueueingBackend"
    if EMAIL_HOST
    else f"django.core.mail.backends.{'console' if EMAIL_TO_CONSOLE else 'dummy'}.EmailBackend"
)

# --- Accounts ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "collections_app.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "gallery"
ACCOUNT_ADAPTER = "collections_app.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# With a mail server addresses are verified, and signing up does not reveal which addresses have an account. Without one
# pages do not mention mails.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_HOST else "none"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[imagesearch] "
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
# Adding an address, a passkey or another way to sign in needs the password again, not only an open session.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# The number of proxies before the site. Attempts are counted by the client address that the outermost proxy reports.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0)
IS_PROXY_COUNT_SET = bool(env.text("TRUSTED_PROXY_COUNT"))
# Attempts to guess passwords and codes are limited by `services/attempts.py`, mails to one address by the adapter.
# allauth's own limits for these would let strangers lock out the owner of an account.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reset_password": "20/m/ip"}
SIGNUP_OPEN = env.flag("SIGNUP_OPEN", default=True)
# How long people can keep an account that they have deleted, by signing in.
ACCOUNT_DELETION_DAYS = env.integer("ACCOUNT_DELETION_DAYS", 14, minimum=1)
MFA_ADAPTER = "collections_app.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "add_webauthn": "collections_app.account_forms.AddPasskeyForm",
    "authenticate": "collections_app.account_forms.CodeForm",
    "reauthenticate": "collections_app.account_forms.ConfirmCodeForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
# Accept codes one step of 30 seconds early or late, because clocks differ.
MFA_TOTP_TOLERANCE = 1
# Without a mail server addresses cannot be verified.
MFA_ALLOW_UNVERIFIED_EMAIL = not EMAIL_HOST
# Single sign-on: all four or none. An account is matched by its address only if both sides have verified the address.
OIDC = env.all_or_none(
    OIDC_NAME=env.text("OIDC_NAME"),
    OIDC_SERVER_URL=env.web_address("OIDC_SERVER_URL"),
    OIDC_CLIENT_ID=env.text("OIDC_CLIENT_ID"),
    OIDC_CLIENT_SECRET=env.text("OIDC_CLIENT_SECRET"),
)
SOCIALACCOUNT_ADAPTER = "collections_app.adapters.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": build_openid_connect_apps(OIDC)}}

# --- Security ----------------------------------------------------------------------------------------------------
# HTTPS=true for a site that is reached over https, directly or through a proxy that sets X-Forwarded-Proto.
HTTPS = env.flag("HTTPS")
CSRF_FAILURE_VIEW = "collections_app.views.refusals.respond_csrf_failure"
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
# Scripts do not read cookies: they send the token of their page's form.
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{SITE_PATH}/"
# Browsers accept a cookie with this prefix only from this host over https, so that no sibling host can set it. They
# accept `__Host-` only for a whole host.
_COOKIE_PREFIX = ("__Secure-" if SITE_PATH else "__Host-") if HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid", f"{_COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME, UPLOAD_PASS_COOKIE_NAME = f"{_COOKIE_PREFIX}language", f"{_COOKIE_PREFIX}upload_pass"
KNOWN_DEVICES_COOKIE_NAME = f"{_COOKIE_PREFIX}devices"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Browsers support passkeys over https and on localhost. The library rejects the http origin of localhost by default.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
# The features that OWASP's HTTP headers cheat sheet names, without those that passkeys need.
_REFUSED_FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock"),
    *("sync-xhr", "usb", "web-share", "xr-spatial-tracking"),
)
PERMISSIONS_POLICY: dict[str, list[str]] = {feature: [] for feature in _REFUSED_FEATURES}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Serving: what `manage.py serve` starts --------------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")
PORT = env.port("PORT", 8000)
WEB_WORKERS = env.integer("WEB_WORKERS", 2, minimum=1)
# Searches, uploads, bulk actions, files and pages: each kind of request always has one of the threads.
WEB_THREADS = env.integer("WEB_THREADS", 8, minimum=5)
WEB_MAX_SEARCHES = env.integer("WEB_MAX_SEARCHES", WEB_THREADS // 2, minimum=1)
WEB_MAX_ZIPS = env.integer("WEB_MAX_ZIPS", 3, minimum=1)
ACCOUNT_MAX_ZIPS = env.integer("ACCOUNT_MAX_ZIPS", 2, minimum=1)
env.require_less(WEB_THREADS, "WEB_THREADS", WEB_MAX_SEARCHES=WEB_MAX_SEARCHES, WEB_MAX_ZIPS=WEB_MAX_ZIPS)
WEB_MAX_CONNECTIONS = env.integer("WEB_MAX_CONNECTIONS", 1000, minimum=10)
WEB_MAX_BODIES_MB = env.integer("WEB_MAX_BODIES_MB", 8192, minimum=1)
# How many machines run the site, for `check --deploy`: a process does not know the others.
MACHINES = env.integer("MACHINES", 1, minimum=1)

# --- Metrics: `serve` serves them on a port of their own, if one is set -----------------------------------------------
METRICS_HOST = env.text("METRICS_HOST", "127.0.0.1")
METRICS_PORT = env.port("METRICS_PORT", 0, minimum=0)
# Where the processes of this machine write their counts.
METRICS_DIR = DATA_DIR / "metrics"

# --- Logging -----------------------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "info", among=("debug", "info", "warning", "error")).upper()
LOG_FORMAT = env.choice("LOG_FORMAT", "text", among=("text", "json"))
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s:%(request_tag)s %(message)s"},
        "json": {"()": "imagesearch.log_formats.JsonLines"},
    },
    # Every handler needs `blank_secrets`, because addresses of pages contain secrets, and `request_id` for the format.
    "filters": {
        "blank_secrets": {"()": "collections_app.log_filter.BlankSecrets"},
        "refusals": {"()": "imagesearch.log_filters.RefusalsWithoutTraceback"},
        "request_id": {"()": "imagesearch.log_formats.AddRequestId"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusals", "blank_secrets", "request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "collections_app": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # The development server's list of requests.
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "waitress": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
