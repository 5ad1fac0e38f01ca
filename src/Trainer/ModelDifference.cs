using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>Compares the shapes of two models key by key.</summary>
internal static class ModelDifference
{
    /// <summary>Lists the keys of Model that differ, each with both values.</summary>
    /// <param name="wanted">The model of a configuration.</param>
    /// <param name="found">The model of a folder.</param>
    public static IReadOnlyList<string> Of(ModelConfig wanted, ModelConfig found)
    {
        List<string> differences = [];
        Compare("Model", Json(wanted), Json(found));
        return differences;

        void Compare(string path, JsonNode? a, JsonNode? b)
        {
            if (a is JsonObject section && b is JsonObject other)
                foreach (var (key, value) in section) Compare($"{path}.{key}", value, other[key]);
            else if (!JsonNode.DeepEquals(a, b))
                differences.Add($"{path} is {a?.ToJsonString() ?? "null"}, that of the folder {b?.ToJsonString() ?? "null"}");
        }
    }

    // What is written out and what is left out may mean the same.
    private static JsonNode? Json(ModelConfig model)
    {
        var attention = model.Attention;
        bool isUsual = Enumerable.Range(0, model.NumLayers).All(layer => attention.SpanOf(layer) == (attention with { Layers = [] }).SpanOf(layer));
        return JsonSerializer.SerializeToNode(model with
        {
            Attention = attention with { Layers = isUsual ? [] : attention.Layers, QueryPreAttnScalar = attention.QueryPreAttnScalar ?? attention.HeadDim },
        }, TrainState.ConfigOptions);
    }
}
