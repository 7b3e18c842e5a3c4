#!/bin/sh
# Builds the harness and becomes it, so that a signal sent to this script reaches the harness and everything it started ends.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/../bin"
go -C "$here" build -trimpath -o "$here/../bin/outrigger-bench" .
exec "$here/../bin/outrigger-bench" "$@"
