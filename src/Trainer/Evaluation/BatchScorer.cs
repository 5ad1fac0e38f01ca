using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Scores many sequences, those of like length side by side. The batches follow from the lengths alone, so the same sequences give the same bits.</summary>
/// <param name="model">The model.</param>
/// <param name="tokensPerBatch">Tokens of a batch, padding included; a longer sequence goes alone.</param>
public sealed class BatchScorer(Transformer model, int tokensPerBatch = 4096)
{
    // Shapes: B sequences of a batch, T their longest length.

    /// <summary>Returns, for each sequence in the order given, the natural-log probability of each token but the first, given those before it.</summary>
    /// <exception cref="ArgumentException">A sequence does not fit the model.</exception>
    public float[][] LogProbs(IReadOnlyList<TokenSequence> sequences)
    {
        float[][] scores = new float[sequences.Count][];
        foreach (int[] batch in Batches(sequences))
            foreach (var (index, logProbs) in batch.Zip(Score([.. batch.Select(i => sequences[i])]))) scores[index] = logProbs;
        return scores;
    }

    /// <summary>Cuts the sequences, longest first, into batches of about equal length.</summary>
    internal IEnumerable<int[]> Batches(IReadOnlyList<TokenSequence> sequences)
    {
        var batch = new List<int>();
        foreach (int i in Enumerable.Range(0, sequences.Count).OrderByDescending(i => sequences[i].Tokens.Length))
        {
            if (batch.Count > 0 && (batch.Count + 1L) * sequences[batch[0]].Tokens.Length > tokensPerBatch)
            {
                yield return [.. batch];
                batch.Clear();
            }
            batch.Add(i);
        }
        if (batch.Count > 0) yield return [.. batch];
    }

    // Padding stands behind a sequence, where no token of it looks.
    private float[][] Score(TokenSequence[] batch)
    {
        int longest = batch.Max(s => s.Tokens.Length);
        if (longest == 1) return [.. batch.Select(_ => Array.Empty<float>())];
        using var scope = NewDisposeScope();
        Tensor Padded(Func<TokenSequence, long[]> values) =>
            tensor(batch.SelectMany(s => values(s).Concat(Enumerable.Repeat(0L, longest - s.Tokens.Length))).ToArray(), [batch.Length, longest], device: model.Options.Device);
        var documents_BT = batch.Any(s => s.Documents is not null) ? Padded(s => s.Documents ?? new long[s.Tokens.Length]) : null;
        float[] logProbs = [.. model.LogProbs(Padded(s => s.Tokens), documents_BT).to(ScalarType.Float32, CPU).data<float>()];
        return [.. batch.Select((s, row) => logProbs.AsSpan(row * (longest - 1), s.Tokens.Length - 1).ToArray())];
    }
}
