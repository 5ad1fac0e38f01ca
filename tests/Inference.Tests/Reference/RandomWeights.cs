using SparkTrain.Support;
using System.Runtime.InteropServices;

namespace SparkTrain.Inference.Tests.Reference;

/// <summary>
/// Weights of a model, held as floats and handed out in any type. As the contract of a source allows, they come from one place that the next weight overwrites, from an odd address.
/// </summary>
internal sealed unsafe class RandomWeights : IWeightSource
{
    private readonly Dictionary<string, float[]> values;
    private readonly Func<string, TensorType> typeOf;
    private byte* scratch;

    /// <summary>Draws matrices that keep the variance of their input, and norms that are no ones.</summary>
    public RandomWeights(ModelConfig config, int seed, TensorType type = TensorType.F32) : this(config, Draw(config, seed), _ => type)
    {
    }

    /// <param name="config">The model's shape.</param>
    /// <param name="values">Of each weight, row after row; kept, so that a test may change them before a model is loaded.</param>
    /// <param name="typeOf">What a weight is stored in.</param>
    public RandomWeights(ModelConfig config, Dictionary<string, float[]> values, Func<string, TensorType> typeOf)
    {
        (Config, this.values, this.typeOf) = (config, values, typeOf);
        scratch = (byte*)NativeMemory.Alloc((nuint)(values.Values.Max(v => v.Length) * sizeof(float) + 1));
    }

    public ModelConfig Config { get; }

    /// <summary>The values of a weight before they are rounded to its type.</summary>
    public float[] this[string weight] => values[weight];

    public TensorType TypeOf(WeightSlot weight) => typeOf(weight.Name);

    public byte* Read(WeightSlot weight) => Read(weight.Name);

    public TensorType TypeOf(string weight) => typeOf(weight);

    public byte* Read(string weight)
    {
        ObjectDisposedException.ThrowIf(scratch == null, this);
        var (row, type) = (values[weight], typeOf(weight));
        byte* target = scratch + 1;
        for (int i = 0; i < row.Length; i++)
            if (type == TensorType.F32) ((float*)target)[i] = row[i];
            else ((ushort*)target)[i] = type == TensorType.BF16 ? Bfloat16.Round(row[i]) : BitConverter.HalfToUInt16Bits((Half)row[i]);
        return target;
    }

    /// <summary>The same values, each rounded once; without norms, as an engine holds them.</summary>
    public RandomWeights RoundedTo(TensorType type, bool norms = true)
    {
        var matrices = WeightSlots.Of(Config).Where(w => norms || w.Shape.Length > 1).Select(w => w.Name).ToHashSet();
        return new(Config, values.ToDictionary(v => v.Key, v => matrices.Contains(v.Key) ? v.Value.Select(x => Rounded(x, type)).ToArray() : v.Value), typeOf);
    }

    /// <summary>The same values in another type.</summary>
    public RandomWeights StoredAs(Func<string, TensorType> type) => new(Config, values, type);

    /// <summary>The values for the scalar reference.</summary>
    public Dictionary<string, double[]> Doubles() => values.ToDictionary(v => v.Key, v => v.Value.Select(x => (double)x).ToArray());

    public static float Rounded(float x, TensorType type) => type switch
    {
        TensorType.BF16 => BitConverter.UInt32BitsToSingle((uint)Bfloat16.Round(x) << 16),
        TensorType.F16 => (float)(Half)x,
        _ => x,
    };

    /// <summary>Copies the weights of a source.</summary>
    public static RandomWeights Of(IWeightSource source)
    {
        var values = new Dictionary<string, float[]>();
        foreach (var slot in WeightSlots.Of(source.Config))
        {
            float[] row = values[slot.Name] = new float[slot.Count];
            fixed (float* target = row) WeightConversion.Widen(source.Read(slot), source.TypeOf(slot), target, row.Length);
        }
        return new(source.Config, values, _ => TensorType.F32);
    }

    public void Dispose()
    {
        NativeMemory.Free(scratch);
        scratch = null;
    }

    private static Dictionary<string, float[]> Draw(ModelConfig config, int seed)
    {
        var random = new Random(seed);
        return WeightSlots.Of(config).ToDictionary(w => w.Name, w =>
        {
            float[] row = new float[w.Shape.Aggregate(1L, (a, b) => a * b)];
            double deviation = w.Shape.Length == 1 ? 0.3 : 1 / Math.Sqrt(w.Shape[1]);
            for (int i = 0; i < row.Length; i++) row[i] = (float)(deviation * NormalQuantile.Of((random.Next(1 << 24) + 0.5) / (1 << 24)));
            return row;
        });
    }
}
