using System.Text;
using System.Xml.Linq;

namespace SparkTrain.Launcher.Tests;

/// <summary>docs/architecture.md shows the rooms as the project files have them.</summary>
public sealed class ArchitectureTests
{
    private const string Begin = "<!-- rooms: begin -->\n", End = "<!-- rooms: end -->\n", Libtorch = "Native";

    // What loads no libtorch: a user of these rooms needs none.
    private static readonly string[] WithoutLibtorch =
        ["Input", "Numerics", "ModelFormat", "Tokenizers", "Parquet", "Distributed", "Http", "Checkpoints", "Configuration", "Telemetry", "Data", "Generation", "Inference", "Dashboard", "Serving"];

    private static readonly SortedDictionary<string, string[]> Uses = new(
        Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.csproj", SearchOption.AllDirectories).ToDictionary(
            file => Path.GetFileNameWithoutExtension(file),
            file => XDocument.Load(file).Descendants("ProjectReference").Select(edge => edge.Attribute("Include")!.Value)
                .Where(path => !path.Contains("/build/", StringComparison.Ordinal)).Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal).ToArray()),
        StringComparer.Ordinal);

    [Fact]
    public void The_picture_is_that_of_the_project_files()
    {
        string document = RepositoryFiles.Read("docs", "architecture.md");
        int begin = document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, end = document.IndexOf(End, StringComparison.Ordinal);
        Assert.True(document[begin..end] == Picture(), $"docs/architecture.md shows other rooms than the project files have. Put this between its two markers:\n{Picture()}");
    }

    [Fact]
    public void Every_room_stands_in_the_table()
    {
        string document = RepositoryFiles.Read("docs", "architecture.md");
        Assert.All(Uses.Keys, room => Assert.Contains(document.Split('\n'), line => line.StartsWith('|') && line.Split('|')[1].Contains($"`{room}`", StringComparison.Ordinal)));
    }

    [Fact]
    public void Rooms_that_load_no_libtorch_have_no_way_to_it() => Assert.All(WithoutLibtorch, room => Assert.DoesNotContain(Libtorch, Reached(room)));

    [Fact]
    public void No_room_uses_itself_in_a_circle() => Assert.All(Uses.Keys, room => Assert.DoesNotContain(room, Reached(room)));

    // An arrow that a longer way implies says nothing new.
    private static string Picture()
    {
        var text = new StringBuilder("```mermaid\nflowchart TD\n");
        foreach (var (room, used) in Uses)
            foreach (string direct in used.Where(direct => !used.Any(other => other != direct && Reached(other).Contains(direct)))) text.Append($"    {room} --> {direct}\n");
        return text.Append("```\n").ToString();
    }

    private static HashSet<string> Reached(string room)
    {
        HashSet<string> reached = [];
        var next = new Stack<string>(Uses[room]);
        while (next.TryPop(out string? used))
            if (reached.Add(used))
                foreach (string further in Uses[used]) next.Push(further);
        return reached;
    }
}
