namespace SparkTrain.Bench;

/// <summary>The dense model as a file for llama.cpp.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsOurs">True where it is deleted afterwards.</param>
internal sealed record LlamaModel(string Path, bool IsOurs) : IDisposable
{
    /// <summary>Means that llama.cpp takes no part.</summary>
    private const string None = "none";

    /// <summary>Takes a file, or writes it where it is not there; where none is named, a temporary one.</summary>
    /// <param name="gguf">Its path, nothing, or none.</param>
    /// <param name="config">The dense model's configuration.</param>
    public static LlamaModel? Use(string gguf, string config)
    {
        if (gguf == None) return null;
        var model = new LlamaModel(gguf.Length > 0 ? gguf : System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"sparktrain-bench-{Environment.ProcessId}.gguf"), gguf.Length == 0);
        if (File.Exists(model.Path)) return model;
        using var weights = new RandomWeights(DecodeModels.Shape(config), 1);
        DecodeModels.WriteGguf(weights, model.Path);
        return model;
    }

    /// <summary>Deletes a temporary file.</summary>
    public void Dispose()
    {
        if (IsOurs) File.Delete(Path);
    }
}
