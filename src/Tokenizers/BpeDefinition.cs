namespace SparkTrain.Tokenizers;

/// <summary>A token that is found in the text as it stands, before BPE. Special ones carry no text.</summary>
internal sealed record AddedToken(int Id, string Text, bool IsSpecial);

/// <summary>What a tokenizer.json defines, ready for encoding.</summary>
internal sealed class BpeDefinition
{
    /// <summary>UTF-8 text of every id; null for special tokens and unused ids.</summary>
    public required byte[]?[] Pieces { get; init; }

    /// <summary>Ids of the 256 bytes: the symbols of a byte-level vocabulary, the fall-back of one of characters.</summary>
    public required int[] ByteIds { get; init; }

    /// <summary>One more than the ids of single characters by code point, 0 where there is none; null for a byte-level vocabulary.</summary>
    public required int[]? CharacterIds { get; init; }

    /// <summary>From a pair of ids to the merge's rank, which is its index in <see cref="MergedIds"/>.</summary>
    public required PairTable Merges { get; init; }

    /// <summary>The id that each merge makes, in order of rank.</summary>
    public required int[] MergedIds { get; init; }

    /// <summary>Ids of whole words that are taken without merging (ignore_merges), or null.</summary>
    public required Dictionary<string, int>? WholeWords { get; init; }

    /// <summary>The tokens that are cut out of the text first.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Where merges never cross.</summary>
    public required TextSplitter Splitter { get; init; }

    /// <summary>The special token that the file's template puts before a text, empty where its template has none there; null where the file has no template.</summary>
    public string? TemplateStart { get; set; }

    /// <summary>True where spaces become U+2581 before anything else.</summary>
    public bool UsesSpaceMark => CharacterIds is not null;
}
