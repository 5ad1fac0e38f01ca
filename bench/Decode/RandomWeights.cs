using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>
/// A model of random weights in bfloat16, made when they are read: matrices uniform with variance 1 / (columns), so that unit-variance input gives unit-variance
/// output, and norms 0. A weight depends on the seed, its name and its place in the matrix only.
/// </summary>
internal sealed unsafe class RandomWeights : IWeightSource
{
    // Values that a vector step makes: 8 random numbers of 64 bits, 4 values each.
    private const int StepValues = 32;

    private const int ChunkValues = 1 << 20;

    private const nuint Alignment = 64;

    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong seed;
    private ushort* values;

    /// <summary>Reserves memory for the largest weight.</summary>
    public RandomWeights(ModelConfig config, ulong seed)
    {
        (Config, this.seed) = (config, seed);
        values = (ushort*)NativeMemory.AlignedAlloc((nuint)Padded(WeightSlots.Of(config).Max(weight => weight.Count)) * sizeof(ushort), Alignment);
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public TensorType TypeOf(WeightSlot weight) => TensorType.BF16;

    /// <inheritdoc/>
    public byte* Read(WeightSlot weight)
    {
        long count = weight.Count, steps = Padded(count) / StepValues;
        if (weight.Initial == InitialRule.Zero) NativeMemory.Clear(values, (nuint)count * sizeof(ushort));
        else
        {
            // A 16-bit integer is uniform in ±2¹⁵, of variance 2³⁰ / 3.
            float scale = (float)(Math.Sqrt(3.0 / weight.Shape[1]) / (1 << 15));
            ulong stream = Stream(weight.Name);
            const int Part = ChunkValues / StepValues;
            Parallel.For(0, (steps + Part - 1) / Part, part => Fill(values, stream, scale, part * Part, Math.Min(steps, (part + 1) * Part)));
        }
        return (byte*)values;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(values);
        values = null;
    }

    // SplitMix64 of a counter in each lane.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(ushort* target, ulong stream, float scale, long from, long to)
    {
        var counter = (Vector512.Create((ulong)from * 8) + Vector512.Create(1ul, 2, 3, 4, 5, 6, 7, 8)) * Golden + Vector512.Create(stream);
        var (scales, step) = (Vector512.Create(scale), Vector512.Create(unchecked(Golden * 8)));
        for (long i = from; i < to; i++, counter += step)
        {
            var z = (counter ^ counter >>> 30) * 0xBF58476D1CE4E5B9;
            z = (z ^ z >>> 27) * 0x94D049BB133111EB;
            var bits = (z ^ z >>> 31).AsInt32();
            var low = Rounded(Vector512.ConvertToSingle(bits << 16 >> 16) * scales);
            var high = Rounded(Vector512.ConvertToSingle(bits >> 16) * scales);
            (low >>> 16 | high & Vector512.Create(0xFFFF0000)).Store((uint*)(target + i * StepValues));
        }
    }

    // The nearest bfloat16 stands in the upper half, of two as near the even one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rounded(Vector512<float> value)
    {
        var bits = value.AsUInt32();
        return bits + Vector512.Create(0x7FFFu) + (bits >>> 16 & Vector512<uint>.One);
    }

    // FNV-1a of the name.
    private ulong Stream(string weight)
    {
        ulong hash = 0xCBF29CE484222325 ^ seed * Golden;
        foreach (byte letter in Encoding.UTF8.GetBytes(weight)) hash = (hash ^ letter) * 0x100000001B3;
        return hash;
    }

    private static long Padded(long count) => (count + StepValues - 1) / StepValues * StepValues;

}
