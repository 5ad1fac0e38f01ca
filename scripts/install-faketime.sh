#!/usr/bin/env bash
# Installs faketime, with which tests set the clock of a program back, where it is missing: by apt as root.
set -euo pipefail
command -v faketime >/dev/null && exit
export DEBIAN_FRONTEND=noninteractive
# A fresh container has no package lists: the first attempt fails there.
apt-get -qq install --yes --no-install-recommends faketime >/dev/null 2>&1 ||
    { apt-get -qq update >/dev/null && apt-get -qq install --yes --no-install-recommends faketime >/dev/null; } ||
    { echo "error: apt could not install faketime" >&2; echo "       Do: install it by hand" >&2; exit 5; }
