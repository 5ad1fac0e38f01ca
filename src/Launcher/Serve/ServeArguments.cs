using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SparkTrain.Configuration;
using SparkTrain.Serving;

namespace SparkTrain.Launcher.Serve;

/// <summary>The options of the command line that say where a server listens and what it takes on.</summary>
internal sealed class ServeArguments
{
    private static readonly ServingOptions Default = new();

    // Options of the records that are called differently here.
    private static readonly Dictionary<string, string> Names = new() { [nameof(ServingOptions.MaxBodyBytes)] = "--max-body", [nameof(ServingOptions.AllowedOrigins)] = "--allow-origin" };

    private readonly Option<string?> listen = new("--listen") { HelpName = "ADDRESS[:PORT]", Description = $"Where to listen. Default: 127.0.0.1:{ServingOptions.DefaultPort}; anything but loopback needs a token." };
    private readonly Option<int?> port = new("--port") { HelpName = "N", Description = "The port alone; 0 takes a free one and prints it." };
    private readonly Option<string?> tokenFile = new("--token-file") { HelpName = "FILE", Description = $"A file with the token that clients must show (Authorization: Bearer …); or set {ServeToken.Variable}." };

    private readonly Option<string[]> allowOrigin = new("--allow-origin")
    {
        HelpName = "ORIGIN", Description = "Let pages of this origin send requests from a browser; may be repeated.", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false, DefaultValueFactory = _ => [],
    };

    private readonly Option<int> maxSequences = new("--max-sequences") { HelpName = "N", Description = "Continuations side by side.", DefaultValueFactory = _ => Default.Scheduler.MaxSequences };
    private readonly Option<int> queue = new("--queue") { HelpName = "N", Description = "Prompts that may wait for a place; more are refused with 429.", DefaultValueFactory = _ => Default.Scheduler.Queue };
    private readonly Option<long?> cacheTokens = new("--cache-tokens") { HelpName = "N", Description = $"Tokens for whose keys and values there is room, over all continuations. Default: {Default.Scheduler.CacheTokens}, or the model's length where that is more." };
    private readonly Option<int> stepTokens = new("--step-tokens") { HelpName = "N", Description = "Tokens that pass through the model at a time: one of each continuation, and pieces of prompts.", DefaultValueFactory = _ => Default.Scheduler.StepTokens };
    private readonly Option<int> maxBody = new("--max-body") { HelpName = "BYTES", Description = "Longest request.", DefaultValueFactory = _ => Default.MaxBodyBytes };
    private readonly Option<int> readerSeconds = new("--reader-seconds") { HelpName = "N", Description = "End a stream whose client takes nothing for so long.", DefaultValueFactory = _ => Default.Scheduler.ReaderSeconds };

    private readonly Option<int> connections = new("--connections-per-address") { HelpName = "N", Description = "Connections that one address may have open at a time; further ones are refused with 429.", DefaultValueFactory = _ => Default.ConnectionsPerAddress };

    /// <summary>Adds the options to a verb.</summary>
    public ServeArguments(Command command)
    {
        foreach (var option in (Option[])[listen, port, tokenFile, allowOrigin, maxSequences, queue, cacheTokens, stepTokens, maxBody, readerSeconds, connections]) command.Options.Add(option);
    }

    /// <summary>Reads what the arguments ask for.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="token">The environment variable that may hold the token; null for none.</param>
    /// <exception cref="ConfigurationException">A value is out of range, or there is no token where there must be one.</exception>
    public ServingOptions Read(ParseResult arguments, string? token)
    {
        var endpoint = ListenEndpoint.Parse(arguments.GetValue(listen), arguments.GetValue(port), ServingOptions.DefaultPort);
        var options = new ServingOptions
        {
            Listen = endpoint, Token = ServeToken.Find(arguments.GetValue(tokenFile), token, endpoint), AllowedOrigins = arguments.GetValue(allowOrigin)!, MaxBodyBytes = arguments.GetValue(maxBody),
            ConnectionsPerAddress = arguments.GetValue(connections),
            Scheduler = new()
            {
                MaxSequences = arguments.GetValue(maxSequences), Queue = arguments.GetValue(queue), CacheTokens = arguments.GetValue(cacheTokens) ?? Default.Scheduler.CacheTokens,
                StepTokens = arguments.GetValue(stepTokens), ReaderSeconds = arguments.GetValue(readerSeconds),
            },
        };
        if (options.FirstOutOfRange() is not var (option, found, expected)) return options;
        throw new ConfigurationException(Names.GetValueOrDefault(option, "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(option)), string.Create(CultureInfo.InvariantCulture, $"it is {found}"), expected, "correct it");
    }

    /// <summary>Gives a model room for a request of its whole length, where the arguments say nothing of the room.</summary>
    public ServingOptions For(ServingOptions options, int modelLength, ParseResult arguments) =>
        arguments.GetValue(cacheTokens) is null ? options with { Scheduler = options.Scheduler with { CacheTokens = Math.Max(options.Scheduler.CacheTokens, modelLength) } } : options;
}
