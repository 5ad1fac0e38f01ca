using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>
/// Spark Transformers and Gemma-2, by the names that Hugging Face gives Gemma-2. Spark re-uses them: gate_proj holds K1ᵀ [d_ff, r],
/// up_proj K2ᵀ [d_ff, d_model − r], down_proj V [d_model, d_ff].
/// </summary>
public sealed class SparkFamily : ModelFamily
{
    private const string Prefix = "model.", EmbeddingWithoutPrefix = "embed_tokens.weight";

    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["spark", "gemma2"];

    /// <inheritdoc/>
    public override string Head => "lm_head.weight";

    /// <inheritdoc/>
    public override bool Holds(ModelConfig config) => true;

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(string path, JsonElement root) => new SparkConfigReader(path, root).Model();

    /// <inheritdoc/>
    public override string WriteConfig(ModelConfig config, TensorType type) => SparkConfigWriter.Write(config, type);

    /// <inheritdoc/>
    public override IReadOnlyList<FileTensor> Files(WeightSlots weights) => [.. weights.Select(slot => FileTensor.Of(slot))];

    /// <summary>Embedding models are saved from the class without a head, whose names lack the prefix: <c>embed_tokens.weight</c>, <c>layers.0.…</c>.</summary>
    public override Func<string, string> NameOf(IReadOnlyCollection<string> names) =>
        names.Contains(EmbeddingWithoutPrefix) && !names.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal)) ? name => name == Head ? name : Prefix + name : name => name;

    /// <summary>Older versions of transformers and converters save the frequencies of the rotary embedding, and tables of them.</summary>
    public override bool IsBuffer(string name) => name.Split('.') is [.., "rotary_emb", "inv_freq" or "original_inv_freq" or "cos_cached" or "sin_cached"];
}
