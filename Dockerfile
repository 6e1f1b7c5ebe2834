# syntax=docker/dockerfile:1

# docker build -t streamgauge .
# docker run --rm streamgauge demo --once
# docker run -p 8787:8787 -v gauge:/data -v "$PWD/config:/data/config:ro" \
#     --env-file gauge.env streamgauge

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
COPY --from=build /streamgauge /usr/local/bin/streamgauge
# Database and digests: relative paths of the settings start here.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
VOLUME /data
# Outside the container means outside loopback, so the settings have to hold a [[web.token]].
ENV STREAMGAUGE_WEB__LISTEN=0.0.0.0:8787
EXPOSE 8787
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/streamgauge"]
CMD ["serve"]
