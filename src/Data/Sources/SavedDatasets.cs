using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// The data sets below a folder that Hugging Face datasets has saved with save_to_disk: state.json names the files of one in their order, dataset_dict.json the folders of several. What else lies beside such files
/// (caches of its map and filter) is no part of it.
/// </summary>
internal sealed class SavedDatasets(string root)
{
    private const string State = "state.json", Splits = "dataset_dict.json", Info = "dataset_info.json";
    private const int MaxBytes = 1 << 26;

    // By folder, the names that it lists and where in the list they stand; null for a folder without a list.
    private readonly Dictionary<string, Dictionary<string, int>?> files = new(StringComparer.Ordinal), folders = new(StringComparer.Ordinal);

    /// <summary>Returns true for the files that describe a saved data set.</summary>
    public bool IsDescription(string file)
    {
        string folder = Path.GetDirectoryName(file)!;
        return Path.GetFileName(file) switch
        {
            State or Info => FilesOf(folder) is not null,
            Splits => FoldersOf(folder) is not null,
            _ => false,
        };
    }

    /// <summary>Returns false for a file beside a saved data set that is no part of it.</summary>
    public bool Holds(string file) => FilesOf(Path.GetDirectoryName(file)!)?.ContainsKey(Path.GetFileName(file)) ?? true;

    /// <summary>Returns a text by whose ordinal order files are read: the path, in which numbers stand for the names that are in a list.</summary>
    public string Place(string file)
    {
        string[] parts = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar);
        string folder = root;
        for (int i = 0; i < parts.Length; i++)
        {
            string name = parts[i];
            var numbers = i == parts.Length - 1 ? FilesOf(folder) : FoldersOf(folder);
            if (numbers?.TryGetValue(name, out int number) == true) parts[i] = $"\0{number:D9}";
            folder = Path.Combine(folder, name);
        }
        return string.Join('/', parts);
    }

    private Dictionary<string, int>? FoldersOf(string folder) => Remember(folders, folder, () =>
        Read(Path.Combine(folder, Splits)) is { } json && json.TryGetProperty("splits", out var splits) && splits.ValueKind == JsonValueKind.Array
            ? Number(Path.Combine(folder, Splits), splits.EnumerateArray(), Directory.Exists) : null);

    private Dictionary<string, int>? FilesOf(string folder) => Remember(files, folder, () =>
    {
        string state = Path.Combine(folder, State);
        if (Read(state) is not { } json || !json.TryGetProperty("_data_files", out var list) || list.ValueKind != JsonValueKind.Array) return null;
        if (json.TryGetProperty("_indices_data_files", out var indices) && indices.ValueKind == JsonValueKind.Array && indices.GetArrayLength() > 0)
            throw new DataException(state, "its rows are picked by a file of indices", "a data set that was saved with its rows in order", "load it with datasets, call flatten_indices() and save it again");
        return Number(state, list.EnumerateArray().Select(f => f.ValueKind == JsonValueKind.Object && f.TryGetProperty("filename", out var name) ? name : default), File.Exists);
    });

    private static Dictionary<string, int>? Remember(Dictionary<string, Dictionary<string, int>?> known, string folder, Func<Dictionary<string, int>?> read) =>
        known.TryGetValue(folder, out var names) ? names : known[folder] = read();

    private static Dictionary<string, int> Number(string file, IEnumerable<JsonElement> elements, Func<string, bool> exists)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var element in elements)
        {
            string name = element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
            if (name.Length == 0 || name is "." or ".." || Path.GetFileName(name) != name || !numbers.TryAdd(name, numbers.Count))
                throw new DataException(file, $"it names '{name}'", "each file or folder beside it once, without a path", "save the data set again with datasets' save_to_disk");
            if (!exists(Path.Combine(Path.GetDirectoryName(file)!, name)))
                throw new DataException(file, $"it names {name}, which is not there", "every file or folder that it names", "copy the data set whole");
        }
        return numbers;
    }

    // Null for what is not there, and for another program's file of that name.
    private static JsonElement? Read(string file)
    {
        if (!File.Exists(file)) return null;
        try
        {
            using var json = JsonText.Parse(RegularFile.ReadAllBytes(file, MaxBytes));
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }
}
