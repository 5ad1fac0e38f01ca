using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests;

/// <summary>scripts/fetch-corpus.sh with packages of a few lines in the place of Debian's.</summary>
public sealed class CorpusScriptTests : IDisposable
{
    private const string Preface = "\n00-database-info\n   This file is converted.\n\n Begin file 1 of 26\n\n";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_texts_are_unpacked_cleaned_and_described()
    {
        string page = string.Concat(Enumerable.Range(0, 200).Select(i => $"   Line {i}.\n"));
        Package("dict-gcide", ("usr/share/dictd/gcide.dict.dz", Packed(Preface
            + "Ab \\Ab\\ (\"[a^]b\"), n.\n   1. The market\u0092s end.\n      [1913 Webster]\n\n         Said so.   --Locke.\n      [1913 Webster +PJC]\n\nAb \\Ab\\, v.\n   To end. [Obs.]\n   [R.]\n" + page + "\n"
            + "Ac \\Ac\\\n\\A\"c\\, n.\n   Last.\n   [WordNet 1.5]\n")),
            ("usr/share/doc/dict-gcide/copyright", "GPL of the dictionary\n"u8.ToArray()));
        Package("linux-doc-6.1", ("usr/share/doc/linux-doc-6.1/Documentation/a/b.rst.gz", Packed("Title\n=====\n")), ("usr/share/doc/linux-doc-6.1/Documentation/c.txt", "text\n"u8.ToArray()),
            ("usr/share/doc/linux-doc-6.1/Documentation/d.svg.gz", Packed("<svg>")), ("usr/share/doc/linux-doc-6.1/Documentation/translations/it.rst.gz", Packed("Titolo")),
            ("usr/share/doc/linux-doc-6.1/html/_sources/a/b.rst.txt", "Title\n"u8.ToArray()), ("usr/share/doc/linux-doc-6.1/copyright", "GPL of the kernel\n"u8.ToArray()));
        var run = Fetch(folder["texts"]);
        Assert.Equal((0, $"{folder}/texts: 2 pages of a dictionary, 0.0 MB; 2 files of kernel documentation, 0.0 MB\n"), (run.ExitCode, run.Out));
        Assert.Equal(["LICENCES", "gcide.jsonl", "linux-doc/a/b.rst", "linux-doc/c.txt"], Files("texts"));
        Assert.Equal("Title\n=====\n", File.ReadAllText(folder["texts/linux-doc/a/b.rst"]));
        Assert.Equal([
            "Ab \\Ab\\ (\"[a^]b\"), n.\n   1. The market’s end.\n\n         Said so.   --Locke.\n\nAb \\Ab\\, v.\n   To end. [Obs.]\n   [R.]\n" + page.TrimEnd('\n'),
            "Ac \\Ac\\\n\\A\"c\\, n.\n   Last.",
        ], File.ReadLines(folder["texts/gcide.jsonl"]).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()));
        string licences = File.ReadAllText(folder["texts/LICENCES"]);
        foreach (string part in (string[])["dict-gcide 1.0", "linux-doc-6.1 1.0", "GPL of the dictionary", "GPL of the kernel"]) Assert.Contains(part, licences, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder), entry => entry.Contains("fetching", StringComparison.Ordinal));

        // The second time nothing is asked of apt.
        File.WriteAllText(folder["apt-get"], "#!/bin/sh\nexit 1\n");
        Assert.Equal((0, run.Out, ""), Fetch(folder["texts"] + "/"));
    }

    [Fact]
    public void What_goes_wrong_leaves_nothing_behind_and_says_what_to_do()
    {
        var failed = Fetch(folder["texts"]);
        Assert.Equal(5, failed.ExitCode);
        Assert.Equal("fetching dict-gcide and linux-doc-6.1 (52 MB)\n  E: no package\nerror: apt could not download dict-gcide and linux-doc-6.1\n", failed.Error[..failed.Error.IndexOf("       Do: ", StringComparison.Ordinal)]);
        Package("dict-gcide", ("usr/share/doc/dict-gcide/copyright", []));
        Package("linux-doc-6.1", ("usr/share/doc/linux-doc-6.1/copyright", []));
        Assert.Contains("do not hold the text where it is expected\n       Do: ", Fetch(folder["texts"]).Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder), entry => entry.Contains("texts", StringComparison.Ordinal));

        Directory.CreateDirectory(folder["mine/more"]);
        var occupied = Fetch(folder["mine"]);
        Assert.Equal((3, $"error: {folder}/mine: something that is not this corpus is there\n       Do: name another folder, or remove it\n"), (occupied.ExitCode, occupied.Error));
        Assert.Equal(2, Fetch("--help").ExitCode);
    }

    private static byte[] Packed(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest)) gzip.Write(Encoding.Latin1.GetBytes(text));
        return bytes.ToArray();
    }

    private string[] Files(string name) =>
        [.. Directory.GetFiles(Path.Combine(folder, name), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Path.Combine(folder, name), file)).Order(StringComparer.Ordinal)];

    private void Package(string name, params (string Path, byte[] Bytes)[] files)
    {
        string tree = Path.Combine(folder, "tree-" + name);
        foreach (var (path, bytes) in (ReadOnlySpan<(string, byte[])>)[.. files, ("DEBIAN/control", Encoding.ASCII.GetBytes($"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody\nDescription: text\n"))])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(tree, path))!);
            File.WriteAllBytes(Path.Combine(tree, path), bytes);
        }
        Assert.Equal(0, Start("dpkg-deb", "--build", tree, Path.Combine(folder, name + ".package")).ExitCode);
    }

    private (int ExitCode, string Out, string Error) Fetch(string to)
    {
        if (!File.Exists(folder["apt-get"]))
        {
            // Downloads what a test has made; apt-cache knows every package.
            File.WriteAllText(folder["apt-get"], $"#!/bin/sh\nfor name in dict-gcide linux-doc-6.1; do cp {folder}/$name.package ./$name.deb 2>/dev/null || {{ echo 'E: no package' >&2; exit 100; }}; done\n");
            File.WriteAllText(folder["apt-cache"], "#!/bin/sh\nexit 0\n");
            Assert.Equal(0, Start("chmod", "700", folder["apt-get"], folder["apt-cache"]).ExitCode);
        }
        return Start("bash", Path.Combine(RepositoryFiles.Root, "scripts", "fetch-corpus.sh"), to);
    }

    private (int ExitCode, string Out, string Error) Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder };
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        var ended = Started.Start(start).Finish();
        return (ended.ExitCode, ended.Out, ended.Error);
    }
}
