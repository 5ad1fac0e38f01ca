using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Data;

/// <summary>One data set of several that a run mixes.</summary>
public sealed record DataSourceConfig : IValidatableObject
{
    /// <summary>What metrics call it.</summary>
    [RegularExpression(@"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", ErrorMessage = "must be 1 to 100 letters, digits, dots, dashes or underscores, beginning with a letter or digit.")]
    public required string Name { get; init; }

    /// <summary>Folder of the data set that `prepare` wrote, relative to the working directory.</summary>
    [Required(AllowEmptyStrings = false)]
    public required string Folder { get; init; }

    /// <summary>Its share of the samples, against the weights of the others.</summary>
    [Range(0.0, 1e9)]
    public double Weight { get; init; } = 1;

    /// <summary>How often it may be read through; then the others share its place. Null sets no limit.</summary>
    [Range(0.0, 1e6)]
    public double? MaxEpochs { get; init; }

    /// <summary>Other weights later in the run.</summary>
    public IReadOnlyList<WeightChange> Changes { get; init; } = [];

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Changes.Zip(Changes.Skip(1)).Any(pair => pair.First.AfterTokens >= pair.Second.AfterTokens))
            yield return new("must be in the order of AfterTokens, each greater than the one before.", [nameof(Changes)]);
    }

    internal double WeightAt(long tokens) => Changes.LastOrDefault(change => change.AfterTokens <= tokens)?.Weight ?? Weight;
}

/// <summary>A weight that holds from some point of the run on.</summary>
public sealed record WeightChange
{
    /// <summary>Tokens of the run, all data sets together, after which it holds.</summary>
    [Range(0L, 1_000_000_000_000_000L)]
    public required long AfterTokens { get; init; }

    /// <summary>The weight.</summary>
    [Range(0.0, 1e9)]
    public required double Weight { get; init; }
}
