#!/usr/bin/env bash
# scimmy-routers, a SCIM 2.0 router for Node, over an in-memory store, on a loopback port.
# Usage: start.sh PORT. The base URL is http://127.0.0.1:PORT/scim/v2, the Secret Token `tok`.
# The first start installs the pinned packages; the server replaces this shell and dies when killed.
set -euo pipefail

port=${1:?usage: start.sh PORT}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${SCIMRIG_TARGETS_DIR:-$here/../../../target/targets}/scimmy-routers
mkdir -p "$home"

# The lock is held by the subshell alone: two tests install one after the other, and the server
# does not keep it. The stamp says which list was installed to its end.
(
    flock 9
    if ! cmp -s "$here/package-lock.json" "$home/installed.json"; then
        cp "$here/package.json" "$here/package-lock.json" "$home/"
        (cd "$home" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        cp "$here/package-lock.json" "$home/installed.json"
    fi
    cmp -s "$here/app.mjs" "$home/app.mjs" || cp "$here/app.mjs" "$home/"
) 9>"$home/lock" >&2

cd "$home"
exec node app.mjs "$port"
