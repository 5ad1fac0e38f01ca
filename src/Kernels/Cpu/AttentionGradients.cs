namespace SparkTrain.Kernels;

/// <summary>The share of dk and dv that one unit contributes, packed like its keys.</summary>
internal sealed unsafe class AttentionGradients : IDisposable
{
    private readonly AttentionPlan plan;
    private readonly AttentionUnit unit;
    private readonly Arena arena = new();

    internal AttentionGradients(AttentionPlan plan, AttentionUnit unit, int keys)
    {
        (this.plan, this.unit) = (plan, unit);
        Keys = arena.Take((long)keys * plan.PackedWidth);
        Values = arena.Take((long)keys * plan.ValueWidth);
    }

    /// <summary>[key, packed width]</summary>
    internal float* Keys { get; }

    /// <summary>[key, value width]</summary>
    internal float* Values { get; }

    /// <summary>Adds this share to the gradients [B, S, G, E].</summary>
    internal void AddTo(float* dk, float* dv)
    {
        for (int s = 0; s < unit.KeyEnd - unit.KeyBegin; s++)
        {
            long target = (((long)unit.Batch * plan.Keys + unit.KeyBegin + s) * plan.KvHeads + unit.KvHead) * plan.Width;
            AttentionPack.AddUnpacked(Keys + (long)s * plan.PackedWidth, plan, dk + target);
            VectorMath.Add(Values + (long)s * plan.ValueWidth, plan.Width, dv + target);
        }
    }

    public void Dispose() => arena.Dispose();
}
