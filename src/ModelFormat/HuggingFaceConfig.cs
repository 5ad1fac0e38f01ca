using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Input;

namespace SparkTrain.ModelFormat;

/// <summary>Maps <see cref="ModelConfig"/> to and from a Hugging Face <c>config.json</c>, of whatever family.</summary>
public static class HuggingFaceConfig
{
    /// <summary>Bytes that a config.json may have.</summary>
    public const int MaxBytes = 16 << 20;

    private const int LongestShown = 80;

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="ModelFormatException">The file is missing or not JSON, a key is missing or of the wrong type, or it asks for something that its family lacks.</exception>
    public static ModelConfig Read(string path) => Read(path, out _);

    /// <summary>Reads a config.json and tells its family.</summary>
    /// <exception cref="ModelFormatException">As <see cref="Read(string)"/>.</exception>
    public static ModelConfig Read(string path, out ModelFamily family)
    {
        JsonElement root;
        try
        {
            using var document = JsonText.Parse(RegularFile.ReadAllBytes(path, MaxBytes));
            root = document.RootElement.Clone();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ModelFormatException(path, $"it cannot be read ({e.Reason()})", "the config.json of a model folder", "check the path", e);
        }
        if (root.ValueKind != JsonValueKind.Object) throw Bad(path, "the file holds no JSON object", "the config.json of a model folder");
        string type = root.TryGetProperty("model_type", out var value) ? value.ToString() : "";
        family = ModelFamily.OfType(type) ?? throw Bad(path, $"model_type is '{Short(type)}'", string.Join(" or ", ModelFamily.AllModelTypes));
        return family.ReadConfig(path, root);
    }

    /// <summary>Renders the config.json of a model.</summary>
    public static string Write(ModelConfig config, TensorType type) => ModelFamily.Of(config).WriteConfig(config, type);

    /// <summary>What Hugging Face calls a type of weights.</summary>
    public static string NameOf(TensorType type) => type switch { TensorType.BF16 => "bfloat16", TensorType.F16 => "float16", _ => "float32" };

    /// <summary>Renders the generation_config.json that tells other programs which tokens begin and end a text.</summary>
    public static string WriteGeneration(int? bos, int eos)
    {
        var json = new JsonObject { ["eos_token_id"] = eos, ["do_sample"] = true };
        if (bos is not null) json.Insert(0, "bos_token_id", bos);
        return Text(json);
    }

    internal static string Text(JsonObject json) => json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";

    internal static string Short(string text) => text.Length <= LongestShown ? text : text[..LongestShown] + "…";

    internal static ModelFormatException Bad(string path, string found, string expected) => new(path, found, expected, "use a model folder of the Spark or Gemma-2 family, or correct config.json");
}
