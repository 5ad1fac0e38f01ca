using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SparkTrain.Checkpoints;

/// <summary>Where two checkpoints differ.</summary>
/// <param name="Where">A tensor's name, with the element's number in row-major order.</param>
/// <param name="Expected">What the first checkpoint has there.</param>
/// <param name="Found">What the second one has.</param>
public sealed record TensorDifference(string Where, string Expected, string Found);

/// <summary>Compares the tensors of two checkpoints bit by bit, whatever the numbers of ranks that wrote them.</summary>
public static class CheckpointComparison
{
    private const int ChunkElements = 1 << 18;

    /// <summary>Returns the first difference in the order of the tensors' names; null where all tensors have the same bits.</summary>
    /// <exception cref="CheckpointException">A manifest cannot be read.</exception>
    /// <exception cref="IOException">A file is missing or too short.</exception>
    public static TensorDifference? FirstDifference(string expected, string found)
    {
        var (a, b) = (CheckpointManifest.Read(expected), CheckpointManifest.Read(found));
        // The same files hold the same tensors.
        if (a.Files.Count == b.Files.Count && a.Files.All(file => b.Files.TryGetValue(file.Key, out var other) && other == file.Value)) return null;
        using var expectedTensors = new TensorFiles(expected, a);
        using var foundTensors = new TensorFiles(found, b);
        return a.Tensors.Keys.Union(b.Tensors.Keys).Order(StringComparer.Ordinal).Select(name => Compare(name, expectedTensors, foundTensors)).FirstOrDefault(difference => difference is not null);
    }

    private static TensorDifference? Compare(string name, TensorFiles expected, TensorFiles found)
    {
        long count = expected.CountOf(name);
        if (count != found.CountOf(name)) return new(name, Elements(count), Elements(found.CountOf(name)));
        for (long at = 0; at < count; at += ChunkElements)
        {
            int length = (int)Math.Min(ChunkElements, count - at);
            var (a, b) = (expected.Read(name, at, length), found.Read(name, at, length));
            int same = a.AsSpan().CommonPrefixLength(b);
            if (same < length) return new(string.Create(CultureInfo.InvariantCulture, $"{name}, element {at + same}"), Value(a[same]), Value(b[same]));
        }
        return null;
    }

    private static string Elements(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} elements");

    // Zeros of both signs, and the many NaNs, are equal as numbers or as text, but not as bits.
    private static string Value(uint bits) => string.Create(CultureInfo.InvariantCulture, $"{BitConverter.UInt32BitsToSingle(bits)} (bits {bits:x8})");

    /// <summary>The files of a checkpoint, opened as they are needed.</summary>
    private sealed class TensorFiles(string checkpoint, CheckpointManifest manifest) : IDisposable
    {
        private readonly Dictionary<string, SafeFileHandle> files = [];

        public long CountOf(string tensor) => manifest.Tensors.TryGetValue(tensor, out var places) ? places.Sum(place => place.Length) / sizeof(float) : 0;

        public uint[] Read(string tensor, long first, int count)
        {
            var values = new uint[count];
            foreach (var place in manifest.Tensors[tensor])
            {
                long begin = Math.Max(first, place.First), end = Math.Min(first + count, place.First + place.Length / sizeof(float));
                if (begin >= end) continue;
                var target = MemoryMarshal.AsBytes(values.AsSpan((int)(begin - first), (int)(end - begin)));
                for (int read = 0, more; read < target.Length; read += more)
                    if ((more = RandomAccess.Read(File(place.File), target[read..], place.Offset + (begin - place.First) * sizeof(float) + read)) == 0)
                        throw new EndOfStreamException($"{Path.Combine(checkpoint, place.File)} is shorter than its manifest says");
            }
            return values;
        }

        public void Dispose()
        {
            foreach (var file in files.Values) file.Dispose();
        }

        private SafeFileHandle File(string name) =>
            files.TryGetValue(name, out var file) ? file : files[name] = System.IO.File.OpenHandle(Path.Combine(checkpoint, name));
    }
}
