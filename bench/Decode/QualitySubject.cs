using System.Globalization;
using System.Numerics;
using SparkTrain.Generation;
using SparkTrain.Inference;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>An engine that reads text and remembers what it made of it.</summary>
internal sealed class QualitySubject : IDisposable
{
    private readonly string name;
    private readonly SparseEngine engine;
    private readonly List<double> losses = [];
    private readonly List<int> firsts = [];
    private readonly ulong[][] masks;
    private ITokenSequence? sequence;
    private long shared, own, reference, kept;

    /// <summary>Takes the engine over.</summary>
    public QualitySubject(string name, SparseEngine engine)
    {
        (this.name, this.engine) = (name, engine);
        masks = [.. Enumerable.Range(0, engine.Config.NumLayers).Select(layer => new ulong[engine.Config.Ffn.Of(layer).DFf])];
        engine.Activity = new() { Pieces = (layer, first, active) => active.CopyTo(masks[layer].AsSpan(first)) };
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => engine.Config;

    /// <summary>Begins a text.</summary>
    public void Begin(int capacity)
    {
        sequence?.Dispose();
        sequence = engine.Begin(capacity);
    }

    /// <summary>Reads tokens, and takes the loss of those that follow each.</summary>
    public void Read(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets)
    {
        int[] next = targets.ToArray();
        engine.AppendEach(sequence!, tokens, (i, logits) =>
        {
            int first = 0;
            for (int token = 1; token < logits.Length; token++)
                if (logits[token] > logits[first]) first = token;
            double sum = 0;
            foreach (float logit in logits) sum += Math.Exp(logit - logits[first]);
            losses.Add(Math.Log(sum) + logits[first] - logits[next[i]]);
            firsts.Add(first);
        });
        kept += engine.Activity!.Layers.Sum(layer => layer.Kept.Sum());
    }

    /// <summary>Counts the neurons of the last tokens that are active in both.</summary>
    public void CompareMasks(QualitySubject other)
    {
        foreach (var (mine, theirs) in masks.Zip(other.masks))
            for (int neuron = 0; neuron < mine.Length; neuron++)
            {
                shared += BitOperations.PopCount(mine[neuron] & theirs[neuron]);
                own += BitOperations.PopCount(mine[neuron]);
                reference += BitOperations.PopCount(theirs[neuron]);
            }
    }

    /// <summary>Prints a line.</summary>
    /// <param name="other">What it is compared with.</param>
    public void Print(QualitySubject other)
    {
        double[] differences = [.. losses.Zip(other.losses, (a, b) => a - b)];
        double mean = differences.Average(), error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (differences.Length - 1.0) / differences.Length);
        double same = firsts.Zip(other.firsts).Count(pair => pair.First == pair.Second) / (double)firsts.Count;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name,-42}{losses.Average(),-22:f5}{string.Create(CultureInfo.InvariantCulture, $"{mean:+0.00000;-0.00000;0} ± {error:f5}"),-26}{same,-20:p2}{Share(shared, reference),-26}{Share(shared, own),-20}{kept / (double)other.kept:f4}"));
    }

    /// <summary>Frees the engine.</summary>
    public void Dispose()
    {
        sequence?.Dispose();
        engine.Dispose();
    }

    private static string Share(long part, long whole) => whole == 0 ? "–" : (part / (double)whole).ToString("p2", CultureInfo.InvariantCulture);
}
