using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Export;

/// <summary>A configuration that goes on training the model of a folder: the section Model is the folder's, the rest is to be looked through.</summary>
internal static partial class ImportedConfiguration
{
    private const int UsualSeqLen = 2048, UsualSequences = 32;

    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    // Values that no model has, so that keys without a default stay.
    private static readonly ModelConfig Defaults = new()
    {
        VocabSize = -1, DModel = -1, NumLayers = -1, MaxSeqLen = -1,
        Ffn = new() { Kind = (FfnKind)(-1), DFf = -1 },
        Attention = new() { Kind = (AttentionKind)(-1), NumHeads = -1, NumKvHeads = -1, HeadDim = -1, Window = -1 },
    };

    /// <summary>Renders it, with comments.</summary>
    /// <param name="folder">The model folder as it is to stand in the configuration.</param>
    /// <param name="model">Its model.</param>
    public static string Render(string folder, ModelConfig model)
    {
        var shape = JsonSerializer.SerializeToNode(model, Json)!.AsObject();
        Prune(shape, JsonSerializer.SerializeToNode(Defaults, Json)!.AsObject());
        string section = shape.ToJsonString(new() { WriteIndented = true }).ReplaceLineEndings("\n  ");
        int seqLen = Math.Min(UsualSeqLen, model.MaxSeqLen);
        string path = JsonSerializer.Serialize(folder), name = Name(folder);
        return $$"""
            {
              // Goes on training {{name}} from its weights. Look through what is marked below; `plan --config FILE` shows what it takes.
              "Run": { "Name": "{{name}}-further", "InitialModel": {{path}} },
              // The model of the folder; it has to stay as it is.
              "Model": {{section}},
              // Fill in: text prepared with the model's own tokenizer, prepare TEXT... --tokenizer {{path}} --output data
              "Data": { "Folder": "data" },
              // Fill in: length and batch. Sequences may be as long as MaxSeqLen.
              "Training": { "Steps": 1000, "SeqLen": {{seqLen}}, "GlobalBatchTokens": {{UsualSequences * seqLen}}, "MicroBatch": 1, "Compute": "BFloat16" },
              // Fill in: far below the learning rate that the model was pretrained with.
              "LrSchedule": { "Kind": "Cosine", "Lr": 1e-5, "WarmupSteps": 100 },
              "Validation": { "EverySteps": 200 },
              "Checkpoint": { "EverySteps": 200 }
            }

            """;
    }

    private static void Prune(JsonObject section, JsonObject defaults)
    {
        foreach (var (key, value) in section.ToList())
        {
            if (value is JsonObject inner && defaults[key] is JsonObject innerDefaults) Prune(inner, innerDefaults);
            if (value is JsonObject { Count: 0 } || JsonNode.DeepEquals(value, defaults[key])) section.Remove(key);
        }
    }

    private static string Name(string folder)
    {
        string name = NotInNames().Replace(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), "-").TrimStart('.', '_', '-');
        return name.Length == 0 ? "model" : name[..Math.Min(80, name.Length)];
    }

    [GeneratedRegex("[^A-Za-z0-9._-]")]
    private static partial Regex NotInNames();
}
