namespace SparkTrain.Kernels;

/// <summary>
/// The keys and values of one unit, copied once into the layouts that the loops stream: rows padded to whole vectors for gathering, and panels for scoring
/// 32 keys at a time. Coordinates and keys that do not exist are 0.
/// </summary>
internal sealed unsafe class AttentionPack
{
    internal AttentionPack(AttentionPlan plan, AttentionUnit unit, float* k, float* v, Arena arena)
    {
        int keys = unit.KeyEnd - unit.KeyBegin, padded = AttentionPlan.Padded(plan.Scored);
        Keys = (keys + KeyPanels.Keys - 1) / KeyPanels.Keys * KeyPanels.Keys;
        KeyRows = arena.Take((long)Keys * plan.PackedWidth);
        ValueRows = arena.Take((long)Keys * plan.ValueWidth);
        for (int s = 0; s < keys; s++)
        {
            long source = (((long)unit.Batch * plan.Keys + unit.KeyBegin + s) * plan.KvHeads + unit.KvHead) * plan.Width;
            PackRow(k + source, plan, KeyRows + (long)s * plan.PackedWidth);
            Copy(v + source, plan.Width, ValueRows + (long)s * plan.ValueWidth);
        }
        ScoredPanels = new(KeyRows, plan.PackedWidth, plan.Scored, Keys, arena);
        RestPanels = new(KeyRows + padded, plan.PackedWidth, plan.Rest, Keys, arena);
        ValuePanels = new(ValueRows, plan.ValueWidth, plan.Width, Keys, arena);
        if (plan.Documents(unit.Batch) is not { } documents) return;
        Documents = (int*)arena.Take(Keys);
        for (int s = 0; s < Keys; s++) Documents[s] = s < keys ? documents[unit.KeyBegin + s] : -1;
    }

    /// <summary>Number of keys, padding included: whole panels.</summary>
    internal int Keys { get; }

    /// <summary>[key, packed width]</summary>
    internal float* KeyRows { get; }

    /// <summary>[key, value width]</summary>
    internal float* ValueRows { get; }

    /// <summary>The softmax part of the keys.</summary>
    internal KeyPanels ScoredPanels { get; }

    /// <summary>The softplus part of the keys.</summary>
    internal KeyPanels RestPanels { get; }

    /// <summary>The values.</summary>
    internal KeyPanels ValuePanels { get; }

    /// <summary>First key of each key's document; null without documents.</summary>
    internal int* Documents { get; }

    /// <summary>Copies a head into its two padded parts; the padding of <paramref name="target"/> must be 0.</summary>
    internal static void PackRow(float* head, AttentionPlan plan, float* target)
    {
        Copy(head, plan.Scored, target);
        Copy(head + plan.Scored, plan.Rest, target + AttentionPlan.Padded(plan.Scored));
    }

    /// <summary>Adds a packed row to a head.</summary>
    internal static void AddUnpacked(float* row, AttentionPlan plan, float* head)
    {
        VectorMath.Add(row, plan.Scored, head);
        VectorMath.Add(row + AttentionPlan.Padded(plan.Scored), plan.Rest, head + plan.Scored);
    }

    internal static void Copy(float* source, int count, float* target) => new Span<float>(source, count).CopyTo(new Span<float>(target, count));
}
