using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The tensors of a checkpoint whose hashes were verified, put together from the ranks' pieces; each file is opened once.</summary>
/// <param name="checkpoint">The checkpoint's folder.</param>
/// <param name="manifest">Its manifest.</param>
public sealed unsafe class CheckpointReader(string checkpoint, CheckpointManifest manifest) : IDisposable
{
    private readonly Dictionary<string, SafetensorsFile> files = manifest.Files.Keys.ToDictionary(name => name, name => SafetensorsFile.Open(Path.Combine(checkpoint, name)));

    /// <summary>Copies a piece of a saved tensor.</summary>
    /// <param name="piece">The piece, which need not be one that was written.</param>
    /// <param name="target">Room for <see cref="TensorPiece.Count"/> floats.</param>
    /// <exception cref="CheckpointException">There is no such tensor of the piece's shape.</exception>
    public void CopyTo(TensorPiece piece, float* target)
    {
        var places = manifest.Tensors.GetValueOrDefault(piece.Name) ?? [];
        if (places.Sum(place => place.Length) != sizeof(float) * piece.Shape.Aggregate(1L, (a, b) => a * b)) throw OfAnotherModel(piece);
        long copied = 0;
        foreach (var place in places)
        {
            long count = place.Length / sizeof(float), begin = Math.Max(piece.First, place.First), end = Math.Min(piece.First + piece.Count, place.First + count);
            if (begin >= end) continue;
            string name = new TensorPiece(piece.Name, piece.Shape, place.First, count).Info.Name;
            var file = files[place.File];
            if (!file.Contains(name) || (count * sizeof(float) == places.Sum(p => p.Length) && !file.Info(name).Shape.SequenceEqual(piece.Shape))) throw OfAnotherModel(piece);
            Buffer.MemoryCopy(file.Pointer(name) + (begin - place.First) * sizeof(float), target + (begin - piece.First), (end - begin) * sizeof(float), (end - begin) * sizeof(float));
            copied += end - begin;
        }
        if (copied != piece.Count) throw OfAnotherModel(piece);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }

    private CheckpointException OfAnotherModel(TensorPiece piece) =>
        new(checkpoint, $"it holds no {piece.Name} of shape {TensorInfo.Text(piece.Shape)}", "a checkpoint of this model", "restore the Model section that it was trained with, or choose another Run.Name");
}
