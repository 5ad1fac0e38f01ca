#!/usr/bin/env bash
# Installs Open MPI where it is missing, by apt as root or with sudo.
#   scripts/install-mpi.sh                    Open MPI
#   scripts/install-mpi.sh --with-mpich DIR   and unpacks MPICH into DIR, for tests: the system's own MPI stays as it is
# Does nothing where everything is there. Ends with 5 and says what to do where it cannot.
set -euo pipefail

mpich=
case "${1-}" in
    "") ;;
    --with-mpich) mpich=${2:?"--with-mpich needs a folder"} ;;
    *) echo "usage: $0 [--with-mpich DIR]" >&2; exit 2 ;;
esac

fail() {
    echo "error: $1" >&2
    echo "       Do: $2" >&2
    exit 5
}

by_hand='install Open MPI 4 or 5: Debian and Ubuntu "apt install openmpi-bin", Fedora "dnf install openmpi", Arch "pacman -S openmpi", clusters "module load openmpi"'

# A fresh container has no package lists: the first attempt fails there, the second one brings them.
apt_get() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >/dev/null 2>&1 && return
    "${root[@]}" apt-get -qq update >/dev/null && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >/dev/null
}

if [ "$(id -u)" -eq 0 ]; then root=(); elif sudo -n true 2>/dev/null; then root=(sudo -n); else root=(false); fi

open_mpi() { { mpiexec.openmpi --version || mpiexec --version; } 2>/dev/null | grep -qiE "open ?mpi|open-mpi"; }

if ! open_mpi; then
    command -v apt-get >/dev/null || fail "Open MPI is missing, and this system has no apt" "$by_hand"
    [ "${root[*]-}" != false ] || fail "Open MPI is missing, and installing it needs root" "$by_hand"
    echo "installing Open MPI" >&2
    apt_get install --yes --no-install-recommends openmpi-bin || fail "apt could not install openmpi-bin" "$by_hand"
    open_mpi || fail "openmpi-bin is installed, but mpiexec is not Open MPI's" "$by_hand"
fi

if [ -n "$mpich" ] && [ ! -e "$mpich/usr/bin/mpiexec.hydra" ]; then
    command -v dpkg >/dev/null && command -v apt-get >/dev/null || fail "MPICH for the tests is unpacked from Debian's packages, and this system has no apt" "run the tests on Debian or Ubuntu"
    echo "unpacking MPICH into $mpich" >&2
    # All that installing it would bring, so that what is there already (UCX, hwloc ...) is used.
    needed() { apt-get --simulate --no-install-recommends install mpich 2>/dev/null | sed -n 's/^Inst \([^ ]*\).*/\1/p'; }
    packages=$(needed) || packages=
    if [ -z "$packages" ] && [ "${root[*]-}" != false ]; then
        "${root[@]}" apt-get -qq update >/dev/null
        packages=$(needed) || packages=
    fi
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # Word splitting makes the list.
    # shellcheck disable=SC2086
    (cd "$work" && apt-get -qq download $(printf '%s\n' mpich libmpich12 $packages | sort -u) >/dev/null 2>&1) ||
        fail "apt could not download MPICH" "check the network and the package sources (apt-get update), and run $0 again"
    mkdir "$work/root"
    for package in "$work"/*.deb; do dpkg --extract "$package" "$work/root"; done
    mkdir -p "$(dirname "$mpich")"
    rm -rf "$mpich"
    mv "$work/root" "$mpich"
fi
