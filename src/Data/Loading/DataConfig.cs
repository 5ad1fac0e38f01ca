using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Data;

/// <summary>The data that a run reads.</summary>
public sealed record DataConfig : IValidatableObject
{
    /// <summary>Folder of the data set that `prepare` wrote, relative to the working directory; give this or Sources.</summary>
    [MinLength(1)]
    public string? Folder { get; init; }

    /// <summary>Several data sets that are mixed; give this or Folder.</summary>
    public IReadOnlyList<DataSourceConfig> Sources { get; init; } = [];

    /// <summary>How documents become samples: Concatenate or BestFit.</summary>
    public Packing Packing { get; init; }

    /// <summary>With BestFit: whether documents longer than SeqLen + 1 tokens are cut or left out.</summary>
    public LongDocuments LongDocuments { get; init; }

    /// <summary>True keeps attention inside each document; false treats every sample as one document.</summary>
    public bool MaskDocuments { get; init; } = true;

    /// <summary>Batches that are read ahead while the step computes.</summary>
    [Range(1, 1024)]
    public int PrefetchBatches { get; init; } = 4;

    /// <summary>Memory for decoded row groups of each rank and data set, in MiB; shuffling reads each row group about once from 64 upwards.</summary>
    [Range(1, 1_048_576)]
    public int CacheMegabytes { get; init; } = 128;

    /// <summary>The data sets, whichever way they are given.</summary>
    public IReadOnlyList<DataSourceConfig> AllSources() => Folder is { } folder ? [new() { Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), Folder = folder }] : Sources;

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Folder is null && Sources.Count == 0)
            yield return new("is missing; name the folder of a data set, or list several under Data.Sources.", [nameof(Folder)]);
        if (Folder is not null && Sources.Count > 0)
            yield return new($"is '{Folder}' and Data.Sources has {Sources.Count} entries; give one of the two.", [nameof(Folder)]);
        if (Packing == Packing.BestFit && !MaskDocuments)
            yield return new("is false; Packing = BestFit pads samples, and the mask is what keeps padding out of attention and loss.", [nameof(MaskDocuments)]);
        if (Packing == Packing.Concatenate && LongDocuments == LongDocuments.Drop)
            yield return new("is Drop; Packing = Concatenate cuts documents wherever a sample ends. Use Packing = BestFit.", [nameof(LongDocuments)]);
        foreach (var name in Sources.GroupBy(s => s.Name).Where(g => g.Count() > 1).Select(g => g.Key))
            yield return new($"has two entries called '{name}'; metrics need a name for each.", [nameof(Sources)]);
        foreach (var tokens in Sources.SelectMany(s => s.Changes).Select(c => c.AfterTokens).Append(0).Distinct().Order())
            if (Sources.Count > 0 && Sources.All(s => s.WeightAt(tokens) == 0))
                yield return new($"has only weights of 0 after {tokens} tokens; one must be greater.", [nameof(Sources)]);
    }
}
