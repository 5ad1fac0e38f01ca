using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The model that a checkpoint is of, as its manifest describes it.</summary>
public static class SavedModel
{
    private const string Section = "Model", Optimizer = "optimizer.";

    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) }, RespectNullableAnnotations = true };

    /// <summary>Returns the model's shape.</summary>
    /// <exception cref="CheckpointException">The configuration of the checkpoint has none that is valid.</exception>
    public static ModelConfig Config(string checkpoint, CheckpointManifest manifest)
    {
        try
        {
            var config = manifest.Config[Section].Deserialize<ModelConfig>(Json) ?? throw new JsonException("there is none");
            foreach (var (_, section) in config.Sections()) Validator.ValidateObject(section, new(section), validateAllProperties: true);
            return config;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ValidationException)
        {
            throw new CheckpointException(Path.Combine(checkpoint, CheckpointManifest.FileName), $"the section {Section} of its configuration cannot be used ({e.Reason()})", "the model that was trained", "use a checkpoint of another step", e);
        }
    }

    /// <summary>Lists the tensors: weights in the order of the forward pass, then all others by name.</summary>
    /// <exception cref="CheckpointException">The configuration of the checkpoint describes no valid model.</exception>
    public static IReadOnlyList<SavedTensor> Tensors(string checkpoint, CheckpointManifest manifest)
    {
        var weights = WeightSlots.Of(Config(checkpoint, manifest));
        var shapes = weights.ToDictionary(weight => weight.Name, weight => weight.Shape);
        var order = weights.Index().ToDictionary(weight => weight.Item.Name, weight => weight.Index);
        return [.. manifest.Tensors
            .OrderBy(tensor => order.GetValueOrDefault(tensor.Key, int.MaxValue)).ThenBy(tensor => tensor.Key, StringComparer.Ordinal)
            .Select(tensor => new SavedTensor(tensor.Key, TensorType.F32, shapes.GetValueOrDefault(WeightOf(tensor.Key)) ?? [tensor.Value.Sum(place => place.Length) / sizeof(float)], tensor.Value))];
    }

    /// <summary>How the names of tensors begin that hold a state of the optimizer, such as AdamW's <c>m</c>: <c>optimizer.m.</c>, then the weight.</summary>
    public static string OptimizerPrefix(string slot) => $"{Optimizer}{slot}.";

    /// <summary>Lists the names of the optimizer's state in a checkpoint.</summary>
    public static IReadOnlyList<string> OptimizerSlots(CheckpointManifest manifest) =>
        [.. manifest.Tensors.Keys.Where(IsOptimizer).Select(SlotOf).Distinct().Order(StringComparer.Ordinal)];

    private static bool IsOptimizer(string tensor) => tensor.StartsWith(Optimizer, StringComparison.Ordinal) && tensor.IndexOf('.', Optimizer.Length) > 0;

    private static string SlotOf(string tensor) => tensor[Optimizer.Length..tensor.IndexOf('.', Optimizer.Length)];

    private static string WeightOf(string tensor) => IsOptimizer(tensor) ? tensor[OptimizerPrefix(SlotOf(tensor)).Length..] : tensor;
}

/// <summary>A tensor of a checkpoint.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Pieces">Where its bytes lie, in the order of its elements.</param>
public sealed record SavedTensor(string Name, TensorType Dtype, IReadOnlyList<long> Shape, IReadOnlyList<TensorPlace> Pieces);
