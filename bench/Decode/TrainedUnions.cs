using SparkTrain.Checkpoints;
using SparkTrain.Generation;
using SparkTrain.Inference;
using SparkTrain.Input;

namespace SparkTrain.Bench;

/// <summary>The neurons that batches need of a trained model, on the validation text of a data set.</summary>
/// <param name="Neighbours">Neighbouring tokens of one text.</param>
/// <param name="Texts">Tokens of different texts, or of distant parts of one.</param>
internal sealed record TrainedUnions(IReadOnlyList<UnionPoint> Neighbours, IReadOnlyList<UnionPoint> Texts)
{
    // Tokens that a text has before those that are counted: the first ones of a text are like each other.
    private const int Before = 64;

    private const int Samples = 16;

    private const int MostPieces = 10_000;

    /// <summary>Measures.</summary>
    /// <param name="model">A model folder, or a run.</param>
    /// <param name="data">A prepared data set of its tokenizer.</param>
    /// <param name="sizes">Tokens of a batch.</param>
    public static TrainedUnions Of(string model, string data, int[] sizes)
    {
        using var source = ModelSource.Open(model, skipped: null);
        using var engine = SparseEngine.Load(source.Weights);
        int needed = Before + Math.Max(sizes.Max(), Samples), wanted = Math.Max(Samples, sizes.Max());
        int[][] pieces = [.. ValidationTexts.Read(data, engine.Config).SelectMany(text => text.Chunk(needed)).Where(piece => piece.Length == needed).Take(MostPieces)];
        if (pieces.Length < wanted) throw new DataException(data, $"{pieces.Length} pieces of {needed} validation tokens", $"at least {wanted}", "name a larger data set, or smaller sizes");
        int[][] texts = [.. Enumerable.Range(0, wanted).Select(i => pieces[(long)pieces.Length * i / wanted])];
        return new([.. sizes.Select(size => Neighbouring(engine, texts, size))], [.. sizes.Select(size => Different(engine, texts, size))]);
    }

    private static UnionPoint Neighbouring(SparseEngine engine, int[][] texts, int size)
    {
        var union = new ActiveUnion(engine);
        foreach (int[] text in texts.Take(Samples))
        {
            using var sequence = Begin(engine, text, Before, Before + size);
            union.Append([new(sequence, text.AsMemory(Before, size))]);
        }
        return new(size, union.Measured, union.Independent);
    }

    // As many texts as a batch has tokens; other texts each time, or other places in them.
    private static UnionPoint Different(SparseEngine engine, int[][] texts, int size)
    {
        var union = new ActiveUnion(engine);
        for (int sample = 0; sample < Samples; sample++)
        {
            int before = Before + sample;
            int[][] some = [.. Enumerable.Range(0, size).Select(i => texts[(sample * size + i) % texts.Length])];
            ITokenSequence[] sequences = [.. some.Select(text => Begin(engine, text, before, before + 1))];
            union.Append([.. some.Zip(sequences, (text, sequence) => new NewTokens(sequence, text.AsMemory(before, 1)))]);
            foreach (var sequence in sequences) sequence.Dispose();
        }
        return new(size, union.Measured, union.Independent);
    }

    private static ITokenSequence Begin(SparseEngine engine, int[] text, int before, int capacity)
    {
        var sequence = engine.Begin(capacity);
        engine.Append([new(sequence, text.AsMemory(0, before))], new float[engine.Config.VocabSize]);
        return sequence;
    }
}
