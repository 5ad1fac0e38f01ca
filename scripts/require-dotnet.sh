# Sourced by train.sh and test.sh: stops with a clear message where the .NET 10 SDK is missing.
if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
    echo "error: the .NET 10 SDK is not installed. Found: $(command -v dotnet >/dev/null && dotnet --list-sdks | tr '\n' ' ' || echo 'no dotnet on PATH')." >&2
    echo "       Do: install it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this script again." >&2
    exit 5
fi
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
