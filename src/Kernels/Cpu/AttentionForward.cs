using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>The forward pass of one unit: o = Σ w v over the kept keys, w = softmax(a) or, for Spark, softmax(a) ∘ softplus(b).</summary>
internal static unsafe class AttentionForward
{
    /// <summary>Numbers kept per query for the backward pass: cut, peak, 1 / Σ e^(a − peak).</summary>
    internal const int Saved = 3;

    internal static void Run(AttentionPlan plan, int index, float* q, float* k, float* v, float* o, float* saved_BHT3, int* kept_BHT, int* touched_BHT)
    {
        using var arena = new Arena();
        var unit = plan.Unit(index);
        var pack = new AttentionPack(plan, unit, k, v, arena);
        var block = new AttentionBlock(plan, unit, pack, arena);
        float* rest = plan.Rest > 0 ? arena.Take((long)AttentionBlock.Rows * pack.Keys) : null;
        float* weights = arena.Take((long)AttentionBlock.Rows * pack.Keys);
        float* output = arena.Take(AttentionBlock.Rows * plan.ValueWidth);
        int group = plan.Heads / plan.KvHeads;
        for (int head = unit.KvHead * group; head < (unit.KvHead + 1) * group; head++)
            for (int first = unit.Begin; first < unit.End; first += AttentionBlock.Rows)
            {
                block.Load(q, head, first);
                long query = plan.Query(unit.Batch, head, first);
                for (int row = 0; row < block.Count; row++)
                {
                    float* saved = saved_BHT3 + (query + row) * Saved;
                    (saved[0], saved[1]) = block.Threshold(row);
                    block.Keep(row, saved[0]);
                }
                block.Decide();
                for (int row = 0; row < block.Count; row++)
                {
                    float* saved = saved_BHT3 + (query + row) * Saved;
                    saved[2] = 1 / block.Weigh(row, saved[0], saved[1], 1);
                    if (kept_BHT != null) kept_BHT[query + row] = block.Kept(row);
                    if (touched_BHT != null) touched_BHT[query + row] = block.Touched(row);
                }
                if (block.IsDense) Dense(plan, pack, block, rest, weights, output);
                else Gathered(plan, pack, block, rest, weights, output);
                for (int row = 0; row < block.Count; row++)
                    Scale(output + row * plan.ValueWidth, saved_BHT3[(query + row) * Saved + 2], plan.Width, o + plan.Row(unit.Batch, first + row, head));
            }
    }

    private static void Dense(AttentionPlan plan, AttentionPack pack, AttentionBlock block, float* rest, float* weights, float* output)
    {
        float* factors = block.Softmax;
        if (plan.Rest > 0)
        {
            block.MultiplyPanels(block.Queries + AttentionPlan.Padded(plan.Scored), plan.PackedWidth, pack.RestPanels.UpTo(block.KeyEnd), plan.Rest, rest);
            for (int row = 0; row < AttentionBlock.Rows; row++)
            {
                long at = (long)row * block.Stride;
                TimesSoftplus(block.Softmax + at, rest + at, block.KeyBegin, block.KeyEnd, weights + at);
            }
            factors = weights;
        }
        TileProduct.Run(factors + block.KeyBegin, block.Stride, 1, pack.ValueRows + (long)block.KeyBegin * plan.ValueWidth, plan.ValueWidth,
            output, plan.ValueWidth, plan.ValueWidth, block.KeyEnd - block.KeyBegin, add: false);
    }

    private static void Gathered(AttentionPlan plan, AttentionPack pack, AttentionBlock block, float* rest, float* weights, float* output)
    {
        int padded = AttentionPlan.Padded(plan.Scored);
        for (int row = 0; row < block.Count; row++)
        {
            float* factors = block.Softmax + (long)row * block.Stride;
            int* chosen = block.ChosenKeys(row);
            int count = block.Kept(row);
            if (plan.Rest > 0)
            {
                float* query = block.Queries + row * plan.PackedWidth + padded;
                GatheredRows.Dot(query, pack.KeyRows + padded, plan.PackedWidth, plan.PackedWidth - padded, chosen, count, rest);
                TimesSoftplus(factors, rest, 0, count, weights);
                factors = weights;
            }
            GatheredRows.Sum(pack.ValueRows, plan.ValueWidth, plan.ValueWidth, chosen, factors, count, output + row * plan.ValueWidth);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TimesSoftplus(float* softmax, float* rest, int begin, int end, float* weights)
    {
        for (int i = begin; i < end; i += Lanes)
        {
            var e = Vector512.Load(softmax + i);
            // Rests of lists may be stale; a factor of 0 must stay 0 whatever they hold.
            var used = Vector512.Equals(e, Vector512<float>.Zero);
            if (used.AsInt32() == Vector512<int>.AllBitsSet) e.Store(weights + i);
            else Vector512.AndNot(e * Softplus(Vector512.Load(rest + i)), used).Store(weights + i);
        }
    }
}
