using SparkTrain.Inference;

namespace SparkTrain.Bench;

/// <summary>Makes a sequence as long as wanted without computing its tokens: keys and values are random numbers of unit variance, as a model of random weights computes them.</summary>
internal static unsafe class CacheFill
{
    private const int Numbers = 1 << 16;

    private static readonly float[] Normal = Normals(new Random(1));

    /// <summary>Begins a sequence of random contents.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="length">Its tokens.</param>
    /// <param name="room">Tokens that fit behind them.</param>
    /// <param name="seed">Another seed means other contents.</param>
    public static DecodeSequence Begin(SparseEngine engine, int length, int room, int seed)
    {
        var sequence = (DecodeSequence)engine.Begin(length + room);
        Extend(engine, sequence, length, seed);
        return sequence;
    }

    /// <summary>Makes a sequence longer.</summary>
    public static void Extend(SparseEngine engine, DecodeSequence sequence, int length, int seed)
    {
        var (config, first) = (engine.Config, sequence.Length);
        Parallel.For(0, config.NumLayers, layer =>
        {
            var random = new Random(HashCode.Combine(seed, layer, first));
            var cache = sequence.Layer(layer);
            fixed (float* normal = Normal)
                for (int position = first; position < length; position++)
                    for (int head = 0; head < config.Attention.NumKvHeads; head++)
                        cache.Write(head, position, normal + random.Next(Numbers), normal + random.Next(Numbers), normal + random.Next(Numbers));
        });
        sequence.Advance(length - first);
    }

    // By Box and Muller; those behind the first so many are room for reading a whole head from any of them.
    private static float[] Normals(Random random)
    {
        const int Margin = 4096;
        float[] values = new float[Numbers + Margin];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }
}
