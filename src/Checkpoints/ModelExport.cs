using System.Text;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.ModelFormat.Gguf;

namespace SparkTrain.Checkpoints;

/// <summary>A file of a model folder beside the weights: text, or a copy of a file that is elsewhere.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Text">What it says; null where it is a copy.</param>
/// <param name="CopyOf">What it is a copy of; null where it is text.</param>
public sealed record FolderFile(string Name, string? Text = null, string? CopyOf = null)
{
    /// <summary>Writes it into a folder, and flushes it to the disk.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    /// <exception cref="ModelFormatException">What is to be copied cannot be read.</exception>
    public void WriteTo(string folder)
    {
        using Stream content = CopyOf is null ? new MemoryStream(Encoding.UTF8.GetBytes(Text!)) : Open(CopyOf);
        using var file = new FileStream(Path.Combine(folder, Name), FileMode.Create, FileAccess.Write);
        content.CopyTo(file);
        file.Flush(flushToDisk: true);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return RegularFile.OpenRead(path);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new ModelFormatException(path, $"it cannot be copied ({e.Reason()})", "a file that this user may read", "correct or delete it", e);
        }
    }
}

/// <summary>Makes a model folder, Hugging Face style, or a GGUF file of a model, one weight at a time in memory; it is there once all of it is.</summary>
public static class ModelExport
{
    /// <summary>Writes the weights, in one file or in shards with an index, and the other files. Returns the number of files that hold weights and their bytes.</summary>
    /// <param name="source">The weights.</param>
    /// <param name="output">The folder to make.</param>
    /// <param name="type">F32, BF16 or F16 (each weight rounded once, to nearest even); null leaves each as it is.</param>
    /// <param name="maxShardBytes">Bytes of weights in a file at most.</param>
    /// <param name="files">The other files, config.json among them.</param>
    /// <exception cref="CheckpointException">The output is in the way or not writable, or a checkpoint is not what its manifest says.</exception>
    /// <exception cref="ModelFormatException">A weight is too large for F16.</exception>
    public static (int Files, long Bytes) Write(IWeightSource source, string output, TensorType? type, long maxShardBytes, IEnumerable<FolderFile> files)
    {
        (int, long) written = default;
        Publish(output, folder =>
        {
            using var weights = new WeightConversion(source, type);
            var shards = ShardedSafetensors.Write(folder, weights, source.Config, maxShardBytes);
            foreach (var file in files) file.WriteTo(folder);
            written = (shards.Count, shards.Sum(shard => shard.Sum(tensor => tensor.ByteLength)));
        });
        return written;
    }

    /// <summary>Makes a model folder, which is there once all of it is.</summary>
    /// <param name="output">The folder.</param>
    /// <param name="build">Writes its files into the folder that it is given.</param>
    /// <exception cref="CheckpointException">The output is in the way or not writable.</exception>
    public static void Publish(string output, Action<string> build)
    {
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        RequireFree(output);
        Attempt(output, () => DurableFolder.Publish(output, build));
    }

    /// <summary>Writes a GGUF file; returns its bytes.</summary>
    /// <param name="source">The weights of a dense model.</param>
    /// <param name="output">The file to make.</param>
    /// <param name="name">The model's name, for people.</param>
    /// <param name="type">Type of the matrices.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="CheckpointException">The output is in the way or not writable, or a checkpoint is not what its manifest says.</exception>
    /// <exception cref="ModelFormatException">llama.cpp cannot run this model, or a weight is too large for F16.</exception>
    public static long WriteGguf(IWeightSource source, string output, string name, TensorType type, GgufTokenizer tokenizer)
    {
        output = Path.GetFullPath(output);
        if (Directory.Exists(output)) throw InTheWay(output, "it is a folder", "a file that is not there yet");
        if (File.Exists(output)) throw InTheWay(output, "it is there already", "a file that is not there yet");
        Attempt(output, () => DurableFolder.PublishFile(output, temporary => GgufFile.Write(temporary, name, source, type, tokenizer)));
        return new FileInfo(output).Length;
    }

    /// <summary>Refuses a place where something is.</summary>
    /// <exception cref="CheckpointException">It is a file, or a folder that is not empty.</exception>
    public static void RequireFree(string output)
    {
        const string Expected = "an empty folder, or none yet";
        if (File.Exists(output)) throw InTheWay(output, "it is a file", Expected);
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()) throw InTheWay(output, "the folder is not empty", Expected);
    }

    private static void Attempt(string output, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            var (expected, remedy) = IoFailure.Explain(e);
            throw new CheckpointException(output, $"the model was not written ({e.Reason()})", expected, $"choose another --output, or {remedy}", e);
        }
    }

    private static CheckpointException InTheWay(string output, string found, string expected) => new(output, found, expected, "delete it, or choose another --output");
}
