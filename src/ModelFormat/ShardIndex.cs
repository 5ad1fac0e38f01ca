using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.ModelFormat;

/// <summary>model.safetensors.index.json: the file of each weight.</summary>
internal sealed class ShardIndex
{
    // 1024 layers of 11 weights with long names are not a twentieth of it.
    private const int MaxBytes = 32 << 20;

    private readonly string path;
    private readonly Dictionary<string, string> fileOf;

    private ShardIndex(string path, Dictionary<string, string> fileOf) => (this.path, this.fileOf) = (path, fileOf);

    /// <summary>The files that it names.</summary>
    public IEnumerable<string> Files => fileOf.Values.Distinct();

    /// <summary>Reads an index.</summary>
    /// <exception cref="ModelFormatException">It cannot be read, is not valid, or leads out of its folder.</exception>
    public static ShardIndex Read(string path)
    {
        try
        {
            using var json = JsonText.Parse(RegularFile.ReadAllBytes(path, MaxBytes));
            var map = new Dictionary<string, string>();
            foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string name = entry.Value.GetString() ?? "";
                if (!RegularFile.IsName(name)) throw new FormatException("a shard's name is not a plain file name");
                if (!map.TryAdd(entry.Name, name)) throw new FormatException($"it names {entry.Name} twice");
            }
            return new(path, map);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Bad(path, e.Reason(), e);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new ModelFormatException(path, $"it cannot be read ({e.Reason()})", "a file that this user may read", "check the path and its permissions", e);
        }
    }

    /// <summary>Checks that it tells the truth of the weights that its files hold. What a model does without may be named and not there, or there and not named.</summary>
    /// <param name="held">Each weight with the file that holds it.</param>
    /// <param name="nameOf">The name that the model has for a name of the index.</param>
    /// <param name="isSpare">Says of a name whether a model does without it.</param>
    /// <exception cref="ModelFormatException">It does not.</exception>
    public void Check(IReadOnlyDictionary<string, SafetensorsFile> held, Func<string, string> nameOf, Func<string, bool> isSpare)
    {
        var named = new HashSet<string>();
        foreach (var (entry, file) in fileOf)
        {
            string weight = nameOf(entry);
            named.Add(weight);
            if (!held.TryGetValue(weight, out var holder) ? !isSpare(weight) : Path.GetFileName(holder.Path) != file)
                throw Bad(path, $"it places {entry} in {file}, where it is not");
        }
        if (held.Keys.FirstOrDefault(weight => !named.Contains(weight) && !isSpare(weight)) is { } unnamed)
            throw Bad(path, $"it does not name {unnamed}, which {Path.GetFileName(held[unnamed].Path)} holds");
    }

    private static ModelFormatException Bad(string path, string found, Exception? inner = null) =>
        new(path, $"not a valid index ({found})", "an object weight_map from each weight to the name of its file", "fetch or write the folder again", inner);
}
