using System.ComponentModel.DataAnnotations;
using SparkTrain.Input;

namespace SparkTrain.Configuration.Tests;

/// <summary>A small run.</summary>
public sealed record SampleConfig : IValidatableObject
{
    /// <summary>Name of the run.</summary>
    [RegularExpression("[a-z0-9-]+")]
    public string Name { get; init; } = "run";

    /// <summary>The shape.</summary>
    public required ShapeConfig Shape { get; init; }

    /// <summary>The steps.</summary>
    public StepsConfig Steps { get; init; } = new();

    /// <summary>Sources of text; the first is the main one.</summary>
    public IReadOnlyList<SourceConfig> Sources { get; init; } = [];

    /// <summary>Removal of layers, or null for none.</summary>
    public RemovalConfig? Removal { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Shape.Width * 2 < Steps.Batch)
            yield return new($"is {Steps.Batch}; must be at most twice Shape.Width = {Shape.Width}.", ["Steps.Batch"]);
    }
}

/// <summary>The shape of the thing.</summary>
public sealed record ShapeConfig : IValidatableObject
{
    /// <summary>Width, in units.</summary>
    [Range(1, 4096)]
    public required int Width { get; init; }

    /// <summary>Which colour.</summary>
    public required Colour Colour { get; init; }

    /// <summary>One colour per layer; replaces <see cref="Colour"/>.</summary>
    [MaxLength(4)]
    public IReadOnlyList<Colour> Layers { get; init; } = [];

    /// <summary>Softness c; null means none.</summary>
    [Range(1e-3, 1e6)]
    public double? Softcap { get; init; } = 30.0;

    /// <summary>Computed, so not a key.</summary>
    public int Area => Width * Width;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Layers.Count == 1) yield return new("has 1 entry; must have none or several.", [nameof(Layers)]);
        if (Width == 13) yield return new("has an unlucky width.");
    }
}

/// <summary>The steps of the run.</summary>
public sealed record StepsConfig
{
    /// <summary>Sequences per step.</summary>
    [Range(1, 65536)]
    public int Batch { get; init; } = 4;

    /// <summary>Tokens of the whole run.</summary>
    [Range(0, long.MaxValue)]
    public long Tokens { get; init; } = 1_000_000;

    /// <summary>Peak learning rate.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true), FormerKey("LearningRate")]
    public double Lr { get; init; } = 3e-4;

    /// <summary>True to keep everything.</summary>
    public bool Keep { get; init; } = true;

    /// <summary>A remark, or null.</summary>
    public string? Remark { get; init; }

    /// <summary>Steps at which to stop and look.</summary>
    [Range(0, 1000)]
    public IReadOnlyList<int> Stops { get; init; } = [1, 2];
}

/// <summary>One source of text.</summary>
public sealed record SourceConfig
{
    /// <summary>Path of the folder.</summary>
    public required string Path { get; init; }

    /// <summary>Share of this source.</summary>
    [Range(0.0, 1.0)]
    public double Weight { get; init; } = 1;
}

/// <summary>The removal.</summary>
public sealed record RemovalConfig
{
    /// <summary>First step.</summary>
    [Range(0, 1000)]
    public required int From { get; init; }
}

public enum Colour
{
    /// <summary>Like a rose.</summary>
    Red,

    /// <summary>Like a leaf.</summary>
    Green,
}
