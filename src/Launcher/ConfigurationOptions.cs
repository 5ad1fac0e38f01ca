using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher;

/// <summary>The options <c>--config FILE</c> and <c>--set A.B=v</c>, which every verb that reads a configuration shares.</summary>
internal sealed class ConfigurationOptions
{
    private readonly Option<string> config = new("--config")
    {
        HelpName = "FILE",
        Description = "The configuration: a path, or the name of a shipped one.",
    };

    private readonly Option<string[]> set = new("--set")
    {
        HelpName = "A.B=v",
        Description = "Overrides one key; may be repeated.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    /// <summary>Adds the two options to a verb.</summary>
    public ConfigurationOptions(Command command, bool isRequired = true)
    {
        config.Required = isRequired;
        config.CompletionSources.Add(_ => ConfigurationFile.Shipped(ShippedFolder));
        set.CompletionSources.Add(_ => ConfigurationReference.Keys<TrainConfig>().Select(key => key + "="));
        command.Options.Add(config);
        command.Options.Add(set);
    }

    /// <summary>The folder of the shipped configurations, beside Launcher.dll.</summary>
    public static string ShippedFolder => Path.Combine(AppContext.BaseDirectory, "configs");

    /// <summary>True where keys are overridden.</summary>
    public bool HasOverrides(ParseResult arguments) => arguments.GetValue(set)!.Length > 0;

    /// <summary>True where a configuration is named.</summary>
    public bool IsGiven(ParseResult arguments) => arguments.GetValue(config) is not null;

    /// <summary>Loads what the arguments ask for.</summary>
    /// <exception cref="ConfigurationException">No such file, or it or an override is wrong.</exception>
    public ResolvedConfiguration<TrainConfig> Load(ParseResult arguments) =>
        StrictConfiguration.Load<TrainConfig>(ConfigurationFile.Find(arguments.GetValue(config)!, ShippedFolder), arguments.GetValue(set)!);

    /// <summary>The arguments that give another process of this program the same configuration.</summary>
    /// <exception cref="ConfigurationException">There is no such file.</exception>
    public IReadOnlyList<string> Arguments(ParseResult arguments) =>
        [config.Name, ConfigurationFile.Find(arguments.GetValue(config)!, ShippedFolder), .. arguments.GetValue(set)!.SelectMany(value => (string[])[set.Name, value])];
}
