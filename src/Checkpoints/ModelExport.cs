using System.Runtime.InteropServices;
using System.Text;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>Makes a model folder, Hugging Face style, of a checkpoint, whatever number of ranks wrote it. Holds one tensor at a time in memory.</summary>
public static unsafe class ModelExport
{
    /// <summary>Writes config.json, model.safetensors and the tokenizer's files; the folder is there once all of it is.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="manifest">Its manifest, of verified hashes.</param>
    /// <param name="output">The folder to make.</param>
    /// <param name="type">F32, or BF16 (each weight rounded once, to nearest even).</param>
    /// <param name="tokenizer">The folder of the tokenizer; none is written where it is absent.</param>
    /// <exception cref="CheckpointException">The output is in the way or not writable, or the checkpoint is not what its manifest says.</exception>
    public static void Write(string checkpoint, CheckpointManifest manifest, string output, TensorType type, string tokenizer)
    {
        if (type is not (TensorType.F32 or TensorType.BF16)) throw new ArgumentOutOfRangeException(nameof(type), type, "models are saved as F32 or BF16");
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        RequireFree(output);
        var config = SavedModel.Config(checkpoint, manifest);
        using var saved = new CheckpointReader(checkpoint, manifest);
        try
        {
            DurableFolder.Publish(output, folder =>
            {
                WriteWeights(saved, TensorNames.Of(config), type, Path.Combine(folder, ModelFolder.WeightsFile));
                DurableFolder.WriteFile(Path.Combine(folder, ModelFolder.ConfigFile), Encoding.UTF8.GetBytes(HuggingFaceConfig.Write(config, type)));
                if (!Directory.Exists(tokenizer)) return;
                foreach (string file in Directory.GetFiles(tokenizer)) DurableFolder.WriteFile(Path.Combine(folder, Path.GetFileName(file)), File.ReadAllBytes(file));
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(output, $"the model was not written ({e.Message.TrimEnd('.')})", "a writable folder with room", "free space, or choose another --output", e);
        }
    }

    private static void WriteWeights(CheckpointReader saved, IReadOnlyList<(string Name, long[] Shape)> weights, TensorType type, string file)
    {
        long largest = weights.Max(weight => new TensorInfo(weight.Name, TensorType.F32, weight.Shape).ByteLength);
        void* values = NativeMemory.Alloc(checked((nuint)largest));
        try
        {
            SafetensorsWriter.Write(file, [.. weights.Select(weight => (new TensorInfo(weight.Name, type, weight.Shape), Source(weight.Name, weight.Shape)))], new Dictionary<string, string> { ["format"] = "pt" });
        }
        finally
        {
            NativeMemory.Free(values);
        }

        // The writer asks for one tensor after the other, so the memory serves all of them.
        SafetensorsWriter.Source Source(string name, long[] shape) => () =>
        {
            long count = shape.Aggregate(1L, (a, b) => a * b);
            saved.CopyTo(new(name, shape, 0, count), (float*)values);
            if (type == TensorType.BF16) Bfloat16.Round((float*)values, count, (ushort*)values);
            return (byte*)values;
        };
    }

    /// <summary>Refuses a place where something is.</summary>
    /// <exception cref="CheckpointException">It is a file, or a folder that is not empty.</exception>
    public static void RequireFree(string output)
    {
        if (File.Exists(output)) throw InTheWay(output, "it is a file");
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()) throw InTheWay(output, "the folder is not empty");
    }

    private static CheckpointException InTheWay(string output, string found) => new(output, found, "an empty folder, or none yet", "delete it, or choose another --output");
}
