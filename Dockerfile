FROM golang:1.26 AS build
# Another module proxy for the build: docker build --build-arg GOPROXY=...
ARG GOPROXY
WORKDIR /src
# The modules have a layer of their own, which an edit of the source leaves in the cache.
COPY go.mod go.sum ./
RUN go mod download
COPY . ./
ARG VERSION=dev
ARG REVISION=unknown
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=$VERSION -X main.revision=$REVISION" \
      -o /out/outrigger ./cmd/outrigger

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="outrigger" \
      org.opencontainers.image.description="Resilience sidecar: retries, timeouts, circuit breakers and limits from a policy file" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/outrigger /outrigger
# Asks the admin port on loopback; OUTRIGGER_ADMIN names another address.
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s --retries=3 CMD ["/outrigger", "healthcheck"]
ENTRYPOINT ["/outrigger"]
CMD ["proxy", "--policy", "/etc/outrigger/policy.yaml"]
