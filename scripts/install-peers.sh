#!/usr/bin/env bash
# Installs the programs that tests compare with (tests/peers/package.json, exactly as package-lock.json has them) into artifacts/peers, where they are missing: by npm; and by apt as root
# Node.js, and Chromium, in which the dashboard's page is tested. After a change of package.json, in tests/peers: npm install --package-lock-only --omit-lockfile-registry-resolved
set -euo pipefail
cd "$(dirname "$0")/.."
peers=artifacts/peers

by_apt() {
    { DEBIAN_FRONTEND=noninteractive apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@"; } >/dev/null ||
        { echo "error: apt could not install $*" >&2; echo "       Do: install it by hand" >&2; return 5; }
}

if ! cmp -s tests/peers/package-lock.json "$peers/installed.json"; then
    command -v npm >/dev/null || by_apt nodejs npm
    mkdir -p "$peers"
    rm -f "$peers/installed.json"
    cp tests/peers/package.json tests/peers/package-lock.json "$peers/"
    (cd "$peers" && npm ci --no-audit --no-fund --loglevel=error) ||
        { echo "error: npm could not install what tests/peers/package-lock.json names" >&2; echo "       Do: check the network and npm's registry settings, and that package-lock.json is of this package.json" >&2; exit 5; }
    cp tests/peers/package-lock.json "$peers/installed.json"
fi
[ -x /usr/bin/chromium ] || by_apt chromium
