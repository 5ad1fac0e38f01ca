using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Data;

/// <summary>What to make a data set of.</summary>
public sealed record PrepareOptions
{
    /// <summary>Where the documents come from: `dotnet-docs`, files, folders or patterns, read in this order.</summary>
    [MinLength(1)]
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The folder to make; an older data set there is replaced when the new one is whole.</summary>
    [Required(AllowEmptyStrings = false)]
    public required string Output { get; init; }

    /// <summary>
    /// `byte`, `bpe:N` (train N pieces on the training split), a folder or file of a Hugging Face tokenizer.json, or a .tiktoken file. Null takes that of the prepared data sets among the
    /// sources; where there are none, `byte`.
    /// </summary>
    [MinLength(1)]
    public string? Tokenizer { get; init; }

    /// <summary>Share of the documents that is held back for validation, chosen by their hash.</summary>
    [Range(0.0, 0.5)]
    public double ValidationFraction { get; init; } = 0.02;

    /// <summary>Tokens in a shard; the default makes files of about 300 MB.</summary>
    [Range(1024, 1L << 36)]
    public long ShardTokens { get; init; } = 1L << 27;

    /// <summary>The field of JSON, or the column of tables, Parquet and Arrow files, that holds the text.</summary>
    [Required(AllowEmptyStrings = false)]
    public string TextField { get; init; } = "text";

    /// <summary>Leaves out documents of which an equal one came before.</summary>
    public bool Deduplicate { get; init; }

    /// <summary>Leaves out files of a folder that look like text and are not read (another encoding, packing or ending); otherwise they are an error that names them.</summary>
    public bool LeaveOut { get; init; }

    /// <summary>
    /// A BPE tokenizer is trained on at most this much text, in millions of characters; beyond it documents are sampled by their hash.
    /// </summary>
    [Range(1, 1000)]
    public int TokenizerSampleMegachars { get; init; } = 128;

    /// <summary>Returns a sentence for each option outside its range; none where the options can be used.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(this, new ValidationContext(this), problems, validateAllProperties: true);
        return [.. problems.Select(p => p.ErrorMessage?.TrimEnd('.') + ".")];
    }
}
