using SparkTrain.Support;
using System.Runtime.InteropServices;

namespace SparkTrain.ModelFormat.Tests;

public sealed class WeightConversionTests
{
    // Bits by IEEE 754: 1, −2, ⅓ rounded to each type, the smallest subnormal number of BF16 and of F16, and what lies halfway.
    [Theory]
    [InlineData(TensorType.F32, 0x3F800000u, TensorType.BF16, 0x3F80u)]
    [InlineData(TensorType.F32, 0xC0000000u, TensorType.F16, 0xC000u)]
    [InlineData(TensorType.F32, 0x3EAAAAABu, TensorType.BF16, 0x3EABu)]
    [InlineData(TensorType.F32, 0x3EAAAAABu, TensorType.F16, 0x3555u)]
    [InlineData(TensorType.F32, 0x00010000u, TensorType.BF16, 0x0001u)]
    [InlineData(TensorType.F32, 0x33800000u, TensorType.F16, 0x0001u)] // 2⁻²⁴
    [InlineData(TensorType.F32, 0x33000000u, TensorType.F16, 0x0000u)] // 2⁻²⁵, halfway to 0, which is even
    [InlineData(TensorType.F32, 0x477FE000u, TensorType.F16, 0x7BFFu)] // 65504
    [InlineData(TensorType.BF16, 0x3EABu, TensorType.F32, 0x3EAB0000u)]
    [InlineData(TensorType.BF16, 0x8001u, TensorType.F32, 0x80010000u)]
    [InlineData(TensorType.BF16, 0x4240u, TensorType.F16, 0x5200u)] // 48
    [InlineData(TensorType.F16, 0x0001u, TensorType.F32, 0x33800000u)]
    [InlineData(TensorType.F16, 0x3555u, TensorType.BF16, 0x3EABu)]
    [InlineData(TensorType.F16, 0x3555u, TensorType.F16, 0x3555u)]
    public void Values_are_rounded_once_to_nearest_even(TensorType from, uint bits, TensorType to, uint expected)
    {
        using var weights = new Weights(from, bits);
        using var converted = new WeightConversion(weights, to);
        Assert.Equal(Enumerable.Repeat(expected, Weights.Count), Read(converted, to));
    }

    [Fact]
    public void Each_keeps_its_type_where_none_is_asked_for()
    {
        using var weights = new Weights(TensorType.F16, 0x3555);
        using var same = new WeightConversion(weights, null);
        Assert.Equal(TensorType.F16, same.TypeOf(WeightSlots.Of(weights.Config).FinalNorm));
        Assert.Equal(Enumerable.Repeat(0x3555u, Weights.Count), Read(same, TensorType.F16));
    }

    [Fact]
    public void What_f16_cannot_hold_is_refused()
    {
        using var weights = new Weights(TensorType.F32, 0x47800000); // 65536
        using var converted = new WeightConversion(weights, TensorType.F16);
        Assert.Contains("model.norm.weight: a value is 65536.\n  expected: at most 65504", Assert.Throws<ModelFormatException>(() => Read(converted, TensorType.F16)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightConversion(weights, TensorType.I32));
    }

    private static unsafe uint[] Read(WeightConversion weights, TensorType type)
    {
        byte* values = weights.Read(new(WeightRole.FinalNorm, null, [Weights.Count]));
        return [.. Enumerable.Range(0, Weights.Count).Select(i => type == TensorType.F32 ? ((uint*)values)[i] : ((ushort*)values)[i])];
    }

    /// <summary>Weights that are all the same number.</summary>
    private sealed unsafe class Weights : IWeightSource
    {
        public const int Count = 7;

        private readonly void* values = NativeMemory.Alloc(Count * sizeof(float));
        private readonly TensorType type;

        public Weights(TensorType type, uint bits)
        {
            this.type = type;
            for (int i = 0; i < Count; i++)
                if (type == TensorType.F32) ((uint*)values)[i] = bits;
                else ((ushort*)values)[i] = (ushort)bits;
        }

        public ModelConfig Config { get; } = Shapes.Gemma2B with { VocabSize = 3, DModel = Count, NumLayers = 1, Ffn = new() { Kind = FfnKind.Gated, DFf = 2 }, Attention = Shapes.Gemma2B.Attention with { NumHeads = 1, NumKvHeads = 1, HeadDim = 2 } };

        public TensorType TypeOf(WeightSlot weight) => type;

        public byte* Read(WeightSlot weight) => (byte*)values;

        public void Dispose() => NativeMemory.Free(values);
    }
}
