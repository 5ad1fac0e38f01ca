#!/usr/bin/env bash
# Installs ICU, with which tests ask for cultures that .NET knows by it, where it is missing: by apt as root.
set -euo pipefail
ldconfig -p 2>/dev/null | grep -q libicuuc && exit
export DEBIAN_FRONTEND=noninteractive
# A fresh container has no package lists: the first attempt fails there.
apt-get -qq install --yes --no-install-recommends libicu-dev >/dev/null 2>&1 ||
    { apt-get -qq update >/dev/null && apt-get -qq install --yes --no-install-recommends libicu-dev >/dev/null; } ||
    { echo "error: apt could not install libicu-dev" >&2; echo "       Do: install ICU by hand" >&2; exit 5; }
