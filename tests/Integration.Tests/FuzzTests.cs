using System.Text;
using System.Text.Json;
using SparkTrain.Bench;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>Damaged input of every kind that is read: <c>bench fuzz</c> with a fixed number of inputs each, and whether it would notice.</summary>
public sealed class FuzzTests : IDisposable
{
    private const int Inputs = 60;

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Readers => [.. FuzzReaders.All.Select(reader => reader.Name)];

    public void Dispose() => folder.Dispose();

    [Theory, MemberData(nameof(Readers))]
    public void Damaged_input_is_read_or_refused(string reader)
    {
        var (code, output, error) = Fuzz($"readers={reader}", $"seeds=1..{Inputs}");
        Assert.True(code == 0, output + error);
        Assert.Matches($@"^{reader} +{Inputs} inputs +\d+ read +\d+ refused +0 found ", output);
    }

    [Theory]
    [InlineData("throws", "IndexOutOfRangeException")]
    [InlineData("hangs", "hangs: no end within 3 s")]
    [InlineData("recurses", "the process died with exit code 134\nStack overflow")]
    [InlineData("allocates", "memory: 2097")]
    [InlineData("exhausts", "OutOfMemoryException")]
    public void What_no_reader_may_do_is_found_and_its_input_kept(string canary, string problem)
    {
        var (code, output, _) = Fuzz($"readers={canary}", "seeds=5..6", "limit=3");
        Assert.Equal(1, code);
        Assert.Contains($"FOUND by {canary}, seed 5: ", output, StringComparison.Ordinal);
        Assert.Contains(problem, output, StringComparison.Ordinal);
        // The process of the second one is not that of the first where that one died.
        Assert.Matches($@"\n{canary} +2 inputs +0 read +0 refused +2 found of 1 causes ", output);
        var made = FuzzInput.Damaged(FuzzReaders.Find(canary).Inputs(folder), seed: 5, seal: null);
        Assert.Equal(made.Files["file"], File.ReadAllBytes(Path.Combine(folder, $"{canary}-5", "file")));
    }

    [Fact]
    public void A_seed_makes_the_same_bytes_whenever_and_wherever()
    {
        foreach (var reader in FuzzReaders.All)
        {
            FuzzInput[] once = Damaged(reader, "once"), again = Damaged(reader, "again");
            Assert.All(once.Zip(again), pair => Assert.Equal(pair.First.Files, pair.Second.Files));
            Assert.True(once.Select(input => string.Concat(input.Files.Select(file => file.Key + Convert.ToBase64String(file.Value)))).Distinct().Count() > 15, reader.Name);
        }

        FuzzInput[] Damaged(FuzzReader reader, string name)
        {
            string place = Directory.CreateDirectory(Path.Combine(folder, reader.Name, name)).FullName;
            var inputs = reader.Inputs(place);
            return [.. Enumerable.Range(1, 20).Select(seed => FuzzInput.Damaged(inputs, seed, reader.Seal))];
        }
    }

    [Fact]
    public void Damaged_json_is_mostly_json_of_other_types_depths_and_texts()
    {
        byte[] json = """{"a":1,"b":["x",{"c":null}],"d":"text"}"""u8.ToArray();
        string[] damaged = [.. Enumerable.Range(1, 2000).Select(seed => Encoding.Latin1.GetString(new JsonMutator(new Random(seed)).Mutate(json)!))];
        Assert.InRange(damaged.Count(IsJson), 1900, 2000);
        Assert.All((string[])["\\ud800", "1e999", "[[[[[[", "{\"a\":{\"a\":{\"a\":", "\"a\":1,\"a\":", "xxxxxxxx", "/dev/zero"], part => Assert.Contains(damaged, text => text.Contains(part, StringComparison.Ordinal)));
        Assert.Null(new JsonMutator(new Random(1)).Mutate("no JSON"u8.ToArray()));

        static bool IsJson(string text)
        {
            try
            {
                using var document = JsonDocument.Parse(text, new() { MaxDepth = 100_000 });
                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    private Outcome Fuzz(params string[] arguments) =>
        Cli.Program(folder, "dotnet", [Path.Combine(AppContext.BaseDirectory, "Bench.dll"), "fuzz", "seconds=3600", $"output={folder}", .. arguments]);
}
