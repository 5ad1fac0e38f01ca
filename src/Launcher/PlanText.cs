using System.Globalization;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher;

/// <summary>Renders a plan for people.</summary>
internal static class PlanText
{
    public static void Write(RunPlan plan, string file, long availableBytes, TextWriter output)
    {
        var (config, p, m, t) = (plan.Config, plan.Parameters, plan.Memory, plan.Config.Training);
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        void Row(string name, FormattableString value) => Line($"  {name,-34}{value.ToString(CultureInfo.InvariantCulture),18}");

        Line($"{config.Run.Name} ({file})");
        Line($"  {config.Model.Ffn.Kind} FFN: {Share(config.Model.Ffn)}; {config.Model.Attention.Kind} attention: {Keys(config.Model.Attention)}");
        if (config.Run.InitialModel is { } folder) Line($"  begins with the weights of {folder}");
        Line($"\nParameters");
        Row("embedding (tied)", $"{p.Embedding:N0}");
        Row("attention", $"{p.Attention:N0}");
        Row("FFN", $"{p.Ffn:N0}");
        Row("norms", $"{p.Norms:N0}");
        Row("total", $"{p.Total:N0}");

        bool isSharded = config.Distributed.ShardsOptimizer(plan.WorldSize) && plan.WorldSize > 1;
        Line($"\nMemory of one rank (activations and runtime are estimates)");
        Row(isSharded ? $"weights, float32, shared by {plan.RanksPerHost} ranks" : "weights, float32", $"{Gigabytes(m.Weights)}");
        Row("gradients, float32", $"{Gigabytes(m.Gradients)}");
        Row(isSharded ? $"AdamW moments, 1/{plan.WorldSize}" : "AdamW moments, float32", $"{Gigabytes(m.Optimizer)}");
        Row("bfloat16 copies", $"{Gigabytes(m.ComputeCopies)}");
        if (m.Snapshot > 0) Row("snapshot for checkpoints", $"{Gigabytes(m.Snapshot)}");
        Row($"activations, {plan.Batch.Rows} × {t.SeqLen} tokens", $"{Gigabytes(m.Activations)}");
        Row("libraries and data", $"{Gigabytes(m.Runtime)}");
        Row("total", $"{Gigabytes(m.Total)}");
        if (isSharded) Row("without ShardOptimizer", $"{Gigabytes(plan.UnshardedMemory.Total)}");
        if (plan.RanksPerHost > 1)
        {
            Row($"{plan.RanksPerHost} ranks of one host", $"{Gigabytes(m.Total * plan.RanksPerHost)}");
            Row("of it in /dev/shm", $"{Gigabytes(m.Shared * plan.RanksPerHost)}");
        }
        Row("available here", $"{Gigabytes(availableBytes)}");
        if (m.Total * plan.RanksPerHost > availableBytes) Line($"  does not fit this machine");

        Line($"\nFLOPs of a forward pass, per token at {t.SeqLen} tokens of context (a multiply-add is 2)");
        Line($"  {"",-34}{"dense",14}{"at k",14}{"ratio",8}");
        Flops("FFN", plan.Dense.Ffn, plan.Sparse.Ffn);
        Flops("attention, scores and values", plan.Dense.AttentionDot, plan.Sparse.AttentionDot);
        Flops("attention, projections", plan.Dense.AttentionProjections, plan.Sparse.AttentionProjections);
        Flops("LM head", plan.Dense.LmHead, plan.Sparse.LmHead);
        Flops("all, true dimensions", plan.Dense.Total, plan.Sparse.Total);
        Flops("all without LM head", plan.Dense.Layers, plan.Sparse.Layers);
        Flops("paper's Table C.1 (no LM head)", plan.PaperTable.Dense.Layers, plan.PaperTable.Sparse.Layers);

        Line($"\nTraining");
        Row("steps", $"{t.Steps:N0}");
        Row("tokens a step", $"{t.GlobalBatchTokens:N0}");
        Row("tokens", $"{t.TotalTokens():N0}");
        Row("ranks × accumulation × sequences", $"{plan.WorldSize} × {plan.Batch.AccumulationSteps} × {plan.Batch.Rows}");
        Row("arithmetic", t.Compute == ComputeType.Auto ? (FormattableString)$"{ComputeChoice.Here(t)} (Auto, on this machine)" : $"{t.Compute}");
        Row("FLOPs, forward and backward", $"{plan.TrainingFlops:0.00E+0}");
        Row("a checkpoint", $"{Gigabytes(plan.CheckpointBytes)}");
        Row($"checkpoints kept, {plan.CheckpointsKept} at most", $"{Gigabytes(plan.CheckpointBytes * plan.CheckpointsKept)}");

        void Flops(string name, double dense, double sparse) => Line($"  {name,-34}{dense / 1e6,10:N1} MF{sparse / 1e6,11:N1} MF{dense / sparse,7:F2}x");
    }

    private static string Share(FfnConfig ffn) => ffn.HasTopk()
        ? string.Create(CultureInfo.InvariantCulture, $"k = {ffn.Active} of {ffn.DFf} neurons ({100.0 * ffn.Active / ffn.DFf:F1} %)")
        : string.Create(CultureInfo.InvariantCulture, $"all {ffn.DFf} neurons");

    private static string Keys(AttentionConfig attention) => attention.HasTopk() ? $"about {attention.Active} keys a query at most" : "all keys";

    private static string Gigabytes(long bytes) => bytes < 100_000_000
        ? (bytes / 1e6).ToString("F1", CultureInfo.InvariantCulture) + " MB"
        : MemoryEstimate.Gigabytes(bytes);
}
