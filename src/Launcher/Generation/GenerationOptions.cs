using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SparkTrain.Configuration;

namespace SparkTrain.Launcher.Generation;

/// <summary>The options of the command line that say how prompts are continued.</summary>
internal sealed class GenerationOptions
{
    private static readonly GenerationSettings Default = new();

    private readonly Option<int> maxTokens = new("--max-tokens") { HelpName = "N", Description = "Tokens to generate at most.", DefaultValueFactory = _ => Default.MaxTokens };

    private readonly Option<string[]> stop = new("--stop")
    {
        HelpName = "TEXT", Description = "End before this text; may be repeated.", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false, DefaultValueFactory = _ => [],
    };

    private readonly RealOption repetitionPenalty = new("--repetition-penalty")
    {
        HelpName = "X", Description = "Make tokens that came before less likely; 1 does not.", DefaultValueFactory = _ => Default.Sampling.RepetitionPenalty,
    };

    private readonly RealOption temperature = new("--temperature")
    {
        HelpName = "T", Description = "Randomness; 0 always takes the most probable token.", DefaultValueFactory = _ => Default.Sampling.Temperature,
    };

    private readonly Option<int> topK = new("--top-k") { HelpName = "K", Description = "Draw from the K most probable tokens; 0 from all.", DefaultValueFactory = _ => Default.Sampling.TopK };

    private readonly RealOption topP = new("--top-p")
    {
        HelpName = "P", Description = "Draw from the most probable tokens that together reach P.", DefaultValueFactory = _ => Default.Sampling.TopP,
    };

    private readonly RealOption minP = new("--min-p")
    {
        HelpName = "P", Description = "Draw from tokens at least P times as probable as the most probable one.", DefaultValueFactory = _ => Default.Sampling.MinP,
    };

    private readonly Option<long> seed = new("--seed") { HelpName = "N", Description = "Seed of the draws.", DefaultValueFactory = _ => Default.Sampling.Seed };

    /// <summary>Adds the options to a verb.</summary>
    public GenerationOptions(Command command)
    {
        foreach (var option in (Option[])[maxTokens, stop, repetitionPenalty, temperature, topK, topP, minP, seed]) command.Options.Add(option);
    }

    /// <summary>Reads what the arguments ask for.</summary>
    /// <exception cref="ConfigurationException">A value is out of range.</exception>
    public GenerationSettings Read(ParseResult arguments)
    {
        var settings = new GenerationSettings
        {
            MaxTokens = arguments.GetValue(maxTokens), Stop = arguments.GetValue(stop)!,
            Sampling = new()
            {
                RepetitionPenalty = arguments.GetValue(repetitionPenalty), Temperature = arguments.GetValue(temperature), TopK = arguments.GetValue(topK),
                TopP = arguments.GetValue(topP), MinP = arguments.GetValue(minP), Seed = arguments.GetValue(seed),
            },
        };
        if (settings.FirstOutOfRange() is not var (setting, found, expected)) return settings;
        throw new ConfigurationException("--" + JsonNamingPolicy.KebabCaseLower.ConvertName(setting), string.Create(CultureInfo.InvariantCulture, $"it is {found}"), expected, "correct it");
    }
}
