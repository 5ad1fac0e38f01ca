using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Inference;

/// <summary>Values for dense attention, [head, group of 32 columns, slot]: the sums of a group for two query heads stay in registers while its tokens stream by.</summary>
internal sealed unsafe class ValueStrips<T>(int heads, int slots, int width) : IDisposable where T : struct, IElement
{
    private readonly NativeBlock block = new((long)heads * slots * DecodeLimits.Padded(width) * T.Bytes);

    /// <summary>Its memory.</summary>
    public long Bytes => block.Bytes;

    private int Groups => DecodeLimits.Padded(width) / 32;

    private static long GroupBytes => 32L * T.Bytes;

    /// <summary>Writes a value.</summary>
    public void Store(int head, int slot, float* value)
    {
        float* padded = stackalloc float[32];
        for (int group = 0; group < Groups; group++)
        {
            for (int i = 0; i < 32; i++) padded[i] = group * 32 + i < width ? value[group * 32 + i] : 0;
            T.StoreGroup(At(head, group, slot), padded);
        }
    }

    /// <summary>sums[h] += Σ factors[h][i] · value in slot first + i.</summary>
    public void Add(int head, int first, int count, FloatRows factors, int queryHeads, FloatRows sums)
    {
        for (int group = 0; group < Groups; group++)
        {
            byte* values = At(head, group, first);
            int h = 0;
            for (; h + 2 <= queryHeads; h += 2) Two(values, count, factors[h], factors[h + 1], sums[h] + 32 * group, sums[h + 1] + 32 * group);
            if (h < queryHeads) One(values, count, factors[h], sums[h] + 32 * group);
        }
    }

    /// <summary>Copies one value.</summary>
    public void CopyRow(ValueStrips<T> from, int head, int fromSlot, int slot)
    {
        for (int group = 0; group < Groups; group++) Buffer.MemoryCopy(from.At(head, group, fromSlot), At(head, group, slot), GroupBytes, GroupBytes);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => block.Dispose();

    private byte* At(int head, int group, int slot) => block.Start + (((long)head * Groups + group) * slots + slot) * GroupBytes;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Two(byte* v, int count, float* p, float* q, float* sumP, float* sumQ)
    {
        Vector512<float> a = Vector512.Load(sumP), b = Vector512.Load(sumP + 16), c = Vector512.Load(sumQ), d = Vector512.Load(sumQ + 16);
        for (int t = 0; t < count; t++, v += GroupBytes)
        {
            Vector512<float> x = Vector512.Create(p[t]), y = Vector512.Create(q[t]);
            T.LoadGroup(v, out var first, out var second);
            a = Vector512.FusedMultiplyAdd(first, x, a);
            c = Vector512.FusedMultiplyAdd(first, y, c);
            b = Vector512.FusedMultiplyAdd(second, x, b);
            d = Vector512.FusedMultiplyAdd(second, y, d);
        }
        a.Store(sumP);
        b.Store(sumP + 16);
        c.Store(sumQ);
        d.Store(sumQ + 16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One(byte* v, int count, float* p, float* sum)
    {
        Vector512<float> a = Vector512.Load(sum), b = Vector512.Load(sum + 16);
        for (int t = 0; t < count; t++, v += GroupBytes)
        {
            var x = Vector512.Create(p[t]);
            T.LoadGroup(v, out var first, out var second);
            a = Vector512.FusedMultiplyAdd(first, x, a);
            b = Vector512.FusedMultiplyAdd(second, x, b);
        }
        a.Store(sum);
        b.Store(sum + 16);
    }
}
