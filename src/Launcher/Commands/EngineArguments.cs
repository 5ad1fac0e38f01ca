using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Launcher.Generation;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Commands;

/// <summary>The options of the command line that say what computes a model.</summary>
internal sealed class EngineArguments
{
    public const string Torch = "torch", Sparse = "sparse";

    private static readonly Dictionary<string, TensorType> Types = new() { ["f32"] = TensorType.F32, ["bf16"] = TensorType.BF16 };

    private readonly Option<string>? engine;
    private readonly Option<string?> weights = new("--weights") { Description = "What the sparse engine holds weights in; as they are stored where not given." };
    private readonly Option<string?> cache = new("--cache") { Description = "What the sparse engine holds keys and values in; as the weights where not given." };
    private readonly Option<bool> int8Predictor = new("--int8-predictor") { Description = "Hold the FFN's predictor in 8 bits: faster, and some neurons near the threshold change sides." };
    private readonly Option<int> screen = new("--screen") { HelpName = "N", Description = "Compute logits from an 8-bit table first, and the N largest exactly: faster for large vocabularies." };
    private readonly Option<int> threads = ModelOption.Threads();

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="usual">The engine where none is named.</param>
    /// <param name="needsAllLogits">True where the verb asks for all logits, so that none may be approximate.</param>
    public EngineArguments(Command command, string usual, bool needsAllLogits)
        : this(command, Choice(usual), needsAllLogits) { }

    private EngineArguments(Command command, Option<string>? engine, bool needsAllLogits)
    {
        this.engine = engine;
        if (engine is not null) command.Options.Add(engine);
        foreach (var type in (Option<string?>[])[weights, cache]) type.AcceptOnlyFromAmong([.. Types.Keys]);
        foreach (var option in (Option[])[weights, cache, int8Predictor]) command.Options.Add(option);
        if (!needsAllLogits) command.Options.Add(screen);
        command.Options.Add(threads);
    }

    /// <summary>Adds the options of the sparse engine to a verb that has no other.</summary>
    public static EngineArguments SparseOnly(Command command) => new(command, engine: null, needsAllLogits: false);

    /// <summary>Reads what the arguments ask for.</summary>
    /// <exception cref="ConfigurationException">A value is out of range, or the engine has no such option.</exception>
    public EngineChoice Read(ParseResult arguments)
    {
        bool isSparse = engine is null || arguments.GetValue(engine) == Sparse;
        foreach (var option in (Option[])[weights, cache, int8Predictor, screen])
            if (!isSparse && arguments.GetResult(option) is { Implicit: false })
                throw new ConfigurationException(option.Name, $"the engine is {Torch}, which has no such option", $"--engine {Sparse} with it", $"add --engine {Sparse}, or leave {option.Name} out");
        int screened = arguments.GetValue(screen);
        if (screened < 0) throw new ConfigurationException(screen.Name, $"it is {screened}", "0 (all logits exactly) or more", "correct it");
        return new(isSparse, new()
        {
            Threads = arguments.GetValue(threads), Weights = TypeOf(weights), Cache = TypeOf(cache), Int8Predictor = arguments.GetValue(int8Predictor), ScreenedTokens = screened,
        });

        TensorType? TypeOf(Option<string?> option) => arguments.GetValue(option) is { } name ? Types[name] : null;
    }

    private static Option<string> Choice(string usual)
    {
        var engine = new Option<string>("--engine") { Description = "What computes: sparse reads only what the masks keep, on the CPU, without libtorch; torch is what training runs.", DefaultValueFactory = _ => usual };
        engine.AcceptOnlyFromAmong(Torch, Sparse);
        return engine;
    }
}
