#!/usr/bin/env bash
# Sets up, builds and runs the main job: pretrains configs/spark-tiny.json on the XML documentation of the installed .NET SDK, then prints a sample.
# Two ranks train under mpiexec; Open MPI is installed where it is missing and that can be done, else one process trains.
# Run it again to go on after an interruption. Arguments are handed to `train`, for example: ./train.sh --set Training.Steps=100
set -euo pipefail
cd "$(dirname "$0")"
. scripts/require-dotnet.sh

if scripts/install-mpi.sh; then
    ranks=2
else
    echo "Training goes on in one process, with the same result up to rounding."
    ranks=1
fi

echo "Building (the first time also downloads libtorch, 130 MB) …"
dotnet build src/Launcher --configuration Release --verbosity quiet -nologo -consoleLoggerParameters:NoSummary
launcher=src/Launcher/bin/Release/net10.0/Launcher.dll

dotnet "$launcher" prepare --source dotnet-docs --tokenizer bpe:4096 --output data/dotnet-docs
dotnet "$launcher" --config spark-tiny.json --ranks "$ranks" "$@"

echo
echo "A sample of the saved checkpoint:"
dotnet "$launcher" generate --model "${SPARKTRAIN_Run__Folder:-runs}/spark-tiny" --prompt "Gets the " --max-tokens 120 --temperature 0.7 --seed 1
