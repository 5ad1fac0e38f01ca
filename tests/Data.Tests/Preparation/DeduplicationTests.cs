using System.Text.Json;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class DeduplicationTests
{
    [Theory]
    [InlineData("byte")]
    [InlineData("bpe:280")]
    public void The_first_of_equal_documents_stays_as_if_the_others_had_never_been(string tokenizer)
    {
        using var folder = new TemporaryFolder();
        string[] originals = [.. Enumerable.Range(0, 300).Select(i => $"document number {i}: {string.Join(' ', Enumerable.Range(i, 5 + (i % 37)))}")];
        folder.Write("single/a.jsonl", Lines(originals));
        folder.Write("repeated/a.jsonl", Lines(originals.Take(200).SelectMany((text, i) => i % 4 == 0 ? [text, originals[i / 2]] : new[] { text })));
        folder.Write("repeated/b.txt", originals[17]);
        folder.Write("repeated/c.jsonl", Lines([.. originals.Skip(150), originals[3]]));
        var single = DatasetBuilder.Build(Options("single")).Manifest;
        var repeated = DatasetBuilder.Build(Options("repeated") with { Deduplicate = true }).Manifest;
        Assert.Equal(single.Fingerprint, repeated.Fingerprint);
        // 50 in the first file, 1, and 51 in the third.
        Assert.Equal((0, 102), (single.DuplicateDocuments, repeated.DuplicateDocuments));
        Assert.Contains("\"duplicateDocuments\": 102", File.ReadAllText(folder["repeated set/dataset.json"]), StringComparison.Ordinal);
        Assert.Equal(0, Copies("repeated set"));
        DatasetBuilder.Build(Options("repeated"));
        Assert.Equal(102, Copies("repeated set"));

        PrepareOptions Options(string source) =>
            new() { Sources = [folder[source]], Output = folder[$"{source} set"], Tokenizer = tokenizer, ValidationFraction = 0.1, ShardTokens = 2048 };

        long Copies(string set)
        {
            var hashes = new DocumentHashes();
            var report = DatasetCheck.Run(folder[set], hashes);
            Assert.DoesNotContain(report.Problems, problem => problem.IsDamage);
            Assert.Empty(hashes.Overlaps());
            return report.Splits.Sum(s => s.Copies!.Value);
        }
    }

    [Fact]
    public void The_set_of_documents_agrees_with_a_hash_set()
    {
        var (set, expected, random) = (new DocumentSet(), new HashSet<UInt128>(), new Random(1));
        // Spread as hashes are, and crowded into one segment and one place of it.
        foreach (var (high, low) in new[] { (ulong.MaxValue, ulong.MaxValue), (0UL, ulong.MaxValue), (0UL, 3UL) })
        {
            for (var i = 0; i < 20_000; i++)
            {
                var hash = new UInt128((ulong)random.NextInt64() & high, (ulong)random.NextInt64() & low);
                if (hash == 0) continue;
                Assert.Equal(expected.Add(hash), set.Add(hash));
                Assert.False(set.Add(hash));
            }
        }
        Assert.All(expected, hash => Assert.False(set.Add(hash)));
        Assert.True(set.Add(0));
        Assert.False(set.Add(0));
    }

    private static string Lines(IEnumerable<string> texts) => string.Concat(texts.Select(text => JsonSerializer.Serialize(new { text }) + "\n"));
}
