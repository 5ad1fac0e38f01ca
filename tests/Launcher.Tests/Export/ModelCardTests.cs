using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Launcher.Export;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Tests.Export;

public sealed class ModelCardTests : IDisposable
{
    private static readonly ModelConfig Spark = new()
    {
        VocabSize = 258, DModel = 32, NumLayers = 2, MaxSeqLen = 64,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 96, PredictorDim = 16, Active = 8 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 4, NumKvHeads = 2, HeadDim = 8, PredictorDim = 4, Active = 8, Window = 16 },
    };

    private static readonly ModelConfig Dense = Spark with { Ffn = new() { Kind = FfnKind.Gated, DFf = 64 }, Attention = Spark.Attention with { Kind = AttentionKind.Dense, PredictorDim = 0, Active = 0 } };

    private readonly string metrics = Path.GetTempFileName();

    public void Dispose() => File.Delete(metrics);

    [Fact]
    public void It_tells_what_was_measured_at_the_checkpoint_or_last_before_it()
    {
        Log("""{"step":10,"tokens":100,"ffn_active_fraction_by_layer":[0.5,0.5],"attention_kept_by_layer":[1,1],"val_loss":9,"val_bits_per_byte":9}""",
            """{"step":20,"tokens":200,"ffn_active_fraction_by_layer":[0.0826,0.1],"attention_kept_by_layer":[7.26,8]}""",
            """{"step":25,"tokens":250,"val_loss":1.48144,"val_bits_per_byte":2.13726}""",
            """{"step":30,"tokens":300,"ffn_active_fraction_by_layer":[1,1],"attention_kept_by_layer":[32,32],"val_loss":0,"val_bits_per_byte":0}""");
        string card = Render(step: 25);
        foreach (string line in (string[])
            ["# mine", "A Spark Transformer of 26,976 parameters (18,720 without the embedding), pretrained with SparkTrain. It continues text; it was not taught to follow instructions.", "- activation-sparsity",
             "| FFN | Spark, 96 neurons, predictor of 16, aims at 8 active ones |", "| attention | Spark, 4 heads of 8 on 2 key heads, window 16 in local layers, predictor of 4, aims at 8 keys a query |", "| weights | BF16, tied embedding |",
             "| step | 25 of 30 |", "| tokens | 6,400 |", "| sequence length | 32 |", "| learning rate, highest | 0.01 |", "| validation loss | 1.4814 nats per token, 2.1373 bits per byte |",
             "Measured on the training batch of step 20: the share of FFN units that were not zero, and the keys that a query kept, on sequences of 32 tokens.",
             "| 0 | Spark | 8.26 % | Spark | 7.3 |", "| 1 | Spark | 10.00 % | Spark | 8.0 |", "| mean | | 9.13 % | | 7.6 |", "    dotnet Launcher.dll generate --model mine --prompt \"The \""])
            Assert.Contains("\n" + line + "\n", card, StringComparison.Ordinal);
        Assert.DoesNotContain("license:", card.Replace("# license: to be chosen", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_known_is_not_said()
    {
        string card = Render(step: 25);
        Assert.Contains("\n| validation loss | not measured at this step |\n", card, StringComparison.Ordinal);
        Assert.Contains("\n## Measured sparsity\n\nNot measured.\n", card, StringComparison.Ordinal);
        Assert.Contains(", trained further with SparkTrain.\n", Render(step: 25, initialModel: "gemma"), StringComparison.Ordinal);
        Assert.Contains("\n| initial weights | gemma |\n", Render(step: 25, initialModel: "gemma"), StringComparison.Ordinal);

        string other = ModelCard.Render("mine", Dense, TensorType.F32, asGemma2: true, null);
        foreach (string line in (string[])["library_name: transformers", "- gemma2", "A dense Gemma-2 model of 26,976 parameters (18,720 without the embedding).", "Not known: these weights came as a model folder.", "Not measured."])
            Assert.Contains("\n" + line + "\n", other, StringComparison.Ordinal);
    }

    private void Log(params string[] lines) => File.WriteAllLines(metrics, lines);

    private string Render(long step, string? initialModel = null) => ModelCard.Render("mine", Spark, TensorType.BF16, asGemma2: false, RunFacts.Read(new()
    {
        FormatVersion = 3, CodeVersion = "0.1.0", Progress = new(step, 256 * step, 8 * step, 1), WorldSize = 1, Seed = 1, DataFingerprint = "f", Files = new Dictionary<string, ShardFile>(), Tensors = new Dictionary<string, IReadOnlyList<TensorPlace>>(),
        Config = JsonNode.Parse("""{"Run":{"Name":"tiny"},"Training":{"Steps":30,"SeqLen":32,"GlobalBatchTokens":256,"Compute":"Float32"},"LrSchedule":{"Lr":0.01}}""")!.AsObject() is var config && initialModel is not null ? With(config, initialModel) : config,
    }, metrics));

    private static JsonObject With(JsonObject config, string initialModel)
    {
        config["Run"]!["InitialModel"] = initialModel;
        return config;
    }
}
