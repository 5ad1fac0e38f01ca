using SparkTrain.Telemetry;

namespace SparkTrain.Trainer;

/// <summary>What the numbers of a step are to Prometheus, whose rules are https://prometheus.io/docs/practices/naming/; docs/metrics.md says more.</summary>
public static class MetricDescriptions
{
    private const string Source = "source";

    /// <summary>The descriptions, by the names in metrics.jsonl; those inside objects as object/name.</summary>
    public static IReadOnlyDictionary<string, MetricDescription> All { get; } = new Dictionary<string, MetricDescription>(Scores("ffn", "neurons").Concat(Scores("attention", "keys")))
    {
        ["step"] = new("Optimizer updates done."),
        ["tokens"] = new("Tokens trained on since the beginning of the run, all ranks."),
        ["loss"] = new("Cross-entropy of the step's targets before the update, in nats per token."),
        // A name with bits or bytes in it would be taken for a size, and its unit for the wrong one.
        ["bits_per_byte"] = new("Cross-entropy of the step's targets before the update, in bits per byte of text.", Name: "loss_bpb"),
        ["lr"] = new("Learning rate of the update."),
        ["grad_norm"] = new("Global L2 norm of the mean gradient, before clipping."),
        ["tokens_per_second"] = new("Tokens of the step over its wall time, all ranks."),
        ["mfu"] = new("Executed model FLOPs per second over the peak, from 0 to 1."),
        ["peak_teraflops"] = new("Peak rate of all ranks in 10^12 FLOPs a second, which mfu is a share of."),
        ["step_seconds"] = new("Wall time of the step."),
        ["data_wait_fraction"] = new("Share of the step that waited for data, from 0 to 1."),
        ["communication_fraction"] = new("Share of the step in which rank 0 waited for other ranks, from 0 to 1."),
        ["ffn_active_fraction"] = new("Share of non-zero FFN units over all tokens of the step, from 0 to 1."),
        ["ffn_active_fraction_by_layer"] = new("Share of non-zero FFN units of a layer over all tokens of the step, from 0 to 1."),
        ["attention_kept"] = new("Keys kept per query and head over all tokens of the step."),
        ["attention_kept_by_layer"] = new("Keys kept per query and head of a layer over all tokens of the step."),
        ["flops_executed_per_token"] = new("FLOPs of a token's forward pass as training executes it."),
        ["flops_executed_backward_per_token"] = new("FLOPs of a token's backward pass as training executes it."),
        ["flops_useful_per_token"] = new("FLOPs of a token's forward pass that the masks leave."),
        ["source_tokens"] = new("Tokens that a dataset has given since the beginning of the run.", Source),
        ["source_epochs"] = new("How often a dataset has been read through.", Source),
        ["val_loss"] = new("Cross-entropy on the validation split, in nats per token."),
        ["val_bits_per_byte"] = new("Cross-entropy on the validation split, in bits per byte of text.", Name: "val_loss_bpb"),
        ["val_loss_by_source"] = new("Cross-entropy on the validation split of a dataset, in nats per token.", Source),
        ["system/cores_busy"] = new("Processor cores that rank 0 kept busy since the last logged step."),
        ["system/memory_bytes"] = new("Memory that rank 0 holds."),
        ["system/machine_memory_bytes"] = new("Memory that rank 0's machine has, or its limit."),
        ["sparsity_audit/tokens"] = new("Tokens that neurons were counted on in an audit."),
        ["sparsity_audit/ffn_dead_fraction"] = new("Share of neurons that were active for no token of the last audits, from 0 to 1."),
        ["sparsity_audit/ffn_always_active_fraction"] = new("Share of neurons that were active for every token of the last audits, from 0 to 1."),
    };

    private static IEnumerable<KeyValuePair<string, MetricDescription>> Scores(string part, string entries)
    {
        foreach (var (name, help) in ((string, string)[])
        [
            ("kept_p5", $"Kept {entries} that 5 % of the rows do not exceed."),
            ("kept_p95", $"Kept {entries} that 95 % of the rows do not exceed."),
            ("topk_recall", $"Share of the {entries} with the k largest scores that is kept, from 0 to 1."),
            ("predictor_recall", $"Share of the k {entries} that would weigh most, were none dropped, that is kept, from 0 to 1."),
            ("threshold", $"Mean threshold of the scores of {entries}."),
            ("score_mean", $"Mean score of {entries}."),
            ("score_std", $"Standard deviation of the scores of {entries} in a row."),
            ("skewness", $"Skewness of the scores of {entries} in a row."),
            ("excess_kurtosis", $"Excess kurtosis of the scores of {entries} in a row."),
            ("gaussian_distance", $"Largest distance of the distribution of the scores of {entries} in a row from the normal one, from 0 to 1."),
        ])
            yield return new($"sparsity_audit/{part}/{name}", new(help));
    }
}
