using SparkTrain.Inference;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>Bytes that must come from memory for one more token: weights, and keys and values. Activations and logits, which stay in caches, are not counted.</summary>
/// <param name="Projections">Query, key, value and output projections.</param>
/// <param name="Predictor">What scores neurons, where some are left out.</param>
/// <param name="Neurons">The rest of the FFNs.</param>
/// <param name="Table">The unembedding.</param>
/// <param name="Cache">Keys and values.</param>
internal sealed record DecodeTraffic(double Projections, double Predictor, double Neurons, double Table, double Cache)
{
    private const int Tokens = 4;

    /// <summary>All of them.</summary>
    public double Total => Projections + Predictor + Neurons + Table + Cache;

    /// <summary>Counts for a sequence as it stands, with the neurons and keys that a few random tokens were measured to use.</summary>
    public static DecodeTraffic Of(SparseEngine engine, DecodeSequence sequence)
    {
        var (activity, random, length) = (new DecodeActivity(), new Random(2), sequence.Length);
        float[] logits = new float[engine.Config.VocabSize];
        var sum = new DecodeTraffic(0, 0, 0, 0, 0);
        for (int token = 0; token < Tokens; token++)
        {
            engine.Activity = activity;
            engine.Append([new(sequence, new[] { random.Next(engine.Config.VocabSize) })], logits);
            engine.Activity = null;
            sequence.Truncate(length);
            sum += OfStep(engine, activity, length + 1);
        }
        return sum with { Projections = sum.Projections / Tokens, Predictor = sum.Predictor / Tokens, Neurons = sum.Neurons / Tokens, Table = sum.Table / Tokens, Cache = sum.Cache / Tokens };
    }

    /// <summary>Adds part by part.</summary>
    public static DecodeTraffic operator +(DecodeTraffic a, DecodeTraffic b) =>
        new(a.Projections + b.Projections, a.Predictor + b.Predictor, a.Neurons + b.Neurons, a.Table + b.Table, a.Cache + b.Cache);

    private static DecodeTraffic OfStep(SparseEngine engine, DecodeActivity activity, int tokens)
    {
        double projections = 0, predictor = 0, neurons = 0, cache = 0;
        foreach (var (layer, counts) in engine.Model.Layers.Zip(activity.Layers))
        {
            projections += layer.WQ.Bytes + layer.WK.Bytes + layer.WV.Bytes + layer.WO.Bytes;
            if (layer.Neurons is null) neurons += layer.K1.Bytes + layer.K2!.Bytes + layer.V!.Bytes;
            else
            {
                predictor += layer.K1.Bytes;
                neurons += layer.Neurons.Bytes * (engine.IsSparse ? counts.Union / (double)layer.Ffn.DFf : 1);
            }
            cache += OfCache(engine, layer, counts, tokens) * engine.Model.Cache.Size();
        }
        return new(projections, predictor, neurons, OfTable(engine), cache);
    }

    // Numbers of keys and values: the scored part of all visible keys, and the rest of those that are kept, each query head's for itself, but none more often than there are key/value heads.
    private static double OfCache(SparseEngine engine, PackedLayer layer, DecodeActivity.Layer counts, int tokens)
    {
        var a = layer.Attention;
        double visible = Math.Min(tokens, layer.Window ?? int.MaxValue) * (double)a.NumKvHeads;
        int scored = a.ScoredWidth(), rest = 2 * a.HeadDim - scored;
        return visible * scored + rest * (engine.IsSparse ? Math.Min(counts.Kept.Sum(), visible) : visible);
    }

    private static double OfTable(SparseEngine engine)
    {
        double rows = engine.Config.VocabSize, width = engine.Config.DModel;
        return engine.Model.Head switch
        {
            ScreenedTable<Bfloat16Element> screened => rows * (width + sizeof(float)) + screened.Survivors * width * TensorType.BF16.Size(),
            ScreenedTable<Float32Element> screened => rows * (width + sizeof(float)) + screened.Survivors * width * TensorType.F32.Size(),
            var table => table.Bytes,
        };
    }
}
