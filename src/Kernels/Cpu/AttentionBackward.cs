using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>
/// The backward pass of one unit. With p the softmax over the kept keys, w = p ∘ softplus(b) and dw = do · v: dv = w do, db = dw p σ(b),
/// da = p (dw softplus(b) − Σ w dw), and the soft cap takes da · (1 − (a/c)²) to the scores. Only kept keys take part.
/// </summary>
internal sealed unsafe class AttentionBackward
{
    private readonly AttentionPlan plan;
    private readonly AttentionUnit unit;
    private readonly AttentionPack pack;
    private readonly AttentionBlock block;
    private readonly float* upstream, rest, toWeights, weights, toScores, toRest, dq;

    private AttentionBackward(AttentionPlan plan, AttentionUnit unit, AttentionPack pack, Arena arena, AttentionGradients gradients)
    {
        (this.plan, this.unit, this.pack) = (plan, unit, pack);
        block = new AttentionBlock(plan, unit, pack, arena);
        long entries = (long)AttentionBlock.Rows * pack.Keys;
        upstream = arena.Take(AttentionBlock.Rows * plan.ValueWidth);
        rest = arena.Take(entries);
        toWeights = arena.Take(entries);
        weights = arena.Take(entries);
        toScores = arena.Take(entries);
        toRest = arena.Take(entries);
        dq = arena.Take(AttentionBlock.Rows * plan.PackedWidth);
        Gradients = gradients;
    }

    private AttentionGradients Gradients { get; }

    /// <summary>Runs unit <paramref name="index"/>: writes its part of dq, returns its parts of dk and dv.</summary>
    internal static AttentionGradients Run(AttentionPlan plan, int index, float* q, float* k, float* v, float* saved_BHT3, float* g, float* dq_BTHE)
    {
        using var arena = new Arena();
        var unit = plan.Unit(index);
        var pack = new AttentionPack(plan, unit, k, v, arena);
        var gradients = new AttentionGradients(plan, unit, pack.Keys);
        var pass = new AttentionBackward(plan, unit, pack, arena, gradients);
        int group = plan.Heads / plan.KvHeads;
        for (int head = unit.KvHead * group; head < (unit.KvHead + 1) * group; head++)
            for (int first = unit.Begin; first < unit.End; first += AttentionBlock.Rows) pass.Block(head, first, q, saved_BHT3, g, dq_BTHE);
        return gradients;
    }

    private void Block(int head, int first, float* q, float* saved_BHT3, float* g, float* dq_BTHE)
    {
        block.Load(q, head, first);
        new Span<float>(upstream, AttentionBlock.Rows * plan.ValueWidth).Clear();
        for (int row = 0; row < block.Count; row++)
        {
            float* saved = saved_BHT3 + (plan.Query(unit.Batch, head, first) + row) * AttentionForward.Saved;
            block.Keep(row, saved[0]);
            AttentionPack.Copy(g + plan.Row(unit.Batch, first + row, head), plan.Width, upstream + row * plan.ValueWidth);
        }
        block.Decide();
        for (int row = 0; row < block.Count; row++)
        {
            float* saved = saved_BHT3 + (plan.Query(unit.Batch, head, first) + row) * AttentionForward.Saved;
            block.Weigh(row, saved[0], saved[1], saved[2]);
        }
        if (block.IsDense) Dense();
        else
            for (int row = 0; row < block.Count; row++) Gathered(row);
        for (int row = 0; row < block.Count; row++)
            AttentionPack.AddUnpacked(dq + row * plan.PackedWidth, plan, dq_BTHE + plan.Row(unit.Batch, first + row, head));
    }

    private void Dense()
    {
        int padded = AttentionPlan.Padded(plan.Scored), restWidth = plan.PackedWidth - padded, keys = block.KeyEnd - block.KeyBegin;
        if (plan.Rest > 0) block.MultiplyPanels(block.Queries + padded, plan.PackedWidth, pack.RestPanels.UpTo(block.KeyEnd), plan.Rest, rest);
        block.MultiplyPanels(upstream, plan.ValueWidth, pack.ValuePanels.UpTo(block.KeyEnd), plan.Width, toWeights);
        for (int row = 0; row < AttentionBlock.Rows; row++)
        {
            long at = (long)row * block.Stride + block.KeyBegin;
            Weigh(block.Scores + at, block.Softmax + at, rest + at, toWeights + at, weights + at, toScores + at, toRest + at, keys);
        }
        long from = block.KeyBegin;
        float* keyRows = pack.KeyRows + from * plan.PackedWidth;
        int stride = plan.PackedWidth;
        TileProduct.Run(toScores + from, block.Stride, 1, keyRows, stride, dq, stride, padded, keys, add: false);
        if (plan.Rest > 0) TileProduct.Run(toRest + from, block.Stride, 1, keyRows + padded, stride, dq + padded, stride, restWidth, keys, add: false);
        for (long key = from; key < block.KeyEnd; key += TileProduct.Rows)
        {
            float* dk = Gradients.Keys + key * plan.PackedWidth;
            float* dv = Gradients.Values + key * plan.ValueWidth;
            AddTransposed(weights + key, upstream, plan.ValueWidth, dv, plan.ValueWidth);
            AddTransposed(toScores + key, block.Queries, plan.PackedWidth, dk, padded);
            if (plan.Rest > 0) AddTransposed(toRest + key, block.Queries + padded, plan.PackedWidth, dk + padded, restWidth);
        }
    }

    // target[key] += Σ factor[query, key] · vector[query] for eight keys.
    private void AddTransposed(float* factors, float* vectors, int stride, float* target, int width) =>
        TileProduct.Run(factors, 1, block.Stride, vectors, stride, target, stride, width, AttentionBlock.Rows, add: true);

    private void Gathered(int row)
    {
        int padded = AttentionPlan.Padded(plan.Scored), restWidth = plan.PackedWidth - padded;
        int count = block.Kept(row);
        int* chosen = block.ChosenKeys(row);
        long at = (long)row * block.Stride;
        float* query = block.Queries + row * plan.PackedWidth, target = dq + row * plan.PackedWidth, g = upstream + row * plan.ValueWidth;
        if (plan.Rest > 0) GatheredRows.Dot(query + padded, pack.KeyRows + padded, plan.PackedWidth, restWidth, chosen, count, rest);
        GatheredRows.Dot(g, pack.ValueRows, plan.ValueWidth, plan.ValueWidth, chosen, count, toWeights);
        Weigh(block.Scores + at, block.Softmax + at, rest, toWeights, weights, toScores, toRest, count);
        GatheredRows.Add(g, Gradients.Values, plan.ValueWidth, plan.ValueWidth, chosen, weights, count);
        GatheredRows.Sum(pack.KeyRows, plan.PackedWidth, padded, chosen, toScores, count, target);
        GatheredRows.Add(query, Gradients.Keys, plan.PackedWidth, padded, chosen, toScores, count);
        if (plan.Rest == 0) return;
        GatheredRows.Sum(pack.KeyRows + padded, plan.PackedWidth, restWidth, chosen, toRest, count, target + padded);
        GatheredRows.Add(query + padded, Gradients.Keys + padded, plan.PackedWidth, restWidth, chosen, toRest, count);
    }

    /// <summary>From p, b and dw of one query to w, da (through the soft cap) and db; where p is 0 all three are.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Weigh(float* scores, float* p, float* b, float* dw, float* w, float* da, float* db, int count)
    {
        var sum = Vector512<float>.Zero;
        bool spark = plan.Rest > 0;
        for (int i = 0; i < count; i += Lanes)
        {
            var pi = Vector512.Load(p + i);
            var dropped = Vector512.Equals(pi, Vector512<float>.Zero);
            if (dropped.AsInt32() == Vector512<int>.AllBitsSet)
            {
                pi.Store(w + i);
                pi.Store(da + i);
                pi.Store(db + i);
                continue;
            }
            var toWeight = Vector512.AndNot(Vector512.Load(dw + i), dropped);
            var gain = Vector512<float>.One;
            if (spark)
            {
                var bi = Vector512.AndNot(Vector512.Load(b + i), dropped);
                gain = Softplus(bi);
                (toWeight * pi * Sigmoid(bi)).Store(db + i);
            }
            var weight = pi * gain;
            weight.Store(w + i);
            sum = Vector512.FusedMultiplyAdd(weight, toWeight, sum);
            (toWeight * gain).Store(da + i);
        }
        float mean = Vector512.Sum(sum), inverse = plan.Softcap > 0 ? 1 / plan.Softcap : 0;
        for (int i = 0; i < count; i += Lanes)
        {
            var capped = Vector512.Load(scores + i) * Vector512.Create(inverse);
            var slope = Vector512<float>.One - capped * capped;
            var pi = Vector512.Load(p + i);
            (pi * (Vector512.Load(da + i) - Vector512.Create(mean)) * slope).Store(da + i);
        }
    }
}
