#!/usr/bin/env bash
# Shows a page of a sidecar's admin port, which listens on the loopback of its container only: a container that joins the same
# network namespace may look.
#
#   examples/hello/peek.sh orders '/decisions?limit=3'
set -euo pipefail
cd "$(dirname "$0")/../.."
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
container=$("${compose[@]}" ps -q "${1:?a service: service-one, orders or inventory}")
docker run --rm --network "container:${container:?not running}" python:3.11-slim python -c '
import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9901" + sys.argv[1], timeout=5).read().decode())' "${2:-/operations}"
