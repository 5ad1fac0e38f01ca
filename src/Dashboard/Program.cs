using System.Runtime.InteropServices;
using SparkTrain.Dashboard;
using SparkTrain.Input;

// The exit codes are those of Launcher.dll: 0 done, 2 the command line, 5 the environment.
const int WrongCommand = 2;
const int WrongEnvironment = 5;

ProgramCulture.MakeInvariant();
DashboardOptions? options;
try
{
    options = CommandOptions.Read(args);
}
catch (DashboardException e)
{
    Console.Error.WriteLine("error: " + e.Message);
    return WrongCommand;
}
if (options is null)
{
    Console.WriteLine(CommandOptions.Help);
    return 0;
}

var stop = new TaskCompletionSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    await using var server = await DashboardServer.StartAsync(options);
    Console.WriteLine($"Dashboard: {server.Address}{(options.Token is null ? "" : "#token=… (the secret of --token-file)")}");
    Console.WriteLine($"Database:  {Path.GetFullPath(options.Database)}");
    await stop.Task;
    return 0;
}
catch (DashboardException e)
{
    Console.Error.WriteLine("error: " + e.Message);
    return WrongEnvironment;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}
