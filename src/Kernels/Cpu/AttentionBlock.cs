using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>
/// Eight queries of one head against the keys they see: scores, the choice of keys, softmax numerators. Forward and backward both come through here, in the
/// same order of operations, so both see bit for bit the same scores and the same choice.
/// </summary>
internal sealed unsafe class AttentionBlock
{
    /// <summary>Queries of a block.</summary>
    internal const int Rows = TileProduct.Rows;

    // Beyond this share of kept keys the dense products are faster than gathering.
    private const double DenseShare = 0.4;

    private readonly AttentionPlan plan;
    private readonly AttentionUnit unit;
    private readonly AttentionPack pack;
    private readonly int[] kept = new int[Rows];

    internal AttentionBlock(AttentionPlan plan, AttentionUnit unit, AttentionPack pack, Arena arena)
    {
        (this.plan, this.unit, this.pack) = (plan, unit, pack);
        Queries = arena.Take(Rows * plan.PackedWidth);
        Scores = arena.Take((long)Rows * pack.Keys);
        Softmax = arena.Take((long)Rows * pack.Keys);
        Chosen = (int*)arena.Take((long)Rows * (pack.Keys + Lanes));
    }

    // Kept keys of each row in rising order; 16 more entries take what is written past the end.
    private int* Chosen { get; }

    /// <summary>The keys that a row keeps, in rising order, filled up with key 0.</summary>
    internal int* ChosenKeys(int row) => Chosen + (long)row * (Stride + Lanes);

    /// <summary>Stride of the [row, key] buffers.</summary>
    internal int Stride => pack.Keys;

    /// <summary>First query of the block and the number of real ones.</summary>
    internal int First { get; private set; }
    internal int Count { get; private set; }

    /// <summary>Keys that any query of the block may see, whole panels, counted from the unit's first.</summary>
    internal int KeyBegin { get; private set; }
    internal int KeyEnd { get; private set; }

    /// <summary>Packed queries [row, packed width]; rows past <see cref="Count"/> are 0.</summary>
    internal float* Queries { get; }

    /// <summary>Capped scores: [row, key] in a dense block, else [row, j] for the j-th kept key.</summary>
    internal float* Scores { get; }

    /// <summary>e^(score − peak) · factor where a key is kept, 0 elsewhere; indexed as <see cref="Scores"/>.</summary>
    internal float* Softmax { get; }

    /// <summary>Number of keys that a row keeps.</summary>
    internal int Kept(int row) => kept[row];

    /// <summary>Number of visible keys whose second scores, values and gradients are computed for a row: in a dense block all, else those it keeps.</summary>
    internal int Touched(int row) => IsDense ? Math.Min(plan.First + First + row + 1, plan.Window) : kept[row];

    /// <summary>True where so many keys are kept that products over all of them are faster than gathering.</summary>
    internal bool IsDense { get; private set; }

    /// <summary>Moves to the block that begins at query <paramref name="first"/> of <paramref name="head"/> and computes its scores.</summary>
    internal void Load(float* q, int head, int first)
    {
        (First, Count) = (first, Math.Min(Rows, unit.End - first));
        int position = plan.First + first;
        KeyBegin = (Math.Max(0, position - plan.Window + 1) - unit.KeyBegin) / KeyPanels.Keys * KeyPanels.Keys;
        KeyEnd = Math.Min(pack.Keys, (position + Count - unit.KeyBegin + KeyPanels.Keys - 1) / KeyPanels.Keys * KeyPanels.Keys);
        new Span<float>(Queries, Rows * plan.PackedWidth).Clear();
        for (int row = 0; row < Count; row++) AttentionPack.PackRow(q + plan.Row(unit.Batch, first + row, head), plan, Queries + row * plan.PackedWidth);
        MultiplyPanels(Queries, plan.PackedWidth, pack.ScoredPanels.UpTo(KeyEnd), plan.Scored, Scores);
        if (plan.Softcap > 0)
            for (int row = 0; row < Count; row++) Cap(Scores + (long)row * Stride, KeyBegin, KeyEnd, plan.Softcap);
        for (int row = 0; row < Rows; row++) new Span<float>(Softmax + (long)row * Stride + KeyBegin, KeyEnd - KeyBegin).Clear();
        Array.Clear(kept);
    }

    /// <summary>result[row, key] = left[row] · panel key, over the block's keys.</summary>
    internal void MultiplyPanels(float* left, int leftStride, float* panels, int width, float* result)
    {
        for (int key = KeyBegin; key < KeyEnd; key += KeyPanels.Keys)
            TileProduct.Run(left, leftStride, 1, panels + (long)key * width, KeyPanels.Keys, result + key, Stride, KeyPanels.Keys, width, add: false);
    }

    /// <summary>Returns the smallest score that row keeps (−∞ keeps all) and its largest visible score.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal (float Cut, float Peak) Threshold(int row)
    {
        float* scores = Scores + (long)row * Stride;
        var (begin, end, document) = Visible(row);
        int most = end - begin;
        bool selects = plan.Selects && most > plan.Active;
        var statistics = new RowStatistics(scores[begin]);
        var peaks = Vector512.Create(float.NegativeInfinity);
        var seen = Vector512<int>.Zero;
        for (int key = begin & -Lanes; key < end; key += Lanes)
        {
            var score = Vector512.Load(scores + key);
            var mask = Mask(key, begin, end, document);
            peaks = Vector512.MaxNative(peaks, Vector512.ConditionalSelect(mask, score, Vector512.Create(float.NegativeInfinity)));
            if (!selects) continue;
            statistics.Add(score, mask);
            seen -= mask.AsInt32();
        }
        float peak = Largest(peaks);
        int visible = Vector512.Sum(seen);
        if (!selects || visible <= plan.Active) return (float.NegativeInfinity, peak);
        var (mean, deviation) = statistics.Of(visible, plan.Correction);
        return (MathF.Min((float)(mean + deviation * plan.Quantiles[visible]), peak), peak);
    }

    /// <summary>Lists the row's visible scores ≥ <paramref name="cut"/>. Dense attention keeps all it sees and needs no list.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Keep(int row, float cut)
    {
        if (!plan.Selects) return;
        float* scores = Scores + (long)row * Stride;
        int* chosen = ChosenKeys(row);
        var (begin, end, document) = Visible(row);
        int count = 0;
        for (int key = begin & -Lanes; key < end; key += Lanes)
        {
            ulong bits = Kept(scores, key, begin, end, document, cut).ExtractMostSignificantBits();
            // Four at once without a branch: how many are kept of 16 is what branch prediction cannot know. Entries past the count are overwritten.
            int* next = chosen + count;
            count += BitOperations.PopCount(bits);
            for (; bits != 0; next += 4)
                for (int i = 0; i < 4; i++, bits &= bits - 1) next[i] = key + BitOperations.TrailingZeroCount(bits);
        }
        kept[row] = count;
        for (int i = 0; i < Lanes; i++) chosen[count + i] = 0;
    }

    /// <summary>Decides, once every row has its list, how the rest of the block is computed.</summary>
    internal void Decide() => IsDense = !plan.Selects || kept.Sum() > DenseShare * Rows * (KeyEnd - KeyBegin);

    /// <summary>Fills the row of <see cref="Softmax"/> with e^(score − peak) · factor and returns its sum.</summary>
    internal float Weigh(int row, float cut, float peak, float factor) => IsDense ? WeighAll(row, cut, peak, factor) : WeighChosen(row, peak, factor);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private float WeighAll(int row, float cut, float peak, float factor)
    {
        float* scores = Scores + (long)row * Stride, softmax = Softmax + (long)row * Stride;
        var (begin, end, document) = Visible(row);
        var sum = Vector512<float>.Zero;
        int count = 0;
        for (int key = begin & -Lanes; key < end; key += Lanes)
        {
            var keep = Kept(scores, key, begin, end, document, cut);
            var e = Exp(Vector512.Load(scores + key) - Vector512.Create(peak)) * Vector512.Create(factor) & keep;
            sum += e;
            e.Store(softmax + key);
            count += BitOperations.PopCount(keep.ExtractMostSignificantBits());
        }
        kept[row] = count;
        return Vector512.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private float WeighChosen(int row, float peak, float factor)
    {
        float* scores = Scores + (long)row * Stride, softmax = Softmax + (long)row * Stride;
        int* chosen = ChosenKeys(row);
        int count = kept[row];
        // The list rises, so the scores can move to the front in place.
        for (int j = 0; j < count; j++) scores[j] = scores[chosen[j]];
        for (int j = count; j % Lanes != 0; j++) scores[j] = float.NegativeInfinity;
        var sum = Vector512<float>.Zero;
        for (int j = 0; j < count; j += Lanes)
        {
            var score = Vector512.Load(scores + j);
            var e = Vector512.AndNot(Exp(score - Vector512.Create(peak)) * Vector512.Create(factor), Vector512.Equals(score, Vector512.Create(float.NegativeInfinity)));
            sum += e;
            e.Store(softmax + j);
        }
        return Vector512.Sum(sum);
    }

    // "Not below" keeps NaN, so that a broken score reaches the loss.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Kept(float* scores, int key, int begin, int end, int document, float cut) =>
        Vector512.AndNot(Mask(key, begin, end, document), Vector512.LessThan(Vector512.Load(scores + key), Vector512.Create(cut)));

    // [begin, end) and the document of a row's query, counted from the unit's first key.
    private (int Begin, int End, int Document) Visible(int row)
    {
        int position = plan.First + First + row, document = pack.Documents == null ? 0 : pack.Documents[position - unit.KeyBegin];
        int begin = Math.Max(document, position - plan.Window + 1);
        return (Math.Max(0, begin - unit.KeyBegin), position + 1 - unit.KeyBegin, document);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Mask(int key, int begin, int end, int document)
    {
        var index = Vector512<int>.Indices + Vector512.Create(key);
        var mask = Vector512.GreaterThanOrEqual(index, Vector512.Create(begin)) & Vector512.LessThan(index, Vector512.Create(end));
        if (pack.Documents != null) mask &= Vector512.Equals(Vector512.Load(pack.Documents + key), Vector512.Create(document));
        return mask.AsSingle();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cap(float* scores, int begin, int end, float softcap)
    {
        var (cap, inverse) = (Vector512.Create(softcap), Vector512.Create(1 / softcap));
        for (int key = begin; key < end; key += Lanes) (cap * Tanh(Vector512.Load(scores + key) * inverse)).Store(scores + key);
    }
}
