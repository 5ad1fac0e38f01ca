using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The tensors of a checkpoint whose hashes were verified, put together from the ranks' pieces; each file is opened once.</summary>
public sealed unsafe class CheckpointReader : IDisposable
{
    private readonly string checkpoint;
    private readonly CheckpointManifest manifest;
    private readonly Dictionary<string, SafetensorsFile> files = [];

    /// <summary>Opens the files.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="CheckpointException">A file is missing or is no safetensors file.</exception>
    public CheckpointReader(string checkpoint, CheckpointManifest manifest)
    {
        (this.checkpoint, this.manifest) = (checkpoint, manifest);
        foreach (string name in manifest.Files.Keys)
            try
            {
                files.Add(name, SafetensorsFile.Open(Path.Combine(checkpoint, name)));
            }
            catch (Exception e) when (e is ModelFormatException or IOException or UnauthorizedAccessException)
            {
                Dispose();
                throw Damaged(name, $"the shard cannot be opened ({e.Message.Split('\n')[0].TrimEnd('.')})", e);
            }
    }

    /// <summary>Copies a piece of a saved tensor.</summary>
    /// <param name="piece">The piece, which need not be one that was written.</param>
    /// <param name="target">Room for <see cref="TensorPiece.Count"/> floats.</param>
    /// <exception cref="CheckpointException">There is no such tensor of the piece's shape, or a shard has something else in its place.</exception>
    public void CopyTo(TensorPiece piece, float* target)
    {
        var places = manifest.Tensors.GetValueOrDefault(piece.Name) ?? [];
        if (places.Sum(place => place.Length) != sizeof(float) * piece.Shape.Aggregate(1L, (a, b) => a * b)) throw OfAnotherModel(piece);
        long copied = 0;
        foreach (var place in places)
        {
            long count = place.Length / sizeof(float), begin = Math.Max(piece.First, place.First), end = Math.Min(piece.First + piece.Count, place.First + count);
            if (begin >= end) continue;
            float* values = Values(piece, place, count);
            Buffer.MemoryCopy(values + (begin - place.First), target + (begin - piece.First), (end - begin) * sizeof(float), (end - begin) * sizeof(float));
            copied += end - begin;
        }
        if (copied != piece.Count) throw OfAnotherModel(piece);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }

    // The shard's own header says what lies there; the manifest must say the same.
    private float* Values(TensorPiece piece, TensorPlace place, long count)
    {
        var (file, expected) = (files[place.File], new TensorPiece(piece.Name, piece.Shape, place.First, count).Info);
        if (!file.Contains(expected.Name) || file.Info(expected.Name) is var found && (found.Type != TensorType.F32 || found.Count != count || file.Offset(expected.Name) != place.Offset))
            throw Damaged(place.File, $"the shard has no {expected.Name} of {count} float32 at byte {place.Offset}, where the manifest places it");
        if (!found.Shape.SequenceEqual(expected.Shape)) throw OfAnotherModel(piece);
        return (float*)(file.Pointer(expected.Name));
    }

    private CheckpointException Damaged(string file, string found, Exception? inner = null) =>
        new(Path.Combine(checkpoint, file), found, "the shard as it was saved", "delete this checkpoint folder; the run resumes from the one before", inner);

    private CheckpointException OfAnotherModel(TensorPiece piece) =>
        new(checkpoint, $"it holds no {piece.Name} of shape {TensorInfo.Text(piece.Shape)}", "a checkpoint of this model", "restore the Model section that it was trained with, or choose another Run.Name");
}
