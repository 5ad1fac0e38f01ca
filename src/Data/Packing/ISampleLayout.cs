namespace SparkTrain.Data;

/// <summary>How the samples of a run lie in a split: which tokens each of them holds. Safe for several threads.</summary>
internal interface ISampleLayout
{
    /// <summary>Samples in one pass over the split.</summary>
    long Samples { get; }

    /// <summary>Neighbouring samples that shuffling keeps together, because they are read from the same row groups.</summary>
    long SamplesPerBlock { get; }

    /// <summary>Blocks whose samples are mixed with one another.</summary>
    int BlocksPerWindow { get; }

    /// <summary>Fills both with sample <paramref name="sample"/>, SeqLen + 1 tokens, and the document of each, counted from 0 in the sample.</summary>
    void Read(long sample, Span<int> tokens_T, Span<int> documents_T);
}
