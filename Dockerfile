# An image of nothing but the static binary and the certificates of public authorities.
#
#   docker build --build-arg COMMIT="$(git rev-parse --short HEAD)" --build-arg DATE="$(git show -s --format=%cs)" -t thanos-bucket .
#
# A release has its binaries already: `--build-context build=FOLDER` puts a folder with both files in the place of the stage below.

FROM rust:1.95-alpine AS build
RUN apk add --no-cache build-base ca-certificates-bundle
WORKDIR /src
COPY . .
ARG COMMIT=unknown
ARG DATE=unknown
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    THANOS_BUCKET_COMMIT=$COMMIT THANOS_BUCKET_DATE=$DATE cargo build --release --locked && \
    cp target/release/thanos-bucket /thanos-bucket

FROM scratch
ARG VERSION=unreleased
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="thanos-bucket" \
      org.opencontainers.image.description="Moves old Thanos blocks from a hot bucket to a cold one" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /thanos-bucket /thanos-bucket
# By its number: there is no /etc/passwd, and Kubernetes' runAsNonRoot wants one.
USER 65532:65532
ENTRYPOINT ["/thanos-bucket"]
