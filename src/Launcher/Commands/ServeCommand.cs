using System.CommandLine;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Inference;
using SparkTrain.Input;
using SparkTrain.Launcher.Generation;
using SparkTrain.Launcher.Serve;
using SparkTrain.Native;
using SparkTrain.Serving;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>serve</c>: continues texts for other programs, over HTTP.</summary>
internal static class ServeCommand
{
    private const int DefaultDrainSeconds = 30;

    public static Command Create(Terminal terminal)
    {
        var command = new Command("serve", "Serve a trained model over HTTP, with the interface of OpenAI's completions.");
        var model = ModelOption.Create();
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "What requests call the model; the folder's name where not given." };
        foreach (var option in (Option[])[model, name]) command.Options.Add(option);
        var serving = new ServeArguments(command);
        var drain = new Option<int>("--drain-seconds") { HelpName = "N", Description = "After SIGTERM or Ctrl-C: time for requests that are under way.", DefaultValueFactory = _ => DefaultDrainSeconds };
        var quiet = new Option<bool>("--quiet") { Description = "Show no line for every request." };
        foreach (var option in (Option[])[drain, quiet]) command.Options.Add(option);
        var engine = EngineArguments.SparseOnly(command);
        command.SetAction(arguments =>
        {
            var options = serving.Read(arguments, Environment.GetEnvironmentVariable(ServeToken.Variable));
            var choice = engine.Read(arguments);
            int drainSeconds = arguments.GetValue(drain);
            if (drainSeconds < 0) throw new ConfigurationException(drain.Name, $"it is {drainSeconds}", "0 or more", "correct it");
            string path = arguments.GetValue(model)!;
            // Signals are heard while the model is loaded, too.
            using var stop = new StopSignals(terminal, "finishing what runs");
            var (decoder, tokenizer) = Open(path, choice, terminal);
            using var opened = decoder;
            var served = new ServedModel(arguments.GetValue(name) ?? NameOf(path), decoder, tokenizer, choice.Options.ScreenedTokens > 0);
            return RunAsync(terminal, served, serving.For(options, decoder.Config.MaxSeqLen, arguments), TimeSpan.FromSeconds(drainSeconds), arguments.GetValue(quiet), stop.Token).GetAwaiter().GetResult();
        });
        return command;
    }

    private static (SparseEngine Decoder, ITokenizer Tokenizer) Open(string path, EngineChoice engine, Terminal terminal)
    {
        using var source = ModelSource.Open(path, ModelOption.Skipped(terminal));
        var tokenizer = TokenizerLoader.LoadFor(source.TokenizerFolder, source.Config.VocabSize);
        return (engine.LoadSparse(source), tokenizer);
    }

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    private static async Task<int> RunAsync(Terminal terminal, ServedModel model, ServingOptions options, TimeSpan drain, bool isQuiet, CancellationToken stop)
    {
        await using var log = RunLog.Create(terminal, isQuiet);
        await using var server = await StartAsync(model, options, log);
        var limits = options.Scheduler;
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{server.Address.GetLeftPart(UriPartial.Authority)} | {model.Name} | {limits.MaxSequences} sequences side by side, {limits.Queue} waiting, {limits.CacheTokens:N0} tokens of keys and values"));
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        await stopped.Task;
        await server.StopAsync(drain);
        return ExitCodes.Done;
    }

    private static async Task<CompletionServer> StartAsync(ServedModel model, ServingOptions options, Serilog.ILogger log)
    {
        try
        {
            return await CompletionServer.StartAsync(model, options, log);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            throw new EnvironmentException($"--listen {options.Listen}", e.Reason(), "an address of this machine and a port that is free and that you may use", "choose others by --listen ADDRESS:PORT or --port N; port 0 takes a free one", e);
        }
    }
}
