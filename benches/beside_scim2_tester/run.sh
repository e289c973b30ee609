#!/usr/bin/env bash
# scimrig beside scim2-tester on one and the same scim2-server, in alternating rounds: seconds, how
# much was judged, and how long one judgement took. Usage: run.sh [ROUNDS]
# scim2-tester counts two things: check functions, and the result lines these print.
set -euo pipefail

rounds=${1:-3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/targets/scim2-tester/venv
work=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
url=http://127.0.0.1:$port

cargo build --quiet --release --manifest-path "$root/Cargo.toml"
if ! cmp -s "$here/requirements.txt" "$venv/../installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check \
        --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/../installed.txt"
fi

"$root/tests/targets/scim2-server/start.sh" "$port" >"$work/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    curl -s -o /dev/null "$url/ServiceProviderConfig" && break
    sleep 0.1
done

# seconds COMMAND…: runs it, whatever it thinks of the server, and says how long it took.
seconds() {
    local began=$EPOCHREALTIME
    "$@" >"$work/out" 2>&1 || true
    awk -v from="$began" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.3f", to - from }'
}

tester() {
    SCIM_CLI_HEADERS="Authorization: Bearer tok" "$venv/bin/scim2" --url "$url" test
}

scimrig() {
    SCIM_SECRET_TOKEN=tok "$target/release/scimrig" check --tenant-url "$url" \
        --profile strict --reports "$work/reports"
}

for round in $(seq "$rounds"); do
    theirs=$(seconds tester)
    lines=$(grep -cE '^[A-Z]+ [a-z_]+$' "$work/out")
    functions=$(grep -E '^[A-Z]+ [a-z_]+$' "$work/out" | awk '{ print $2 }' | sort -u | wc -l)
    ours=$(seconds scimrig)
    checks=$(python3 - "$work/reports/strict/report.json" <<'PYTHON'
import json, sys

judged = {"conforms", "violation", "deviation", "note", "excused", "stale-excuse"}
print(sum(check["outcome"] in judged for check in json.load(open(sys.argv[1]))["checks"]))
PYTHON
    )
    awk -v round="$round" -v t="$theirs" -v f="$functions" -v l="$lines" -v o="$ours" -v c="$checks" '
        BEGIN {
            printf "round %d: scim2-tester %.2f s, %d functions, %d lines; scimrig %.2f s, %d checks\n", round, t, f, l, o, c
            printf "  a function %.1f ms, a line %.1f ms, a check %.1f ms: ", 1000 * t / f, 1000 * t / l, 1000 * o / c
            printf "%.1f times as fast as a function, %.1f times as fast as a line\n", t / f / (o / c), t / l / (o / c)
        }'
done
