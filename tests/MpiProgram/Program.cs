using SparkTrain.Distributed;
using SparkTrain.MpiProgram;

// What one rank does in the tests of the MPI binding; Distributed.Tests starts it under mpiexec of both flavours.
var launcher = LauncherEnvironment.Detect(Environment.GetEnvironmentVariable) ?? throw new InvalidOperationException("start me with mpiexec");
try
{
    switch (args)
    {
        case ["binding"]: BindingChecks.Run(launcher); break;
        case ["collectives"]: CollectivesChecks.Run(launcher); break;
        case ["sequence"]: JobChecks.Sequence(launcher); break;
        case ["without-room"]: JobChecks.WithoutRoom(launcher); break;
        case ["messages"]: JobChecks.Messages(launcher); break;
        case ["join"]: JobChecks.Join(launcher); break;
        case ["abort", var code]: JobChecks.Abort(launcher, int.Parse(code, System.Globalization.CultureInfo.InvariantCulture)); break;
        default: throw new ArgumentException($"unknown: {string.Join(' ', args)}");
    }
    Say($"rank {launcher.Rank} of {launcher.WorldSize}: all is well");
    return 0;
}
catch (DistributedException e)
{
    Say(e.Message);
    return 5;
}
catch (CheckFailedException e)
{
    Say(e.Message);
    return 1;
}

// One write a message, so that those of ranks do not mix.
static void Say(string message)
{
    Console.Out.Write(message + "\n");
    Console.Out.Flush();
}
