# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/newsletter \
 && /opt/newsletter/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY newsletter ./newsletter
COPY templates ./templates
COPY prompts ./prompts
RUN /opt/newsletter/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# tzdata and ca-certificates come with the packages; nothing else of the system is needed.
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
