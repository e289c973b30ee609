#!/usr/bin/env bash
# `scimrig load` beside wrk, a bare goose attack and Locust: the same look-ups and creates against
# the same built-in tenant, each round on a fresh one, the generators in turns. Both ends share this
# machine. Usage: run.sh [ROUNDS] [SECONDS]; `SCIMRIG` and `BARE_GOOSE` may name programs that are
# built already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/targets/locust/venv

if ! command -v wrk >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk
fi
if ! cmp -s "$here/requirements.txt" "$venv/../installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/../installed.txt"
fi
if [ -z "${SCIMRIG:-}" ]; then
    cargo build --quiet --profile release-lto --manifest-path "$root/Cargo.toml"
    SCIMRIG=$target/release-lto/scimrig
fi
if [ -z "${BARE_GOOSE:-}" ]; then
    BARE_GOOSE=$(cargo bench --quiet --profile release-lto --manifest-path "$root/Cargo.toml" \
        --bench bare_goose --no-run --message-format=json | python3 -c '
import json, sys

for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "bare_goose":
        print(message["executable"])')
fi
exec python3 "$here/run.py" "$SCIMRIG" "$BARE_GOOSE" "$venv/bin/locust" "${1:-5}" "${2:-6}"
