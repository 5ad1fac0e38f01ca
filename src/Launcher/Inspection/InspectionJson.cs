using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Inspection;

/// <summary>Renders for programs what <see cref="CheckpointTable"/>, <see cref="CheckpointText"/> and <see cref="ModelText"/> render for people.</summary>
internal static class InspectionJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of(string folder, IReadOnlyList<CheckpointEntry> entries, IReadOnlyDictionary<long, double> valLosses) => Text(new JsonObject
    {
        ["folder"] = folder,
        ["checkpoints"] = new JsonArray([.. entries.Select(entry => Entry(entry, valLosses))]),
    });

    public static string Of(CheckpointEntry entry, CheckpointManifest manifest, IReadOnlyDictionary<long, double> valLosses, bool listsTensors, bool showsConfig)
    {
        var json = Entry(entry, valLosses);
        json["format_version"] = manifest.FormatVersion;
        json["code_version"] = manifest.CodeVersion;
        json["next_sample"] = manifest.Progress.NextSample;
        json["seconds"] = manifest.Progress.Seconds;
        json["seed"] = manifest.Seed;
        json["data_fingerprint"] = manifest.DataFingerprint;
        json["parameters"] = Node(ParameterCount.Of(SavedModel.Config(entry.Folder, manifest)));
        json["tensor_count"] = manifest.Tensors.Count;
        json["files"] = Node(manifest.Files);
        if (listsTensors) json["tensors"] = new JsonArray([.. SavedModel.Tensors(entry.Folder, manifest).Select(tensor => Tensor(new(tensor.Name, tensor.Dtype, tensor.Shape), Node(tensor.Pieces)))]);
        if (showsConfig) json["config"] = manifest.Config.DeepClone();
        return Text(json);
    }

    public static string Of(ModelFolder folder, bool listsTensors)
    {
        TensorInfo[] weights = [.. ModelText.Weights(folder)];
        var json = new JsonObject
        {
            ["folder"] = folder.Path,
            ["model"] = Node(folder.Config),
            ["parameters"] = Node(ParameterCount.Of(folder.Config)),
            ["tensor_count"] = weights.Length,
            ["dtypes"] = new JsonArray([.. weights.Select(weight => (JsonNode)weight.Type.ToString()).DistinctBy(type => type.ToString())]),
            ["bytes"] = weights.Sum(weight => weight.ByteLength),
        };
        if (listsTensors) json["tensors"] = new JsonArray([.. weights.Select(weight => Tensor(weight, null))]);
        return Text(json);
    }

    private static JsonObject Entry(CheckpointEntry entry, IReadOnlyDictionary<long, double> valLosses) => new()
    {
        ["folder"] = entry.Folder,
        ["state"] = Node(entry.State),
        ["reason"] = entry.Reason,
        ["step"] = entry.Step,
        ["tokens"] = entry.Manifest?.Progress.Tokens,
        ["ranks"] = entry.Manifest?.WorldSize,
        ["bytes"] = entry.Bytes,
        ["written"] = Node(entry.WrittenUtc),
        ["val_loss"] = valLosses.TryGetValue(entry.Step, out double loss) ? loss : null,
        ["verified"] = entry.Problems is null ? null : entry.Problems.Count == 0,
        ["problems"] = entry.Problems is null ? null : new JsonArray([.. entry.Problems.Select(problem => new JsonObject { ["where"] = problem.Where, ["found"] = problem.Found })]),
    };

    private static JsonObject Tensor(TensorInfo info, JsonNode? pieces)
    {
        var json = new JsonObject { ["name"] = info.Name, ["dtype"] = info.Type.ToString(), ["shape"] = Node(info.Shape) };
        if (pieces is not null) json["pieces"] = pieces;
        return json;
    }

    private static JsonNode? Node<T>(T value) => JsonSerializer.SerializeToNode(value, Options);

    private static string Text(JsonObject json) => json.ToJsonString(Options);
}
