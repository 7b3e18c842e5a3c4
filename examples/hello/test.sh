#!/usr/bin/env bash
# Runs the hello example as processes on loopback: three services, three sidecars and, where it can be had, Prometheus. Checks
# what its README promises, has schemathesis draw requests from the spec of service_one, then ends everything with SIGTERM. Needs Go,
# Python 3 and curl; containers are tested by compose-test.sh.
#
#   examples/hello/test.sh           check and end
#   examples/hello/test.sh --keep    start everything, say where it is, and wait for Ctrl-C
#
# With CI=true a missing Prometheus is a failure; otherwise what needs it is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$PWD/.cache/hello          # binaries, the Python environment, logs, and copies of the policies with ports for one machine
hello=examples/hello
keep=
if [[ ${1:-} == --keep ]]; then keep=yes; fi
names=()                        # what runs, in the order it is ended in
declare -A pid_of

say() { printf '%s\n' "$*"; }
fail() { printf 'FAIL %s\n' "$*" >&2; exit 1; }

# What still runs is asked to end, so that `outrigger run` takes its service along, and killed when it does not.
# shellcheck disable=SC2317 # called by the trap
cleanup() {
  local name
  for name in "${names[@]}"; do kill -TERM "${pid_of[$name]}" 2>/dev/null || true; done
  for name in "${names[@]}"; do ended "$name" 12 || kill -KILL "${pid_of[$name]}" 2>/dev/null || true; done
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# start NAME COMMAND...: in the background, with its output in a log.
start() {
  local name=$1
  shift
  "$@" >"$work/log/$name" 2>&1 </dev/null &
  pid_of[$name]=$!
  names+=("$name")
}

# ended NAME SECONDS: whether the process is gone within that time.
ended() {
  local tenths=$(($2 * 10))
  while kill -0 "${pid_of[$1]}" 2>/dev/null; do
    ((tenths-- > 0)) || return 1
    sleep 0.1
  done
}

# ready NAME COMMAND...: until the command succeeds, while the process lives, for at most 20 s.
ready() {
  local name=$1 tenths=200
  shift
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "${pid_of[$name]}" 2>/dev/null || ((tenths-- <= 0)); then
      tail -20 "$work/log/$name" >&2
      fail "$name did not become ready; its log is $work/log/$name"
    fi
    sleep 0.1
  done
}

build() {
  command -v go >/dev/null || fail "go is not installed"
  command -v python3 >/dev/null || fail "python3 is not installed"
  mkdir -p "$work/bin" "$work/log"
  say "building the sidecar, orders and inventory"
  go build -o "$work/bin/" ./cmd/outrigger ./$hello/orders ./$hello/inventory ./$hello/check
  "$work/bin/outrigger" test $hello/*/policy.test.yaml || fail "the policies do not do what their tables say"
  environment Flask $hello/service_one/requirements.txt "$work/venv"
  [[ $keep ]] || environment schemathesis $hello/schemathesis/requirements.txt "$work/schemathesis"
}

# environment NAME REQUIREMENTS FOLDER: a Python environment, made anew when its requirements change.
environment() {
  if [[ ! -x $3/bin/python ]] || ! cmp -s "$2" "$3/requirements.txt"; then
    say "installing $1 into ${3#"$PWD/"}"
    rm -rf "$3"
    python3 -m venv "$3"
    "$3/bin/pip" install -q -r "$2"
    cp "$2" "$3/"
  fi
}

# The policies are written for a network namespace each, where all sidecars have the same ports. On one machine each needs its
# own: 21x80 callers, 21x00 application, 21x99 admin, 21x98 metrics, with x = 1, 2, 3.
policies() {
  local service base
  rm -rf "$work/policies"
  for service in service_one orders inventory; do
    case $service in service_one) base=211 ;; orders) base=212 ;; inventory) base=213 ;; esac
    mkdir -p "$work/policies/$service"
    cp $hello/$service/openapi.yaml "$work/policies/$service/"
    sed -e "s/0\.0\.0\.0:8080/127.0.0.1:${base}80/" -e "s/127\.0\.0\.1:5000/127.0.0.1:${base}00/" \
      -e "s/127\.0\.0\.1:9901/127.0.0.1:${base}99/" -e "s/0\.0\.0\.0:9902/127.0.0.1:${base}98/" \
      -e "s/:15001/:${base}01/" -e "s/:15101/:${base}11/" -e "s|http://inventory:8080|http://127.0.0.1:21380|" \
      $hello/$service/policy.yaml >"$work/policies/$service/policy.yaml"
  done
  sed -e "s/service-one:9902/127.0.0.1:21198/" -e "s/orders:9902/127.0.0.1:21298/" -e "s/inventory:9902/127.0.0.1:21398/" \
    $hello/prometheus.yml >"$work/prometheus.yml"
}

# Prometheus from the path, or Debian's, unpacked without installing it.
find_prometheus() {
  prometheus=$(command -v prometheus || true)
  if [[ -z $prometheus && ! -x $work/prometheus/usr/bin/prometheus ]] && command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
    say "fetching Debian's Prometheus into .cache/hello"
    rm -rf "$work/deb" && mkdir -p "$work/deb"
    if (cd "$work/deb" && apt-get -qq download prometheus) >"$work/log/apt" 2>&1; then
      dpkg -x "$work"/deb/prometheus_*.deb "$work/prometheus"
    fi
  fi
  if [[ -z $prometheus && -x $work/prometheus/usr/bin/prometheus ]]; then prometheus=$work/prometheus/usr/bin/prometheus; fi
  [[ -n $prometheus ]] && return
  [[ ${CI:-} != true ]] || fail "prometheus is not installed and could not be fetched (apt-get install prometheus)"
  say "no Prometheus here: what needs it is left out (apt-get install prometheus)"
}

start_all() {
  local outrigger=$work/bin/outrigger sidecar name
  rm -rf "$work/prometheus-data"
  # The order of this list is the order in which everything is ended: callers before those they call, services before sidecars.
  if [[ -n $prometheus ]]; then
    start prometheus "$prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/prometheus-data" \
      --web.listen-address=127.0.0.1:21090
  fi
  start orders env PORT=21200 HTTP_PROXY=http://127.0.0.1:21201 INVENTORY_URL=http://inventory "$work/bin/orders"
  start orders-sidecar "$outrigger" proxy --policy "$work/policies/orders/policy.yaml"
  start inventory env PORT=21300 DELAY=5ms "$work/bin/inventory"
  start inventory-sidecar "$outrigger" proxy --policy "$work/policies/inventory/policy.yaml"
  # `outrigger run` starts the service itself, with PORT and HTTP_PROXY set, and ends with it.
  start service_one "$outrigger" run --policy "$work/policies/service_one/policy.yaml" -- \
    "$work/venv/bin/python" $hello/service_one/app.py
  for sidecar in service_one:21199 orders-sidecar:21299 inventory-sidecar:21399; do
    ready "${sidecar%:*}" "$outrigger" healthcheck --admin "127.0.0.1:${sidecar#*:}"
  done
  for name in orders inventory; do
    ready $name env PORT="$([[ $name == orders ]] && echo 21200 || echo 21300)" "$work/bin/$name" healthcheck
  done
  say "started: ${names[*]}"
}

# Requests drawn from the spec, valid and not, through the sidecar of service_one, whose policy only reports what breaks the spec: the
# service must refuse exactly those that the sidecar counts, and no reply may break the spec.
generated() {
  local refused counted
  say "schemathesis draws requests from the spec of service_one"
  # Methods that the spec does not declare are answered 404 no_route by the sidecar, where schemathesis asks for 405.
  (cd "$work" && timeout 60 schemathesis/bin/schemathesis run policies/service_one/openapi.yaml --url http://127.0.0.1:21180 --seed 1 \
    --phases examples,coverage,fuzzing --max-examples 30 --exclude-checks unsupported_method) >"$work/log/schemathesis" 2>&1 ||
    { tail -40 "$work/log/schemathesis" >&2; fail "schemathesis found something; its log is $work/log/schemathesis"; }
  refused=$(metric outrigger_requests_total 'operation="greetSomebody".*status="400"')
  counted=$(metric outrigger_validation_failures_total 'kind="request"')
  ((counted > 0)) || fail "no request that breaks the spec was counted"
  ((counted == refused)) || fail "$counted requests broke the spec, the service refused $refused"
  [[ $(metric outrigger_validation_failures_total 'kind="response"') == 0 ]] || fail "replies of service_one break its spec"
  say "ok   $counted requests that break the spec were counted, and the service refused the same; no reply breaks it"
}

# metric NAME LABELS: the sum of the counters of service_one's sidecar whose labels match.
metric() {
  curl -fsS http://127.0.0.1:21198/metrics | awk -v name="$1{" -v labels="$2" 'index($0, name) == 1 && $0 ~ labels { sum += $NF } END { print sum + 0 }'
}

end_all() {
  local name status
  for name in "${names[@]}"; do
    # Under --keep, Ctrl-C reaches the processes of the terminal before this does.
    kill -TERM "${pid_of[$name]}" 2>/dev/null || [[ $keep ]] || fail "$name ended before it was told to; its log is $work/log/$name"
    ended "$name" 15 || fail "$name still runs 15 s after SIGTERM; its log is $work/log/$name"
    status=0
    wait "${pid_of[$name]}" || status=$?
    ((status == 0)) || fail "$name ended with status $status; its log is $work/log/$name"
  done
  names=()
  say "ok   SIGTERM ended everything with status 0"
}

wait_for_interrupt() {
  cat <<TEXT
service_one http://127.0.0.1:21180/api/service_one   admin http://127.0.0.1:21199
orders      http://127.0.0.1:21280/orders            admin http://127.0.0.1:21299
inventory   http://127.0.0.1:21380/stock/42          admin http://127.0.0.1:21399
policies    $work/policies    logs $work/log
Ctrl-C ends everything.
TEXT
  trap 'stopped=yes' INT TERM
  stopped=
  while [[ -z $stopped ]]; do sleep 1 || true; done
}

build
policies
find_prometheus
start_all
if [[ $keep ]]; then
  wait_for_interrupt
else
  "$work/bin/check" -service-one http://127.0.0.1:21180 -orders http://127.0.0.1:21280 -inventory http://127.0.0.1:21380 \
    -prometheus "${prometheus:+http://127.0.0.1:21090}" -policy "$work/policies/orders/policy.yaml"
  generated
fi
end_all
