#!/usr/bin/env bash
# Builds compose.yaml, brings the hello example up in containers, checks what its README promises through the published ports,
# and takes it down again. Needs Go, and Docker with `docker compose` or docker-compose 1.29; COMPOSE names another.
#
# With CI=true a missing engine is a failure; otherwise the test says so and leaves it out.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$PWD/.cache/compose-test
hello=examples/hello
image=outrigger:local
limit=30000000                  # bytes of the sidecar's image
sidecars=(service-one-sidecar orders-sidecar inventory-sidecar)
all=(service-one orders inventory "${sidecars[@]}")

say() { printf '%s\n' "$*"; }
fail() { printf 'FAIL %s\n' "$*" >&2; exit 1; }

missing() {
  [[ ${CI:-} != true ]] || fail "$1"
  say "left out: $1"
  exit 0
}

find_compose() {
  command -v docker >/dev/null || missing "docker is not installed"
  timeout 20 docker info >/dev/null 2>&1 || missing "no container engine answers (DOCKER_HOST=${DOCKER_HOST:-})"
  if [[ -z ${COMPOSE:-} ]]; then
    if docker compose version >/dev/null 2>&1; then
      COMPOSE="docker compose"
    elif command -v docker-compose >/dev/null; then
      COMPOSE=docker-compose
    else
      missing "neither docker compose nor docker-compose is installed"
    fi
  fi
  say "with $COMPOSE"
}

# The test edits a policy, so the sidecars read a copy.
copy() {
  local sidecar
  rm -rf "$work"
  mkdir -p "$work/hello"
  tar -C $hello -c --exclude='*.go' . | tar -C "$work/hello" -x
  chmod -R a+rX "$work/hello"
  {
    echo "services:"
    for sidecar in "${sidecars[@]}"; do
      printf '  %s:\n    volumes: ["%s:/etc/outrigger:ro"]\n' "$sidecar" "$work/hello"
    done
  } >"$work/compose.yaml"
}

# compose SECONDS ARGUMENT...
compose() {
  local seconds=$1
  shift
  # shellcheck disable=SC2086 # two words are meant as two
  timeout "$seconds" $COMPOSE -p outrigger-hello-test -f compose.yaml -f "$work/compose.yaml" "$@"
}

# shellcheck disable=SC2317 # called by the trap
cleanup() {
  local status=$?
  if ((status)); then compose 30 logs --tail=15 >&2 || true; fi
  compose 90 down -v --remove-orphans >/dev/null 2>&1 || say "compose down failed; see docker ps"
}

inspect() { docker inspect -f "$2" "$(compose 20 ps -aq "$1")"; }

build() {
  local size
  compose 20 config -q
  say "building the images"
  compose 900 build >"$work/build.log" 2>&1 || { tail -30 "$work/build.log" >&2; fail "the images do not build"; }
  size=$(docker image inspect -f '{{.Size}}' $image)
  ((size < limit)) || fail "$image has $size bytes, at most $limit are allowed"
  say "ok   $image has $size bytes"
}

healthy() {
  local name state tries
  for name in "${all[@]}"; do
    for ((tries = 60; ; tries--)); do
      state=$(inspect "$name" '{{.State.Status}} {{.State.Health.Status}}')
      [[ $state != "running healthy" ]] || break
      ((tries > 0)) || fail "$name is $state after a minute"
      sleep 1
    done
    [[ $(inspect "$name" '{{.HostConfig.ReadonlyRootfs}}') == true ]] || fail "$name may write to its root file system"
  done
  say "ok   all services and sidecars are healthy, on read-only file systems"
}

# SIGTERM, and nobody had to be killed: 137 would be SIGKILL after the grace period.
stopped() {
  local name status
  compose 90 stop >/dev/null 2>&1 || fail "compose stop did not end in time"
  for name in "${all[@]}"; do
    status=$(inspect "$name" '{{.State.ExitCode}}')
    [[ $status == 0 ]] || fail "$name ended with status $status"
  done
  say "ok   SIGTERM ended everything with status 0"
}

command -v go >/dev/null || fail "go is not installed"
find_compose
copy
trap cleanup EXIT
trap 'exit 130' INT TERM
build
compose 180 up -d >"$work/up.log" 2>&1 || { tail -30 "$work/up.log" >&2; fail "compose up failed"; }
healthy
go run ./$hello/check -policy "$work/hello/orders/policy.yaml"
stopped
