using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Inference;

/// <summary>Values for dense attention, [head, strip, slot, 128 columns]: the sums of a strip for two query heads stay in registers while its tokens stream by.</summary>
internal sealed unsafe class ValueStrips<T>(int heads, int slots, int width) : IDisposable where T : struct, IElement
{
    private const int StripGroups = 4;

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
            T.StoreGroup(Group(head, slot, group), padded);
        }
    }

    /// <summary>sums[h] += Σ factors[h][i] · value in slot first + i.</summary>
    public void Add(int head, int first, int count, FloatRows factors, int queryHeads, FloatRows sums)
    {
        for (int group = 0; group < Groups; group += StripGroups)
        {
            bool isWide = Groups - group >= StripGroups;
            long step = Math.Min(StripGroups, Groups - group) * GroupBytes;
            for (int h = 0; h < queryHeads; h++)
            {
                byte* values = Group(head, first, group);
                if (isWide && h + 1 < queryHeads)
                {
                    Pair(values, step, count, factors[h], factors[h + 1], sums[h] + 32 * group, sums[h + 1] + 32 * group);
                    h++;
                }
                else if (isWide) Single(values, step, count, factors[h], sums[h] + 32 * group);
                else for (int g = 0; g < Groups - group; g++) Narrow(values + g * GroupBytes, step, count, factors[h], sums[h] + 32 * (group + g));
            }
        }
    }

    /// <summary>Copies one value.</summary>
    public void CopyRow(ValueStrips<T> from, int head, int fromSlot, int slot)
    {
        for (int group = 0; group < Groups; group++) Buffer.MemoryCopy(from.Group(head, fromSlot, group), Group(head, slot, group), GroupBytes, GroupBytes);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => block.Dispose();

    private byte* Group(int head, int slot, int group)
    {
        int strip = group / StripGroups * StripGroups, inStrip = Math.Min(StripGroups, Groups - strip);
        return block.Start + (((long)head * Groups + strip) * Slots + (long)slot * inStrip + group % StripGroups) * GroupBytes;
    }

    private long Slots => slots;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Pair(byte* v, long step, int count, float* p, float* q, float* sumP, float* sumQ)
    {
        Vector512<float> a = Vector512.Load(sumP), b = Vector512.Load(sumP + 16), c = Vector512.Load(sumP + 32), d = Vector512.Load(sumP + 48);
        Vector512<float> e = Vector512.Load(sumP + 64), f = Vector512.Load(sumP + 80), g = Vector512.Load(sumP + 96), h = Vector512.Load(sumP + 112);
        Vector512<float> i = Vector512.Load(sumQ), j = Vector512.Load(sumQ + 16), k = Vector512.Load(sumQ + 32), l = Vector512.Load(sumQ + 48);
        Vector512<float> m = Vector512.Load(sumQ + 64), n = Vector512.Load(sumQ + 80), o = Vector512.Load(sumQ + 96), r = Vector512.Load(sumQ + 112);
        for (int t = 0; t < count; t++, v += step)
        {
            Vector512<float> x = Vector512.Create(p[t]), y = Vector512.Create(q[t]);
            T.LoadGroup(v, out var first, out var second);
            (a, b, i, j) = (Vector512.FusedMultiplyAdd(first, x, a), Vector512.FusedMultiplyAdd(second, x, b), Vector512.FusedMultiplyAdd(first, y, i), Vector512.FusedMultiplyAdd(second, y, j));
            T.LoadGroup(v + GroupBytes, out first, out second);
            (c, d, k, l) = (Vector512.FusedMultiplyAdd(first, x, c), Vector512.FusedMultiplyAdd(second, x, d), Vector512.FusedMultiplyAdd(first, y, k), Vector512.FusedMultiplyAdd(second, y, l));
            T.LoadGroup(v + 2 * GroupBytes, out first, out second);
            (e, f, m, n) = (Vector512.FusedMultiplyAdd(first, x, e), Vector512.FusedMultiplyAdd(second, x, f), Vector512.FusedMultiplyAdd(first, y, m), Vector512.FusedMultiplyAdd(second, y, n));
            T.LoadGroup(v + 3 * GroupBytes, out first, out second);
            (g, h, o, r) = (Vector512.FusedMultiplyAdd(first, x, g), Vector512.FusedMultiplyAdd(second, x, h), Vector512.FusedMultiplyAdd(first, y, o), Vector512.FusedMultiplyAdd(second, y, r));
        }
        Store(a, b, c, d, sumP);
        Store(e, f, g, h, sumP + 64);
        Store(i, j, k, l, sumQ);
        Store(m, n, o, r, sumQ + 64);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Single(byte* v, long step, int count, float* p, float* sum)
    {
        Vector512<float> a = Vector512.Load(sum), b = Vector512.Load(sum + 16), c = Vector512.Load(sum + 32), d = Vector512.Load(sum + 48);
        Vector512<float> e = Vector512.Load(sum + 64), f = Vector512.Load(sum + 80), g = Vector512.Load(sum + 96), h = Vector512.Load(sum + 112);
        for (int t = 0; t < count; t++, v += step)
        {
            var x = Vector512.Create(p[t]);
            T.LoadGroup(v, out var first, out var second);
            (a, b) = (Vector512.FusedMultiplyAdd(first, x, a), Vector512.FusedMultiplyAdd(second, x, b));
            T.LoadGroup(v + GroupBytes, out first, out second);
            (c, d) = (Vector512.FusedMultiplyAdd(first, x, c), Vector512.FusedMultiplyAdd(second, x, d));
            T.LoadGroup(v + 2 * GroupBytes, out first, out second);
            (e, f) = (Vector512.FusedMultiplyAdd(first, x, e), Vector512.FusedMultiplyAdd(second, x, f));
            T.LoadGroup(v + 3 * GroupBytes, out first, out second);
            (g, h) = (Vector512.FusedMultiplyAdd(first, x, g), Vector512.FusedMultiplyAdd(second, x, h));
        }
        Store(a, b, c, d, sum);
        Store(e, f, g, h, sum + 64);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Narrow(byte* v, long step, int count, float* p, float* sum)
    {
        Vector512<float> a = Vector512.Load(sum), b = Vector512.Load(sum + 16);
        for (int t = 0; t < count; t++, v += step)
        {
            var x = Vector512.Create(p[t]);
            T.LoadGroup(v, out var first, out var second);
            (a, b) = (Vector512.FusedMultiplyAdd(first, x, a), Vector512.FusedMultiplyAdd(second, x, b));
        }
        a.Store(sum);
        b.Store(sum + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* sum)
    {
        a.Store(sum);
        b.Store(sum + 16);
        c.Store(sum + 32);
        d.Store(sum + 48);
    }
}
