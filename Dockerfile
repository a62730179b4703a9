# The site in one image. The command selects the role: serve (default), web, index_worker, prepare, migrate or any other
# management command. docs/deployment.md explains how to build and run it.
ARG BASE_IMAGE=debian:bookworm-slim

# Both stages below need the same Python, because the second uses the packages that the first installs.
FROM ${BASE_IMAGE} AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

FROM runtime AS packages
# An index that has torch's CPU build (its version ends in +cpu). Empty: the indexes of pip's configuration have it.
ARG TORCH_INDEX=""
RUN apt-get update && apt-get install --yes --no-install-recommends python3-venv
COPY requirements.txt /build/
# torch without a suffix may be the CUDA build, several gigabytes. The secret is an optional pip.conf.
RUN --mount=type=secret,id=pip \
    sed 's/^torch==.*/&+cpu/' /build/requirements.txt > /build/requirements-cpu.txt \
    && python3 -m venv /opt/imagesearch/.venv \
    && { PIP_CONFIG_FILE=/run/secrets/pip /opt/imagesearch/.venv/bin/pip install --no-cache-dir --only-binary :all: \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --requirement /build/requirements-cpu.txt \
    || { echo "If pip found no torch+cpu: set the build argument TORCH_INDEX, see docs/deployment.md." >&2; exit 1; } } \
    && /opt/imagesearch/.venv/bin/pip uninstall --yes pip \
    && rm -rf /opt/imagesearch/.venv/lib/python3*/site-packages/torch/include \
        /opt/imagesearch/.venv/lib/python3*/site-packages/pyarrow/include

FROM runtime
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="imagesearch" \
    org.opencontainers.image.description="Upload pictures into collections and find them again by describing them." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 imagesearch \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin imagesearch \
    && install --directory --owner 10001 --group 10001 --mode 700 /data /backups
COPY --from=packages /opt/imagesearch/.venv /opt/imagesearch/.venv
COPY . /opt/imagesearch/
WORKDIR /opt/imagesearch
# Hashes instead of times, because copying may change these.
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash collections_app imagesearch
# Everything that is written is in DATA_DIR: temporary files and the downloaded model, too. Only backups go elsewhere: the
# compose files mount a volume at /backups, which gets its owner from here.
ENV PATH=/opt/imagesearch/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data HOME=/data TMPDIR=/data/tmp HF_HOME=/data/models \
    HOST=0.0.0.0 PORT=8000
USER 10001:10001
VOLUME /data
EXPOSE 8000
# The first start may download a model.
HEALTHCHECK --interval=60s --timeout=15s --start-period=15m --retries=3 CMD ["python", "manage.py", "health"]
ENTRYPOINT ["python", "manage.py"]
CMD ["serve"]
