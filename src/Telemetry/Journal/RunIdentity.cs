using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Telemetry;

/// <summary>The run that a journal is of, as it is started now.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">The full path of its folder.</param>
/// <param name="IsAlso">Says whether another path leads to that folder too.</param>
public sealed record RunPlace(string Name, string Folder, Func<string, bool> IsAlso);

/// <summary>Who a run is to whoever watches it: 32 hexadecimal digits in a file beside its journal, and, in lines of their own, the name and the folder that they were made for.</summary>
/// <param name="Id">The digits.</param>
/// <param name="Name">The name; null where it is not known.</param>
/// <param name="Folder">The folder; null where it is not known.</param>
internal sealed record RunIdentity(string Id, string? Name, string? Folder)
{
    /// <summary>The file of a journal's identity.</summary>
    public static string PathOf(string journal) => Path.ChangeExtension(journal, ".id");

    /// <summary>Reads the identity of a journal; what the file does not say is taken from the journal's last event. Null where there is neither.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static RunIdentity? Read(string journal)
    {
        var written = ReadFile(PathOf(journal));
        if (written?.Name is not null || !File.Exists(journal)) return written;
        var told = RegularFile.ReadLines(journal).Reverse().Select(OfEvent).FirstOrDefault(of => of is not null);
        return written is null ? told : written with { Name = told?.Name };
    }

    /// <summary>
    /// True where the journal was begun by another run than the one that is started now: under another name, or in another folder that is still there as the same run. A folder that was moved has left
    /// its place, and stays the same run.
    /// </summary>
    /// <param name="now">The run that is started.</param>
    /// <param name="journal">Its journal.</param>
    public bool IsOfAnother(RunPlace now, string journal)
    {
        if (Name is not null && Name != now.Name) return true;
        if (Folder is null || Folder == now.Folder || now.IsAlso(Folder)) return false;
        string there = Path.Combine(Folder, Path.GetRelativePath(now.Folder, PathOf(journal)));
        return File.Exists(there) && ReadFile(there)?.Id == Id;
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Write(string journal)
    {
        string path = PathOf(journal), temporary = path + ".tmp";
        File.WriteAllText(temporary, string.Concat(((string?[])[Id, Name, Folder]).OfType<string>().Select(line => line + "\n")));
        File.Move(temporary, path, overwrite: true);
    }

    private static RunIdentity? ReadFile(string path)
    {
        if (!File.Exists(path)) return null;
        RegularFile.RequireNamed(path);
        string[] lines = [.. RegularFile.ReadLines(path)];
        return lines.Length > 0 && Guid.TryParseExact(lines[0].Trim(), "N", out var id) ? new(id.ToString("N"), lines.ElementAtOrDefault(1), lines.ElementAtOrDefault(2)) : null;
    }

    private static RunIdentity? OfEvent(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var properties = json.RootElement.GetProperty("Properties");
            return Guid.TryParseExact(properties.GetProperty(RunEvent.RunId).GetString(), "N", out var id) ? new(id.ToString("N"), properties.GetProperty(RunEvent.Run).GetString(), null) : null;
        }
        // What a journal has not written tells nothing.
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
