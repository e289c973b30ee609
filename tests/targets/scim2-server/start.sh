#!/usr/bin/env bash
# scim2-server, a SCIM 2.0 server in Python that keeps everything in memory, on a loopback port.
# Usage: start.sh PORT. The base URL is http://127.0.0.1:PORT, the Secret Token `tok`.
# The first start installs the pinned packages; the server replaces this shell and dies when killed.
set -euo pipefail

port=${1:?usage: start.sh PORT}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${SCIMRIG_TARGETS_DIR:-$here/../../../target/targets}/scim2-server
mkdir -p "$home"

# The lock is held by the subshell alone: two tests install one after the other, and the server
# does not keep it. The stamp says which list was installed to its end.
(
    flock 9
    if ! cmp -s "$here/requirements.txt" "$home/installed.txt"; then
        rm -rf "$home/venv"
        python3 -m venv "$home/venv"
        "$home/venv/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check \
            --requirement "$here/requirements.txt"
        cp "$here/requirements.txt" "$home/installed.txt"
    fi
) 9>"$home/lock" >&2

exec "$home/venv/bin/scim2-server" --hostname 127.0.0.1 --port "$port" --bearer-token tok
