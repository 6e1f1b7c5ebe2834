# syntax=docker/dockerfile:1

# docker build -t streamgauge .
# docker run --rm streamgauge demo --once
# config/compose.yaml runs it beside PostgreSQL, with mounted files on a read-only file system.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# Registry and dependencies stay in the builder's cache; the binary has to leave it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin streamgauge \
    && cp target/release/streamgauge /streamgauge \
    && mkdir /data

# glibc, the certificates of public authorities, and nothing to log in to.
FROM gcr.io/distroless/cc-debian12:nonroot
# Where it comes from: `--build-arg REVISION=$(git rev-parse HEAD)`.
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Streamgauge" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /streamgauge /usr/local/bin/streamgauge
# Every dependency that it was built of, with version and checksum.
COPY --from=build /src/Cargo.lock /usr/share/streamgauge/Cargo.lock
# The one place that is written to: the database and digests. Relative paths of the settings start
# here, and the two files are looked for in /data/config.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
VOLUME /data
# Outside the container means outside loopback, so the settings have to hold a [[web.token]].
ENV STREAMGAUGE_WEB__LISTEN=0.0.0.0:8787
# Threads share their heaps: less memory, and no slower here.
ENV MALLOC_ARENA_MAX=2
# Also on a read-only file system the demo has somewhere to put its database.
ENV TMPDIR=/data
EXPOSE 8787
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["/usr/local/bin/streamgauge", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/streamgauge"]
CMD ["serve"]
