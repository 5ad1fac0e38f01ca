namespace SparkTrain.Model;

/// <summary>Moves weights between a model and a model folder.</summary>
public static class ModelWeights
{
    /// <summary>Creates the model of a folder with its weights; float32, bfloat16 and float16 files become float32 master weights.</summary>
    /// <exception cref="ModelFormatException">A value is not finite.</exception>
    public static Transformer Load(ModelFolder folder, ComputeOptions options)
    {
        var model = new Transformer(folder.Config, options);
        Fill(model, folder);
        return model;
    }

    /// <summary>Fills a model with the weights of a folder, one at a time in memory.</summary>
    /// <exception cref="ModelFormatException">A value is not finite.</exception>
    public static void Fill(Transformer model, ModelFolder folder)
    {
        using var noGradient = no_grad();
        foreach (var (slot, weight) in model.Weights)
        {
            using var scope = NewDisposeScope();
            var values = Read(folder, slot);
            if (!values.isfinite().all().item<bool>())
                throw new ModelFormatException(folder.FileOf(slot).Path, $"{slot.Name} holds values that are not finite", "numbers", "fetch or write the folder again");
            weight.copy_(values);
        }
    }

    /// <summary>Fills a model with the weights of any source, one at a time in memory.</summary>
    public static void Fill(Transformer model, IWeightSource source)
    {
        using var noGradient = no_grad();
        foreach (var (slot, weight) in model.Weights)
        {
            using var values = Read(source, slot);
            weight.copy_(values);
        }
    }

    /// <summary>Writes config.json and model.safetensors into a folder, which is created when it is missing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The folder.</param>
    /// <param name="type">F32, or BF16 (each weight rounded once, to nearest even).</param>
    /// <exception cref="IOException">The disk is full or the path is not writable.</exception>
    public static void Save(Transformer model, string path, TensorType type)
    {
        if (type is not (TensorType.F32 or TensorType.BF16)) throw new ArgumentOutOfRangeException(nameof(type), type, "models are saved as F32 or BF16");
        Directory.CreateDirectory(path);
        using var source = new LiveWeights(model);
        using var weights = new WeightConversion(source, type);
        ShardedSafetensors.Write(path, weights, model.Config, long.MaxValue);
        File.WriteAllText(Path.Combine(path, ModelFolder.ConfigFile), HuggingFaceConfig.Write(model.Config, type));
    }

    /// <summary>True where a folder holds these weights, bit for bit, in float32.</summary>
    /// <param name="path">The folder, which need not be there.</param>
    /// <param name="model">The model.</param>
    public static bool AreIn(string path, Transformer model)
    {
        try
        {
            using var folder = ModelFolder.Open(path);
            return folder.Weights.Count == model.Weights.Count && model.Weights.Zip(folder.Weights).All(pair => IsIn(folder, pair.Second, pair.First.Slot, pair.First.Weight));
        }
        catch (Exception e) when (e is ModelFormatException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Returns a weight of a source as a new CPU tensor in the source's type.</summary>
    public static unsafe Tensor Read(IWeightSource source, WeightSlot slot)
    {
        var type = source.TypeOf(slot);
        var tensor = empty(slot.Shape, Dtype(type));
        long bytes = slot.Count * type.Size();
        using var memory = new Native.TensorMemory();
        Buffer.MemoryCopy(source.Read(slot), memory.Pointer(tensor), bytes, bytes);
        return tensor;
    }

    private static bool IsIn(ModelFolder folder, WeightSlot there, WeightSlot slot, Tensor weight)
    {
        using var scope = NewDisposeScope();
        return there.Name == slot.Name && there.Shape.SequenceEqual(slot.Shape) && folder.TypeOf(there) == TensorType.F32 && Read(folder, there).eq(weight.detach().cpu()).all().item<bool>();
    }

    private static ScalarType Dtype(TensorType type) => type switch
    {
        TensorType.F32 => ScalarType.Float32,
        TensorType.BF16 => ScalarType.BFloat16,
        TensorType.F16 => ScalarType.Float16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "weights are F32, BF16 or F16"),
    };
}
