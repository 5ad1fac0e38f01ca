using System.Globalization;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Inspection;

/// <summary>Renders a model's shape and weights for people.</summary>
internal static class ModelText
{
    /// <summary>Sums a configuration up in a few rows.</summary>
    public static void Write(ModelConfig model, TextWriter output)
    {
        void Row(string name, FormattableString value) => output.WriteLine($"  {name,-16}{value.ToString(CultureInfo.InvariantCulture)}");
        var (parameters, ffn, attention) = (ParameterCount.Of(model), model.Ffn, model.Attention);
        Row("parameters", $"{parameters.Total:N0} ({parameters.NonEmbedding:N0} without embedding)");
        Row("model", $"{model.NumLayers} layers, width {model.DModel}, {model.VocabSize:N0} tokens, sequences of {model.MaxSeqLen:N0}");
        Row("FFN", $"{ffn.Kind}, {ffn.DFf} neurons{(ffn.HasTopk() ? $", about {ffn.Active} active" : "")}");
        Row("attention", $"{attention.Kind}, {attention.NumHeads} heads of {attention.HeadDim} on {attention.NumKvHeads} key heads{(attention.HasTopk() ? $", about {attention.Active} keys a query" : "")}");
    }

    /// <summary>Sums a model folder up.</summary>
    public static void Write(ModelFolder folder, bool listsTensors, TextWriter output)
    {
        output.WriteLine($"{folder.Path}: a model");
        Write(folder.Config, output);
        TensorInfo[] weights = [.. Weights(folder)];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {"weights",-16}{weights.Length:N0} tensors, {string.Join(" and ", weights.Select(weight => weight.Type).Distinct())}, {weights.Sum(weight => weight.ByteLength):N0} bytes"));
        if (!listsTensors) return;
        output.WriteLine("  tensors");
        foreach (var weight in weights) output.WriteLine($"    {weight.Name}  {weight.Type} {TensorInfo.Text(weight.Shape)}");
    }

    /// <summary>The weights in the order of the forward pass.</summary>
    public static IEnumerable<TensorInfo> Weights(ModelFolder folder) => folder.Tensors.Select(tensor => folder.FileOf(tensor.Name).Info(tensor.Name));
}
