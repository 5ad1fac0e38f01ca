using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Samples of SeqLen + 1 tokens, one every SeqLen tokens of the split's stream: every token is a target once, and documents are cut where a sample ends.</summary>
internal sealed class ConcatenatedLayout : ISampleLayout
{
    private readonly TokenSplit split;
    private readonly int seqLen, eosToken;

    /// <summary>Throws <see cref="DataException"/> where <paramref name="split"/> is shorter than one sample.</summary>
    public ConcatenatedLayout(TokenSplit split, int seqLen)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        (this.split, this.seqLen, eosToken) = (split, seqLen, split.EosToken);
        if (split.Tokens <= seqLen)
            throw new DataException(split.Where, $"it has {split.Tokens} tokens", $"at least SeqLen + 1 = {seqLen + 1}",
                split.Tokens == 0 ? "prepare more text or raise --validation-fraction; to train without validation: Validation.EverySteps=0" : "prepare more text, raise --validation-fraction if it is the validation split, or use a smaller SeqLen");
    }

    public long Samples => (split.Tokens - 1) / seqLen;

    public long SamplesPerBlock => Math.Max(1, ColumnFormat.RowGroupValues / seqLen);

    public int BlocksPerWindow => SampleOrder.BlocksPerWindow;

    public void Read(long sample, Span<int> tokens_T, Span<int> documents_T)
    {
        split.Read(sample * seqLen, tokens_T);
        for (var (document, at) = (0, 0); at < tokens_T.Length; document++)
        {
            var end = tokens_T[at..].IndexOf(eosToken);
            var next = end < 0 ? tokens_T.Length : at + end + 1;
            documents_T[at..next].Fill(document);
            at = next;
        }
    }
}
