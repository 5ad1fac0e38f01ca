#!/usr/bin/env bash
# Sets up, builds and runs every test; ends with one line: N passed, N failed, N skipped.
# Arguments are the test projects to run, for example: ./test.sh Data Model. None means all.
set -uo pipefail
cd "$(dirname "$0")"
. scripts/require-dotnet.sh

# Tests run under mpiexec of Open MPI and of MPICH. Where they cannot be had those tests fail and name what is missing.
scripts/install-mpi.sh --with-mpich artifacts/mpich || echo "warning: the tests that need MPI will fail"
scripts/network-namespaces.sh --install || echo "warning: the tests of several hosts will fail"
scripts/install-peers.sh || echo "warning: the tests that compare with other programs will fail"
scripts/install-icu.sh || echo "warning: the tests of cultures will fail"
scripts/install-faketime.sh || echo "warning: the tests of the clock will fail"

passed=0 failed=0 skipped=0 limit=30m
finish() { echo "$passed passed, $failed failed, $skipped skipped"; [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; exit; }

# One compiler for all projects: three times as fast as one for each, where the environment switches it off. It leaves with the build.
if ! dotnet build SparkTrain.sln --configuration Release -property:UseSharedCompilation=true --verbosity quiet -nologo -consoleLoggerParameters:NoSummary; then
    echo "the build failed"
    failed=1
    finish
fi
dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1

for project in tests/*.Tests; do
    name=$(basename "$project" .Tests)
    if [ $# -gt 0 ] && [[ ! " $* " == *" $name "* ]]; then continue; fi
    echo "== $name"
    log=$(mktemp)
    # A test that takes long is named; a project that hangs is ended. A suite that is started in the background must not pass on that it ignores SIGINT.
    timeout --kill-after=60 "$limit" env --default-signal=INT,QUIT dotnet "$project/bin/Release/net10.0/$name.Tests.dll" -noColor -longRunning 240 2>&1 </dev/null | tee "$log" | grep -vE '^ *(Discover|Start|Finish)'
    status=${PIPESTATUS[0]}
    summary=$(grep -E "^ +$name.Tests +Total: " "$log" | tail -1)
    count() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
    total=$(count Total) errors=$(count Errors) fails=$(count Failed) skips=$(count Skipped)
    rm -f "$log"
    if [ -z "$total" ] || [ "$total" -eq 0 ]; then
        echo "$name: no test was run (exit status $status)"
        failed=$((failed + 1))
        continue
    fi
    bad=$((errors + fails))
    if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then
        echo "$name: the test process ended with exit status $status"
        bad=1
    fi
    passed=$((passed + total - fails - skips)) failed=$((failed + bad)) skipped=$((skipped + skips))
done
finish
