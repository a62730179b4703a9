"""All metrics of the site. docs/operating.md and the Grafana dashboard name them (tests compare)."""

from dataclasses import dataclass

_REQUEST_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_STAGE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition:
    """`labels` have few values: never an id, a path or a name that people give."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


# --- What web processes and workers record: counters and histograms -----------------------------------------------
REQUESTS = MetricDefinition(
    name="imagesearch_requests_total",
    meaning="Requests, by method, name of the address and first digit of the status.",
    labels=("method", "view", "status"),
)
REQUEST_TIME = MetricDefinition(
    name="imagesearch_request_duration_seconds",
    meaning="Time until the response of a request begins.",
    labels=("view",),
    buckets=_REQUEST_BUCKETS_S,
)
SEARCHES = MetricDefinition(
    name="imagesearch_searches_total",
    meaning="Searches, by outcome: done, refused (such as an example that is not indexed yet) or failed.",
    labels=("outcome",),
)
SEARCH_STAGE_TIME = MetricDefinition(
    name="imagesearch_search_stage_duration_seconds",
    meaning="Time of each step of searches: embed, index, sql or render.",
    labels=("stage",),
    buckets=_STAGE_BUCKETS_S,
)
INDEXED_IMAGES = MetricDefinition(
    name="imagesearch_images_indexed_total",
    meaning="Pictures that were stored in the index, with a new vector (encoded) or their old one (reused).",
    labels=("vector",),
)
INDEX_FAILURES = MetricDefinition(
    name="imagesearch_index_failures_total",
    meaning="Attempts to index a picture that failed, and interruptions of all indexing, by reason.",
    labels=("reason",),
)

# --- What the exporter reads when it is scraped: gauges --------------------------------------------------------------
PART_READABLE = MetricDefinition(
    name="imagesearch_part_readable",
    meaning="1 if the metrics of this part could be read. If it is 0, they are missing.",
    labels=("part",),
)
QUEUE_LENGTH = MetricDefinition(
    name="imagesearch_index_queue_length", meaning="Index jobs that wait or are being done, at most 100,000."
)
QUEUE_AGE = MetricDefinition(
    name="imagesearch_index_queue_oldest_seconds",
    meaning="Age of the oldest index job that is not done; 0 if there is none.",
)
IMAGES = MetricDefinition(
    name="imagesearch_images",
    meaning="Pictures, with the trash, by state in the index: pending, indexed or failed.",
    labels=("state",),
)
COVERAGE = MetricDefinition(
    name="imagesearch_embedding_coverage_ratio",
    meaning="Share of the pictures outside the trash that searches by this model, the active one, can find.",
    labels=("model",),
)
STORED_BYTES = MetricDefinition(
    name="imagesearch_storage_bytes", meaning="Size of the originals in library and trash.", labels=("place",)
)
FREE_BYTES = MetricDefinition(name="imagesearch_data_free_bytes", meaning="Free space of the disk that DATA_DIR is on.")
TEAMS_BY_QUOTA = MetricDefinition(
    name="imagesearch_teams",
    meaning="Teams without a quota (none), below 90 % of it (free), near it (near) or at it (full).",
    labels=("quota",),
)
STORE_BYTES = MetricDefinition(
    name="imagesearch_store_bytes", meaning="Size of the embedded index on disk; 0 with a Milvus server."
)
STORE_OWNER = MetricDefinition(
    name="imagesearch_store_owner",
    meaning="1 for the kind of process that owns the embedded index: web, index_worker, command or other.",
    labels=("process",),
)
PROCESSES = MetricDefinition(
    name="imagesearch_processes",
    meaning="Processes of this machine that record metrics: web, index_worker or command.",
    labels=("process",),
)
MODEL = MetricDefinition(
    name="imagesearch_model_info", meaning="1 for each model that a process has loaded.", labels=("model",)
)
BUILD = MetricDefinition(
    name="imagesearch_build_info",
    meaning="1, with the versions of imagesearch and of what it runs on.",
    labels=("version", "python", "django", "pymilvus"),
)

RECORDED = (REQUESTS, REQUEST_TIME, SEARCHES, SEARCH_STAGE_TIME, INDEXED_IMAGES, INDEX_FAILURES)
READ = (
    *(PART_READABLE, QUEUE_LENGTH, QUEUE_AGE, IMAGES, COVERAGE, STORED_BYTES, FREE_BYTES, TEAMS_BY_QUOTA),
    *(STORE_BYTES, STORE_OWNER, PROCESSES, MODEL, BUILD),
)
