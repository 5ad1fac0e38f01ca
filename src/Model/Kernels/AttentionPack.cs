namespace SparkTrain.Model.Kernels;

/// <summary>
/// The keys and values of one unit, copied once into the layouts that the loops stream: rows padded to whole vectors for gathering, and panels of 32 keys
/// [panel, coordinate, key] for scoring 32 keys at a time. Coordinates that do not exist are 0.
/// </summary>
internal sealed unsafe class AttentionPack
{
    /// <summary>Keys of one panel.</summary>
    internal const int PanelKeys = 32;

    internal AttentionPack(AttentionPlan plan, AttentionUnit unit, float* k, float* v, Arena arena, bool forBackward)
    {
        Keys = (unit.KeyEnd - unit.KeyBegin + PanelKeys - 1) / PanelKeys * PanelKeys;
        int keys = unit.KeyEnd - unit.KeyBegin;
        KeyRows = arena.Take((long)Keys * plan.PackedWidth);
        ValueRows = arena.Take((long)Keys * plan.ValueWidth);
        ScoredPanels = arena.Take((long)Keys * plan.Scored);
        RestPanels = arena.Take((long)Keys * plan.Rest);
        ValuePanels = forBackward ? arena.Take((long)Keys * plan.Width) : null;
        for (int s = 0; s < keys; s++)
        {
            long source = (((long)unit.Batch * plan.Keys + unit.KeyBegin + s) * plan.KvHeads + unit.KvHead) * plan.Width;
            PackRow(k + source, plan, KeyRows + (long)s * plan.PackedWidth);
            Copy(v + source, plan.Width, ValueRows + (long)s * plan.ValueWidth);
            ToPanel(k + source, plan.Scored, s, ScoredPanels);
            ToPanel(k + source + plan.Scored, plan.Rest, s, RestPanels);
            if (forBackward) ToPanel(v + source, plan.Width, s, ValuePanels);
        }
        Documents = null;
        if (plan.Documents(unit.Batch) is not { } documents) return;
        Documents = (int*)arena.Take(Keys);
        for (int s = 0; s < Keys; s++) Documents[s] = s < keys ? documents[unit.KeyBegin + s] : -1;
    }

    /// <summary>Number of keys, padding included: a multiple of 32.</summary>
    internal int Keys { get; }

    /// <summary>[key, packed width]</summary>
    internal float* KeyRows { get; }

    /// <summary>[key, value width]</summary>
    internal float* ValueRows { get; }

    /// <summary>The softmax part of the keys in panels.</summary>
    internal float* ScoredPanels { get; }

    /// <summary>The softplus part of the keys in panels.</summary>
    internal float* RestPanels { get; }

    /// <summary>The values in panels; null in the forward pass.</summary>
    internal float* ValuePanels { get; }

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
        for (int i = 0; i < plan.Scored; i++) head[i] += row[i];
        row += AttentionPlan.Padded(plan.Scored) - plan.Scored;
        for (int i = plan.Scored; i < plan.Width; i++) head[i] += row[i];
    }

    internal static void Copy(float* source, int count, float* target) => new Span<float>(source, count).CopyTo(new Span<float>(target, count));

    private static void ToPanel(float* row, int width, int key, float* panels)
    {
        float* target = panels + (long)(key / PanelKeys) * PanelKeys * width + key % PanelKeys;
        for (int i = 0; i < width; i++) target[i * PanelKeys] = row[i];
    }
}
