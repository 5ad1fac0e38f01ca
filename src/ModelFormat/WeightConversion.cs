using System.Runtime.InteropServices;

namespace SparkTrain.ModelFormat;

/// <summary>Hands out the weights of a model in one type, each rounded once, to the nearest, ties to even; or each in the type that it has. One at a time is in memory.</summary>
public sealed unsafe class WeightConversion : IDisposable
{
    private readonly IWeightSource weights;
    private readonly TensorType? type;
    private byte* values;

    /// <summary>Reserves memory for the largest weight.</summary>
    /// <param name="weights">The weights, which outlive this.</param>
    /// <param name="type">F32, BF16 or F16; null leaves each in its own.</param>
    public WeightConversion(IWeightSource weights, TensorType? type)
    {
        if (type is not (null or TensorType.F32 or TensorType.BF16 or TensorType.F16)) throw new ArgumentOutOfRangeException(nameof(type), type, "weights are F32, BF16 or F16");
        (this.weights, this.type) = (weights, type);
        long largest = WeightSlots.Of(weights.Config).Max(weight => weight.Count) * sizeof(float);
        values = (byte*)NativeMemory.Alloc(checked((nuint)largest));
    }

    /// <summary>The type that a weight is handed out in.</summary>
    public TensorType TypeOf(WeightSlot weight) => type ?? weights.TypeOf(weight);

    /// <summary>Returns the address of a weight's values, valid until the next call; not necessarily aligned.</summary>
    /// <exception cref="ModelFormatException">A value is too large for F16.</exception>
    public byte* Read(WeightSlot weight)
    {
        long count = weight.Count;
        byte* stored = weights.Read(weight);
        TensorType from = weights.TypeOf(weight), to = TypeOf(weight);
        if (from == to) return stored;
        float* floats = from == TensorType.F32 ? (float*)stored : (float*)values;
        if (from != TensorType.F32) Widen(stored, from, floats, count);
        // In place: the narrow value lies before the wide ones that are still to come.
        if (to == TensorType.BF16) Bfloat16.Round(floats, count, (ushort*)values);
        else if (to == TensorType.F16) for (long i = 0; i < count; i++) ((Half*)values)[i] = ToHalf(weight.Name, floats[i]);
        return values;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.Free(values);
        values = null;
    }

    /// <summary>Widens values to float32, exactly.</summary>
    /// <param name="source">Values of F32, BF16 or F16.</param>
    /// <param name="type">Their type.</param>
    /// <param name="target">Room for as many floats, elsewhere.</param>
    /// <param name="count">How many they are.</param>
    public static void Widen(byte* source, TensorType type, float* target, long count)
    {
        if (type == TensorType.F32) Buffer.MemoryCopy(source, target, count * sizeof(float), count * sizeof(float));
        else if (type == TensorType.BF16) for (long i = 0; i < count; i++) target[i] = BitConverter.UInt32BitsToSingle((uint)((ushort*)source)[i] << 16);
        else for (long i = 0; i < count; i++) target[i] = (float)((Half*)source)[i];
    }

    private static Half ToHalf(string weight, float value)
    {
        var half = (Half)value;
        return !Half.IsInfinity(half) || float.IsInfinity(value) ? half
            : throw new ModelFormatException(weight, FormattableString.Invariant($"a value is {value}"), FormattableString.Invariant($"at most {(float)Half.MaxValue}, the largest number of F16"), "choose BF16 or F32");
    }
}
