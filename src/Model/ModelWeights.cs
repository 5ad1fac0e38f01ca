namespace SparkTrain.Model;

/// <summary>Moves weights between a model and a model folder.</summary>
public static class ModelWeights
{
    /// <summary>Creates the model of a folder with its weights; float32, bfloat16 and float16 files become float32 master weights.</summary>
    /// <exception cref="ModelFormatException">A value is not finite.</exception>
    public static SparkTransformer Load(ModelFolder folder, ComputeOptions options)
    {
        var model = new SparkTransformer(folder.Config, options);
        Fill(model, folder);
        return model;
    }

    /// <summary>Fills a model with the weights of a folder, one at a time in memory.</summary>
    /// <exception cref="ModelFormatException">A value is not finite.</exception>
    public static void Fill(SparkTransformer model, ModelFolder folder)
    {
        using var noGradient = no_grad();
        foreach (var (name, weight) in model.Weights)
        {
            using var scope = NewDisposeScope();
            var values = Read(folder.FileOf(name), name);
            if (!values.isfinite().all().item<bool>())
                throw new ModelFormatException(folder.FileOf(name).Path, $"{name} holds values that are not finite", "numbers", "fetch or write the folder again");
            weight.copy_(values);
        }
    }

    /// <summary>Writes config.json and model.safetensors into a folder, which is created when it is missing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The folder.</param>
    /// <param name="type">F32, or BF16 (each weight rounded once, to nearest even).</param>
    /// <exception cref="IOException">The disk is full or the path is not writable.</exception>
    public static void Save(SparkTransformer model, string path, TensorType type)
    {
        var dtype = type is TensorType.F32 or TensorType.BF16 ? Dtype(type) : throw new ArgumentOutOfRangeException(nameof(type), type, "models are saved as F32 or BF16");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var memory = new Native.TensorMemory();
        // The writer asks for one tensor after the other, so one converted copy at a time is enough.
        Tensor? copy = null;
        unsafe SafetensorsWriter.Source Converted(Tensor weight) => () =>
        {
            copy?.Dispose();
            copy = weight.detach().to(dtype, CPU).contiguous();
            return (byte*)memory.Pointer(copy);
        };
        var tensors = model.Weights.Select(w => (new TensorInfo(w.Name, type, w.Weight.shape), Converted(w.Weight))).ToList();
        Directory.CreateDirectory(path);
        SafetensorsWriter.Write(Path.Combine(path, ModelFolder.WeightsFile), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        File.WriteAllText(Path.Combine(path, ModelFolder.ConfigFile), HuggingFaceConfig.Write(model.Config, type));
    }

    /// <summary>True where a folder holds these weights, bit for bit, in float32.</summary>
    /// <param name="path">The folder, which need not be there.</param>
    /// <param name="model">The model.</param>
    public static bool AreIn(string path, SparkTransformer model)
    {
        try
        {
            using var file = SafetensorsFile.Open(Path.Combine(path, ModelFolder.WeightsFile));
            return model.Weights.All(w => IsIn(file, w.Name, w.Weight));
        }
        catch (Exception e) when (e is ModelFormatException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Returns a tensor of a file as a new CPU tensor in the file's type.</summary>
    public static unsafe Tensor Read(SafetensorsFile file, string name)
    {
        var info = file.Info(name);
        var tensor = empty([.. info.Shape], Dtype(info.Type));
        using var memory = new Native.TensorMemory();
        Buffer.MemoryCopy(file.Pointer(name), memory.Pointer(tensor), info.ByteLength, info.ByteLength);
        return tensor;
    }

    private static bool IsIn(SafetensorsFile file, string name, Tensor weight)
    {
        using var scope = NewDisposeScope();
        return file.Contains(name) && file.Info(name).Type == TensorType.F32 && file.Info(name).Shape.SequenceEqual(weight.shape) && Read(file, name).eq(weight.detach().cpu()).all().item<bool>();
    }

    private static ScalarType Dtype(TensorType type) => type switch
    {
        TensorType.F32 => ScalarType.Float32,
        TensorType.BF16 => ScalarType.BFloat16,
        TensorType.F16 => ScalarType.Float16,
        TensorType.F64 => ScalarType.Float64,
        TensorType.I64 => ScalarType.Int64,
        TensorType.I32 => ScalarType.Int32,
        _ => ScalarType.Byte,
    };
}
