using SparkTrain.Generation;
using SparkTrain.Inference;

namespace SparkTrain.Bench;

/// <summary>How many neurons a batch of tokens needs together, over the layers that leave some out: measured, and what independent tokens would need.</summary>
internal sealed class ActiveUnion(SparseEngine engine)
{
    private readonly double[] union = new double[engine.Config.NumLayers], active = new double[engine.Config.NumLayers];
    private int batches, tokens;

    /// <summary>The share of neurons that any token of a batch is active for.</summary>
    public double Measured => Mean(layer => union[layer] / batches);

    /// <summary>The share that would be if every neuron were as often active as the layer's mean p, tokens independently: 1 − (1 − p)ᴮ.</summary>
    public double Independent => Mean(layer => 1 - Math.Pow(1 - active[layer] / tokens, tokens / (double)batches));

    /// <summary>Appends a batch, at most as many tokens as pass through the layers together, and counts.</summary>
    public void Append(IReadOnlyList<NewTokens> batch)
    {
        var activity = new DecodeActivity();
        engine.Activity = activity;
        engine.Append(batch, new float[batch.Count * engine.Config.VocabSize]);
        engine.Activity = null;
        foreach (int layer in Layers)
        {
            double neurons = engine.Model.Layers[layer].Ffn.DFf;
            union[layer] += activity.Layers[layer].Union / neurons;
            active[layer] += activity.Layers[layer].Active.Sum() / neurons;
        }
        batches++;
        tokens += batch.Sum(item => item.Tokens.Length);
    }

    private IEnumerable<int> Layers => Enumerable.Range(0, engine.Config.NumLayers).Where(layer => engine.Model.Layers[layer].Neurons is not null);

    private double Mean(Func<int, double> ofLayer) => Layers.Any() ? Layers.Average(ofLayer) : 1;
}

/// <summary>A point of a curve over batch sizes.</summary>
/// <param name="Batch">Tokens of a batch.</param>
/// <param name="Measured">The share of neurons that a batch needs.</param>
/// <param name="Independent">The share that independent tokens would need.</param>
internal sealed record UnionPoint(int Batch, double Measured, double Independent);
