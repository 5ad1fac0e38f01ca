using System.Runtime.InteropServices;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Finds the reference packs of the .NET SDK on this machine.</summary>
internal static class DotnetInstallation
{
    private static readonly string[] Packs = ["Microsoft.NETCore.App.Ref", "Microsoft.AspNetCore.App.Ref"];

    /// <summary>
    /// Returns the newest version's folder of each pack, the base library first. Throws <see cref="DataException"/> naming all places that
    /// were looked at.
    /// </summary>
    public static IReadOnlyList<string> FindReferencePacks() => FindReferencePacks(Roots());

    internal static IReadOnlyList<string> FindReferencePacks(IEnumerable<string> roots)
    {
        string[] tried = [.. roots.Distinct(StringComparer.Ordinal)];
        foreach (var root in tried)
        {
            string[] found = [.. Packs.Select(p => Newest(Path.Combine(root, "packs", p))).OfType<string>()];
            if (found.Length > 0 && found[0].Contains(Packs[0], StringComparison.Ordinal)) return found;
        }
        throw new DataException(DotnetDocsSource.SpecName, $"there is no packs/{Packs[0]}/*/ref/*/*.xml under {string.Join(", ", tried)}",
            "an installed .NET SDK",
            "install the SDK (the runtime alone has no reference packs), set DOTNET_ROOT, or give --source a file or folder");
    }

    private static IEnumerable<string> Roots()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root) yield return root;
        // <root>/shared/Microsoft.NETCore.App/<version>/
        yield return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries))
        {
            var command = new FileInfo(Path.Combine(folder, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
            if (command.Exists)
                yield return Path.GetDirectoryName(command.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? command.FullName)!;
        }
    }

    private static string? Newest(string pack) => !Directory.Exists(pack) ? null : Directory.EnumerateDirectories(pack)
        .Where(v => Directory.Exists(Path.Combine(v, "ref"))
            && Directory.EnumerateFiles(Path.Combine(v, "ref"), "*.xml", SearchOption.AllDirectories).Any())
        .OrderByDescending(v => NumberOf(Path.GetFileName(v)))
        .ThenBy(v => Path.GetFileName(v).Contains('-', StringComparison.Ordinal))   // previews after releases
        .ThenByDescending(v => v, StringComparer.Ordinal)
        .FirstOrDefault();

    private static Version NumberOf(string version)
    {
        var dash = version.IndexOf('-', StringComparison.Ordinal);
        return Version.TryParse(dash < 0 ? version : version[..dash], out var number) ? number : new Version(0, 0, 0, 0);
    }
}
