using System.CommandLine;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Dashboard;
using SparkTrain.Http;
using SparkTrain.Input;
using SparkTrain.Launcher.Runs;
using SparkTrain.Launcher.Watching;
using SparkTrain.Native;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>runs</c>: lists, shows, compares and watches runs, and sends what a server has not taken. Loads no tensors.</summary>
internal static class RunsCommand
{
    private static readonly TimeSpan TopPeriod = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal)
    {
        var command = new Command("runs", "List, show, compare and watch runs; send their events.");
        foreach (var verb in (Command[])[List(terminal), Show(terminal), Diff(terminal), Top(terminal), Sync(terminal), Serve(terminal)]) command.Subcommands.Add(verb);
        return command;
    }

    private static Command List(Terminal terminal)
    {
        var command = new Command("ls", "List the runs of a folder, the one that was logged last first.");
        var folder = new Argument<string>("FOLDER") { Description = "The folder that holds runs.", DefaultValueFactory = _ => "runs" };
        var format = FormatOption("A table, or a JSON object a line.");
        command.Arguments.Add(folder);
        command.Options.Add(format);
        command.SetAction(arguments =>
        {
            var runs = RunEntry.ReadAll(arguments.GetValue(folder)!, problem => Warn(problem, terminal));
            if (arguments.GetValue(format) == "json") RunTable.WriteJson(runs, terminal.Out);
            else RunTable.Write(runs, DateTime.UtcNow, terminal.Out);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show(Terminal terminal)
    {
        var command = new Command("show", "Show how far a run is, its curves, and the sparsity of every layer.");
        var run = RunArgument();
        var format = FormatOption("A page, or the JSON object that ls prints of the run.");
        command.Arguments.Add(run);
        command.Options.Add(format);
        command.SetAction(arguments =>
        {
            var read = RunEntry.Read(arguments.GetValue(run)!, problem => Warn(problem, terminal));
            if (arguments.GetValue(format) == "json") RunTable.WriteJson([read], terminal.Out);
            else foreach (string line in RunPage.Lines(read, DateTime.UtcNow, terminal.IsLive ? Math.Max(40, Console.WindowWidth) : 100, int.MaxValue, problem => Warn(problem, terminal))) terminal.Out.WriteLine(line);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Diff(Terminal terminal)
    {
        var command = new Command("diff", "Show in what two runs differ: their configurations key by key, and what came of them.");
        var (first, second) = (RunArgument("FIRST"), RunArgument("SECOND"));
        command.Arguments.Add(first);
        command.Arguments.Add(second);
        var format = FormatOption("A table, or a JSON object: the keys that differ, each with both values.");
        command.Options.Add(format);
        command.SetAction(arguments =>
        {
            RunEntry a = ReadToCompare(arguments.GetValue(first)!, terminal), b = ReadToCompare(arguments.GetValue(second)!, terminal);
            if (arguments.GetValue(format) == "json") RunDiff.WriteJson(a, b, terminal.Out);
            else RunDiff.Write(a, b, terminal.Out);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Top(Terminal terminal)
    {
        var command = new Command("top", "Watch a run: its page, drawn again every second. Where the output is no terminal, once.");
        var run = RunArgument();
        command.Arguments.Add(run);
        command.SetAction(arguments =>
        {
            string folder = arguments.GetValue(run)!;
            // Said before the screen is cleared.
            RunEntry.Read(folder, terminal.IsLive ? _ => { } : problem => Warn(problem, terminal));
            using var stop = new CancellationTokenSource();
            using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, context =>
            {
                context.Cancel = true;
                stop.Cancel();
            });
            new TopView(terminal, folder).Run(TopPeriod, stop.Token);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Sync(Terminal terminal)
    {
        var command = new Command("sync", "Send the events of a run that a server has not taken yet; what comes twice counts once.");
        var run = RunArgument();
        var url = new Option<string>("--url") { HelpName = "URL", Description = "What receives batches, such as http://127.0.0.1:8090/api/events; Logging.Http.Url of the run where not given." };
        var tokenFile = new Option<string?>("--token-file") { HelpName = "FILE", Description = $"A file with the token that the receiver asks for; {Shipping.TokenVariable} where not given." };
        command.Arguments.Add(run);
        foreach (var option in (Option[])[url, tokenFile]) command.Options.Add(option);
        command.SetAction((arguments, stop) => SyncAsync(RunEntry.Read(arguments.GetValue(run)!, problem => Warn(problem, terminal)), arguments.GetValue(url), arguments.GetValue(tokenFile), terminal, stop));
        return command;
    }

    private static Command Serve(Terminal terminal)
    {
        var command = new Command("serve", "Show the runs of a folder in a browser, while they train and afterwards; take events that other machines send.");
        var folder = new Argument<string>("FOLDER") { Description = "The folder that holds runs.", DefaultValueFactory = _ => "runs" };
        var address = new Option<string>("--listen") { HelpName = "ADDRESS:PORT", Description = "Where to listen. Other than loopback addresses need a token.", DefaultValueFactory = _ => $"127.0.0.1:{DashboardOptions.DefaultPort}" };
        var database = new Option<string?>("--database") { HelpName = "FILE", Description = "Where events are kept; dashboard.db in the folder where not given." };
        var tokenFile = new Option<string?>("--token-file") { HelpName = "FILE", Description = $"A file with the token that senders and readers must show; {Shipping.TokenVariable} where not given." };
        var connections = new Option<int>("--connections-per-address") { HelpName = "N", Description = "Connections that one address may have open at a time.", DefaultValueFactory = _ => WebServerOptions.DefaultConnectionsPerAddress };
        command.Arguments.Add(folder);
        foreach (var option in (Option[])[address, database, tokenFile, connections]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            string runs = arguments.GetValue(folder)!, listen = arguments.GetValue(address)!;
            if (!Directory.Exists(runs)) throw new CheckpointException(runs, "there is no such folder", "a folder that holds runs", "check the path; runs are in Run.Folder of their configuration, runs/ where it says nothing");
            if (!System.Net.IPEndPoint.TryParse(listen, out var endpoint)) throw new ConfigurationException("--listen", $"it is \"{listen}\"", $"ADDRESS:PORT, such as 127.0.0.1:{DashboardOptions.DefaultPort}", "correct it");
            string? token = Shipping.Token(arguments.GetValue(tokenFile), "--token-file");
            if (token is not null && AccessToken.Problem(token) is { } problem) throw new ConfigurationException("--token-file", $"the token cannot be used: {problem}", $"at least {AccessToken.MinLength} visible ASCII characters", "make one by `openssl rand -hex 32`");
            using var stop = new StopSignals(terminal, "leaving");
            return ServeAsync(runs, new() { Address = endpoint, Database = arguments.GetValue(database) ?? Path.Combine(runs, DashboardOptions.DefaultDatabase), Token = token is null ? null : new(token), ConnectionsPerAddress = arguments.GetValue(connections), Log = terminal.Error.WriteLine }, terminal, stop.Token).GetAwaiter().GetResult();
        });
        return command;
    }

    private static async Task<int> ServeAsync(string folder, DashboardOptions options, Terminal terminal, CancellationToken stop)
    {
        try
        {
            options.Require();
        }
        catch (DashboardException e)
        {
            throw new ConfigurationException(e.Where, e.Found, e.Expected, e.Remedy);
        }
        try
        {
            await using var server = await DashboardServer.StartAsync(options);
            terminal.Out.WriteLine($"{server.Address}{(options.Token is null ? "" : "#token=… (that of --token-file)")} | the runs in {folder}");
            await new RunsFeed(server, folder, terminal).RunAsync(stop);
            return ExitCodes.Done;
        }
        catch (DashboardException e)
        {
            throw new EnvironmentException(e.Where, e.Found.TrimEnd('.'), e.Expected, e.Remedy, e);
        }
    }

    private static async Task<int> SyncAsync(RunEntry run, string? url, string? tokenFile, Terminal terminal, CancellationToken stop)
    {
        url ??= (run.Config["Logging"] is JsonObject { } logging && logging["Http"] is JsonObject http && http["Url"] is JsonValue value && value.TryGetValue(out string? text) ? text : null)
            ?? throw new ConfigurationException("--url", $"it is missing, and {run.Path} was trained without Logging.Http.Url", "what receives the events", "give --url, such as http://127.0.0.1:8090/api/events");
        var target = Shipping.Url(url, "--url", "--token-file");
        string journal = RunFolder.At(run.Path).Events;
        if (!File.Exists(journal)) throw new CheckpointException(journal, "the run has no events", "a run of this version or a later one", "train the run on, or choose another");
        using var sender = new EventSender(journal, new(target, Shipping.Token(tokenFile, "--token-file")));
        try
        {
            while (await sender.SendNextAsync(stop))
            {
            }
        }
        catch (HttpRequestException e)
        {
            throw new EnvironmentException(url, $"{e.Reason()}, after {sender.Sent} events", "a server that takes batches of Serilog.Sinks.Http", "start it, check the address and the token, and run the same command again: it goes on where it stopped", e);
        }
        terminal.Out.WriteLine(FormattableString.Invariant($"{run.Name}: {sender.Sent} events sent to {url}{(sender.Refused > 0 ? $", {sender.Refused} refused (events.refused.jsonl)" : "")}"));
        return ExitCodes.Done;
    }

    private static void Warn(CheckpointException problem, Terminal terminal) => terminal.Error.WriteLine($"warning: {problem.Message}");

    // Against a configuration that cannot be read every key would differ.
    private static RunEntry ReadToCompare(string folder, Terminal terminal) => RunEntry.Read(folder, problem =>
    {
        if (Path.GetFileName(problem.Where) == Path.GetFileName(RunFolder.At(folder).ConfigFile)) throw problem;
        Warn(problem, terminal);
    });

    private static Option<string> FormatOption(string description)
    {
        var format = new Option<string>("--format") { HelpName = "text|json", Description = description, DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        return format;
    }

    private static Argument<string> RunArgument(string name = "RUN") => new(name) { Description = "A run's folder, such as runs/spark-tiny." };
}
