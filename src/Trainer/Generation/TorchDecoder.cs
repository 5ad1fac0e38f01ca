using SparkTrain.Checkpoints;
using SparkTrain.Generation;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Decodes with the model that training computes, each sequence with a cache of its own.</summary>
/// <param name="model">The model, freed along with this.</param>
public sealed class TorchDecoder(Transformer model) : IDecoder
{
    // Shapes: R sequences, T tokens of each, V vocabulary.

    /// <inheritdoc/>
    public ModelConfig Config => model.Config;

    /// <summary>Loads libtorch, and the model of a source, which may be closed afterwards.</summary>
    /// <param name="source">The weights.</param>
    /// <param name="threads">Threads; 0 means one for every core.</param>
    /// <exception cref="EnvironmentException">There is no libtorch that can be used.</exception>
    /// <exception cref="ModelFormatException">A weight is not finite.</exception>
    public static TorchDecoder Load(ModelSource source, int threads)
    {
        LibTorch.Load(threads);
        return new(TrainedModel.Read(source, new ComputeOptions()));
    }

    /// <inheritdoc/>
    public ITokenSequence Begin(int capacity) => new Sequence(new(model.Config, batch: 1, capacity, model.Options));

    /// <inheritdoc/>
    public void Append(IReadOnlyList<NewTokens> batch, Span<float> logits)
    {
        int vocabulary = model.Config.VocabSize;
        NewTokens.Require(batch, vocabulary, logits.Length);
        // One product takes rows of equal length.
        foreach (var rows in batch.Index().GroupBy(item => item.Item.Tokens.Length))
        {
            var alike = rows.ToList();
            float[] logits_RV = Decode([.. alike.Select(row => row.Item)], rows.Key);
            foreach (var (place, row) in alike.Index()) logits_RV.AsSpan(place * vocabulary, vocabulary).CopyTo(logits[(row.Index * vocabulary)..]);
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => model.Dispose();

    private float[] Decode(NewTokens[] rows, int count)
    {
        using var scope = NewDisposeScope();
        long[] tokens = new long[rows.Length * count];
        foreach (var (row, (_, added)) in rows.Index())
            for (int i = 0; i < count; i++) tokens[row * count + i] = added.Span[i];
        var tokens_RT = tensor(tokens, [rows.Length, count], device: model.Options.Device);
        return model.Decode(tokens_RT, [.. rows.Select(row => ((Sequence)row.Sequence).Cache)], lastOnly: true).to(ScalarType.Float32, CPU).data<float>().ToArray();
    }

    private sealed record Sequence(KeyValueCache Cache) : ITokenSequence
    {
        public int Length => Cache.Length;

        public int Capacity => Cache.Capacity;

        public void Dispose() => Cache.Dispose();
    }
}
