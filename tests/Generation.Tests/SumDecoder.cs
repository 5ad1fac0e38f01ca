using SparkTrain.ModelFormat;

namespace SparkTrain.Generation.Tests;

/// <summary>A decoder whose most probable next token is the sum of all tokens and of their number, modulo the vocabulary; the others are equally probable.</summary>
internal sealed class SumDecoder : IDecoder
{
    public const int VocabSize = 29, MaxSeqLen = 64;

    public ModelConfig Config { get; } = new()
    {
        VocabSize = VocabSize, DModel = 8, NumLayers = 1, MaxSeqLen = MaxSeqLen,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 8 }, Attention = new() { Kind = AttentionKind.Dense, NumHeads = 1, NumKvHeads = 1, HeadDim = 8, Window = 8 },
    };

    /// <summary>Number of sequences, and of new tokens of the first of them, of each call.</summary>
    public List<(int Sequences, int Tokens)> Calls { get; } = [];

    /// <summary>Capacities in the order in which sequences began.</summary>
    public List<int> Capacities { get; } = [];

    public int Live { get; private set; }

    /// <summary>The logit of this token is not a number once a sequence is as long as this.</summary>
    public (int Length, int Token) Broken { get; init; } = (int.MaxValue, 0);

    public static int After(IEnumerable<int> tokens) => tokens.Sum(token => token + 1) % VocabSize;

    public ITokenSequence Begin(int capacity)
    {
        Live++;
        Capacities.Add(capacity);
        return new Sequence(this, capacity);
    }

    public void Append(IReadOnlyList<NewTokens> batch, Span<float> logits)
    {
        Assert.Equal(batch.Count * VocabSize, logits.Length);
        Calls.Add((batch.Count, batch[0].Tokens.Length));
        logits.Fill(-3);
        foreach (var (row, (sequence, tokens)) in batch.Index())
        {
            var all = ((Sequence)sequence).Tokens;
            all.AddRange(tokens.Span);
            Assert.InRange(all.Count, 1, sequence.Capacity);
            logits[row * VocabSize + After(all)] = 3;
            if (all.Count >= Broken.Length) logits[row * VocabSize + Broken.Token] = float.NaN;
        }
    }

    public void Dispose() { }

    private sealed class Sequence(SumDecoder decoder, int capacity) : ITokenSequence
    {
        public List<int> Tokens { get; } = [];

        public int Length => Tokens.Count;

        public int Capacity => capacity;

        public void Dispose() => decoder.Live--;
    }
}
