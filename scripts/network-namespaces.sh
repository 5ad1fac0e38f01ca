#!/usr/bin/env bash
# Runs a program on ranks of several "hosts" that are network namespaces of this machine, each with a name, an address and a link of its own to one bridge.
#   scripts/network-namespaces.sh [--hosts 2] [--ranks 1] [--rate 1gbit] [--delay 50us] [--prefix nsN] [--once] -- PROGRAM ARGUMENT…
#   scripts/network-namespaces.sh --install      brings iproute2 where it is missing, by apt as root
# PROGRAM is started once per rank by Open MPI's mpiexec, from the first host; what it ends with, this script ends with. --ranks are those of one host.
# With --once it is started once, on the first host, and starts ranks itself: HOSTFILE names the file with the hosts, and Open MPI's settings are in the environment.
# --rate (as tc writes it) is the speed of each link in both directions, --delay what it takes a packet to pass it; without them links are as fast as memory.
# Host n is the namespace PREFIX-n, its link PREFIX-n there and PREFIX-bn at the bridge, which is in the namespace PREFIX-net. While it runs, from elsewhere:
#   ip -n PREFIX-net link set PREFIX-b2 down     a partition: host 2 is cut off
#   ip netns pids PREFIX-2 | xargs kill -9       host 2 dies
# Afterwards, however it ends, all processes in the namespaces are ended and the namespaces are removed. Needs root, iproute2 and Open MPI; nobody else's network is touched.
set -euo pipefail

usage() { echo "usage: $0 [--hosts N] [--ranks N] [--rate RATE] [--delay TIME] [--prefix NAME] [--once] -- PROGRAM ARGUMENT…" >&2; exit 2; }

fail() {
    echo "error: $1" >&2
    echo "       Do: $2" >&2
    exit 5
}

if [ "${1-}" = --install ]; then
    command -v tc >/dev/null && exit
    export DEBIAN_FRONTEND=noninteractive
    # A fresh container has no package lists: the first attempt fails there.
    apt-get -qq install --yes --no-install-recommends iproute2 >/dev/null 2>&1 ||
        { apt-get -qq update >/dev/null && apt-get -qq install --yes --no-install-recommends iproute2 >/dev/null; } ||
        fail "apt could not install iproute2" "install it by hand: it has the programs ip and tc"
    exit
fi

hosts=2 ranks=1 once='' rate='' delay='' prefix=ns$$
while [ $# -gt 0 ]; do
    case "$1" in
        --hosts) hosts=${2-}; shift 2 ;;
        --ranks) ranks=${2-}; shift 2 ;;
        --rate) rate=${2-}; shift 2 ;;
        --delay) delay=${2-}; shift 2 ;;
        --prefix) prefix=${2-}; shift 2 ;;
        --once) once=yes; shift ;;
        --) shift; break ;;
        *) usage ;;
    esac
done
[[ $# -gt 0 && $hosts =~ ^[1-9][0-9]?$ && $ranks =~ ^[1-9][0-9]?$ && $prefix =~ ^[a-z0-9]{1,10}$ ]] || usage

[ "$(id -u)" -eq 0 ] || fail "network namespaces need root" "run as root"
for program in ip tc; do
    command -v $program >/dev/null || fail "there is no program '$program'" "install iproute2 (Debian, Ubuntu: apt install iproute2)"
done
mpiexec --version 2>/dev/null | grep -q "Open MPI\|Open RTE\|OpenRTE" || fail "mpiexec is not there, or not Open MPI's" "scripts/install-mpi.sh installs it"

work=$(mktemp -d)
clean() {
    trap '' INT TERM HUP
    for ((n = 1; n <= hosts; n++)); do
        # What is killed may have started others in the meantime.
        for _ in 1 2 3; do ip netns pids "$prefix-$n" 2>/dev/null | xargs -r kill -9 2>/dev/null || true; done
        ip netns delete "$prefix-$n" 2>/dev/null || true
    done
    # The bridge is in a namespace too: it must not meet this machine's addresses.
    ip netns delete "$prefix-net" 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

made() { "$@" || fail "this system refuses: $*" "run where network namespaces can be made: on a machine, or in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN"; }

made ip netns add "$prefix-net"
made ip -n "$prefix-net" link add bridge type bridge
made ip -n "$prefix-net" link set bridge up
# A bucket of packets of about 1 ms at 10 Gbit/s; what waits longer than 100 ms is dropped.
shape() {
    [ -z "$rate" ] || made tc -n "$1" qdisc add dev "$2" root handle 1: tbf rate "$rate" burst 1mb latency 100ms
    [ -z "$delay" ] || made tc -n "$1" qdisc add dev "$2" ${rate:+parent 1:} ${rate:-root} handle 2: netem delay "$delay" limit 100000
}
for ((n = 1; n <= hosts; n++)); do
    host=$prefix-$n
    made ip netns add "$host"
    made ip -n "$prefix-net" link add "$prefix-b$n" type veth peer name "$host" netns "$host"
    made ip -n "$prefix-net" link set "$prefix-b$n" master bridge up
    made ip -n "$host" addr add "10.213.0.$n/24" dev "$host"
    made ip -n "$host" link set "$host" up
    made ip -n "$host" link set lo up
    shape "$host" "$host"
    shape "$prefix-net" "$prefix-b$n"
    echo "10.213.0.$n $host" >>"$work/hosts"
    echo "$host slots=$ranks" >>"$work/hostfile"
done

# mpiexec asks this program to start its daemon on another host, as it would ask ssh. Open MPI takes two hosts of one name for one machine; names resolve by a
# file that only these processes see. A shell in between keeps the host's name for what it starts.
cat >"$work/on-host" <<'AGENT'
#!/usr/bin/env bash
host=$1
shift
export AGENT_HOST=$host AGENT_COMMAND="$*"
exec ip netns exec "$host" unshare --uts --mount sh -c 'hostname "$AGENT_HOST" && mount --bind "$AGENT_HOSTS" /etc/hosts && exec sh -c "$AGENT_COMMAND"'
AGENT
chmod +x "$work/on-host"
{ cat /etc/hosts; cat "$work/hosts"; } >"$work/etc-hosts"
export AGENT_HOSTS=$work/etc-hosts TERM=dumb OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

export HOSTFILE=$work/hostfile OMPI_MCA_plm_rsh_agent=$work/on-host OMPI_MCA_pml=ob1 OMPI_MCA_btl=vader,tcp,self
export OMPI_MCA_btl_tcp_if_include=10.213.0.0/24 OMPI_MCA_oob_tcp_if_include=10.213.0.0/24

command=()
[ -n "$once" ] || command=(mpiexec --hostfile "$HOSTFILE" --map-by "ppr:$ranks:node" --bind-to none -x TERM -x AGENT_HOSTS)
status=0
# In the background, so that signals to this script are heard at once.
"$work/on-host" "$prefix-1" "$(printf '%q ' ${command[@]+"${command[@]}"} "$@")" &
wait $! || status=$?
exit $status
