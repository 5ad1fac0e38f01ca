#!/usr/bin/env bash
# Installs the programs that tests compare with (tests/peers/package.json) into artifacts/peers, where they are missing: by npm; and by apt as root Node.js, and
# Chromium, in which the dashboard's page is tested.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=artifacts/peers
if [ ! -x /usr/bin/chromium ]; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium; } >/dev/null ||
        { echo "error: apt could not install chromium" >&2; echo "       Do: install it by hand, as /usr/bin/chromium" >&2; exit 5; }
fi
cmp -s tests/peers/package.json "$peers/installed.json" && exit
if ! command -v npm >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install --yes --no-install-recommends nodejs npm; } >/dev/null ||
        { echo "error: apt could not install nodejs and npm" >&2; echo "       Do: install them by hand" >&2; exit 5; }
fi
mkdir -p "$peers"
rm -f "$peers/installed.json"
cp tests/peers/package.json "$peers/"
(cd "$peers" && npm install --no-package-lock --no-audit --no-fund --loglevel=error) ||
    { echo "error: npm could not install what tests/peers/package.json names" >&2; echo "       Do: check the network and npm's registry settings" >&2; exit 5; }
cp tests/peers/package.json "$peers/installed.json"
