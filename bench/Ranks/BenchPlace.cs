using System.Text.Json;
using SparkTrain.Data;

namespace SparkTrain.Bench;

/// <summary>A folder with random text as data, and room for the folders of runs.</summary>
internal sealed class BenchPlace(string folder)
{
    private const int Documents = 256, Letters = 4096;

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>The data set.</summary>
    public string Data => Path.Combine(folder, "data");

    /// <summary>Holds the runs.</summary>
    public string Runs => Path.Combine(folder, "runs");

    /// <summary>Makes the data in a new folder, calls, and deletes the folder.</summary>
    public static void Use(Action<BenchPlace> action)
    {
        var place = new BenchPlace(Directory.CreateTempSubdirectory("sparktrain-bench-").FullName);
        try
        {
            var random = new Random(1);
            string text = Path.Combine(place.Folder, "documents.jsonl");
            File.WriteAllLines(text, Enumerable.Range(0, Documents).Select(_ => JsonSerializer.Serialize(new { text = string.Concat(Enumerable.Range(0, Letters).Select(_ => (char)random.Next('a', 'z' + 1))) })));
            DatasetBuilder.Build(new() { Sources = [text], Output = place.Data });
            action(place);
        }
        finally
        {
            Directory.Delete(place.Folder, recursive: true);
        }
    }
}
