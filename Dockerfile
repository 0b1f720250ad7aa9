# syntax=docker/dockerfile:1
# The digest is that of the index, for every architecture. For the newest: docker buildx imagetools inspect
# python:3.13-slim, and both lines below.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
# With WORKERS=1 also what a ledger on PostgreSQL needs: docs/machines.md.
ARG WORKERS=
COPY requirements.lock requirements-workers.lock ./
RUN python -m venv /opt/newsletter \
 && /opt/newsletter/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements${WORKERS:+-workers}.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY newsletter ./newsletter
COPY templates ./templates
COPY prompts ./prompts
COPY image ./image
# What is never used is removed (image/slim.py says what, and tries what is near to it), then all is compiled.
RUN /opt/newsletter/bin/pip install --no-cache-dir --no-compile --no-deps --no-build-isolation . \
 && python image/slim.py /opt/newsletter

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# tzdata and ca-certificates come with the packages; nothing else of the system is needed.
ARG WORKERS=
# pg_dump, for `newsletter backup`.
RUN if [ -n "$WORKERS" ]; then apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*; fi
RUN useradd --create-home --uid 10001 newsletter \
 && install -d -o newsletter -g newsletter /data
COPY --from=build /opt/newsletter /opt/newsletter
ENV PATH=/opt/newsletter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NEWSLETTER_SUBSCRIBERS=/data/subscribers.yaml \
    NEWSLETTER_DATA_DIR=/data/var \
    NEWSLETTER_HOST=0.0.0.0
WORKDIR /data
VOLUME /data
USER newsletter
EXPOSE 8080
HEALTHCHECK --interval=1m --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["newsletter"]
CMD ["serve"]
