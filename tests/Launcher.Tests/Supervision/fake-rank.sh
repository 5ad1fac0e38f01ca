#!/usr/bin/env bash
# Stands in for a rank in tests of the supervisor: speaks the heartbeat protocol and behaves as told.
# Arguments: the run's folder, then one behaviour for each rank.
run=$1
shift
rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}
behaviour=("$@")
behaviour=${behaviour[$rank]}
step=0 heard=

say() { # phase, call, exit code
    printf '%s\t%s\t%s\t%s\t%s\t%s\t0.0\t%s\n' "$rank" $$ fakehost "$step" "$1" "$2" "$3" >&3
    read -r -n 1 -u 3 || exit 70
    [ -n "$heard" ] || echo "$rank" >>"$run/heard"
    heard=yes
}
leave() { say leaving "" "$1"; exit "$1"; }
checkpoint() { mkdir -p "$run/checkpoints/step-0000000$step"; touch "$run/checkpoints/step-0000000$step/COMPLETE"; }
first_time() { mkdir "$run/tried-$rank" 2>/dev/null; }
train() { for step in $(seq $((step + 1)) "$1"); do say backward "all-reduce"; sleep 0.05; done; }

echo "$rank $behaviour" >>"$run/starts"
case $behaviour in exit-*-unheard) exit "$(cut -d- -f2 <<<"$behaviour")" ;; esac

exec 3<>"/dev/tcp/${SPARKTRAIN_SUPERVISOR%:*}/${SPARKTRAIN_SUPERVISOR##*:}"
echo "$SPARKTRAIN_SUPERVISOR_TOKEN" >&3
trap 'trap "" TERM; checkpoint; leave 75' USR1

case $behaviour in
    done) train 3; leave 0 ;;
    exit-*) train 2; leave "${behaviour#exit-}" ;;
    early-exit-*) say load ""; leave "${behaviour#early-exit-}" ;;
    die-once) train 2; first_time && kill -9 $$; train 4; leave 0 ;;
    die-after-checkpoint) train 2; first_time && { checkpoint; kill -9 $$; }; train 4; leave 0 ;;
    die-always) train 2; kill -9 $$ ;;
    train) while :; do train $((step + 1)); done ;;
    wait) while :; do say load ""; sleep 0.1; done ;;
    # What other ranks do while the one that dies is still alive; with "die-once" it leaves when that does.
    follow) train 20; leave 0 ;;
    stubborn) trap "" USR1 TERM; while :; do train $((step + 1)); done ;;
    stuck) train 2; trap "" TERM; while :; do sleep 0.1; done ;;
    # Ranks leave their launcher's sight, as after a partition: nothing of theirs may stay.
    orphan) setsid bash -c 'while :; do sleep 0.1; done' & train 2; kill -9 $$ ;;
esac
