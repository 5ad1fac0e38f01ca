using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class DataMixtureTests
{
    private const int SeqLen = 32;

    [Fact]
    public void Samples_come_from_the_sources_as_the_weights_say()
    {
        using var folder = new TemporaryFolder();
        var config = new DataConfig { Sources = [Source(folder, "a", weight: 3), Source(folder, "b", weight: 1)] };
        using var data = DataMixture.Open(config);
        var samples = new TrainingSamples(data, config, SeqLen, seed: 4);
        var (tokens, documents) = (new int[SeqLen + 1], new int[SeqLen + 1]);
        var counts = new int[2];
        for (var i = 0; i < 400; i++)
        {
            samples.Read(i, tokens, documents);
            // The texts of a and b are made of different letters.
            var source = samples.SourceOf(i);
            Assert.DoesNotContain("ba"[source], tokens);
            counts[source]++;
        }
        Assert.Equal([300, 100], counts);
        Assert.Equal([("a", 300L * SeqLen), ("b", 100L * SeqLen)], samples.Consumed(400).Select(s => (s.Name, s.Tokens)));
    }

    [Fact]
    public void A_run_of_one_source_reads_the_same_however_it_is_named()
    {
        using var folder = new TemporaryFolder();
        var source = Source(folder, "a");
        DataConfig[] configs = [new() { Folder = source.Folder }, new() { Sources = [source] }];
        var drawn = configs.Select(config =>
        {
            using var data = DataMixture.Open(config);
            using var loader = new DataLoader(new TrainingSamples(data, config, SeqLen, seed: 4), rowsPerBatch: 50);
            return (data.Fingerprint, Tokens: loader.Next().Tokens);
        }).ToArray();
        Assert.Equal(drawn[0].Fingerprint, drawn[1].Fingerprint);
        Assert.Equal(drawn[0].Tokens, drawn[1].Tokens);
    }

    [Fact]
    public void The_end_of_limited_sources_is_known_and_told()
    {
        using var folder = new TemporaryFolder();
        var config = new DataConfig { Sources = [Source(folder, "a") with { MaxEpochs = 2 }, Source(folder, "b") with { MaxEpochs = 0.5 }] };
        using var data = DataMixture.Open(config);
        var samples = new TrainingSamples(data, config, SeqLen, seed: 4);
        long[] perEpoch = [.. data.Sources.Select(s => (s.Dataset.Train.Tokens - 1) / SeqLen)];
        Assert.Equal((2 * perEpoch[0]) + (perEpoch[1] / 2), samples.Length);
        Assert.Equal(2, samples.Consumed(samples.Length!.Value)[0].Epochs);
        Assert.Contains("MaxEpochs", Assert.Throws<DataException>(() => samples.SourceOf(samples.Length.Value)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_shares_its_tokens_by_weight_and_keeps_sources_apart()
    {
        using var folder = new TemporaryFolder();
        var config = new DataConfig { Sources = [Source(folder, "a", weight: 3), Source(folder, "b", weight: 1)] };
        using var data = DataMixture.Open(config);
        var batches = new ValidationBatches(data, SeqLen, rowsPerBatch: 2, maxTokens: 12 * SeqLen);
        Assert.Equal((0..5, 5..7), (batches.BatchesOf(0), batches.BatchesOf(1)));   // 9 samples and 3
        foreach (var (index, batch) in batches) Assert.DoesNotContain(index < 5 ? 'b' : 'a', batch.Tokens);
    }

    [Fact]
    public void A_source_of_another_tokenizer_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var config = new DataConfig { Sources = [Source(folder, "a"), Source(folder, "b", tokenizer: GoldenFiles.At("bpe-1024"))] };
        var error = Assert.Throws<DataException>(() => DataMixture.Open(config));
        Assert.Equal(folder["b"], error.Where);
        Assert.Contains($"--tokenizer {folder["a"]}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Senseless_mixtures_are_refused_before_anything_is_opened()
    {
        DataSourceConfig a = new() { Name = "a", Folder = "x" }, b = new() { Name = "b", Folder = "y" };
        Assert.Equal([
            "is missing; name the folder of a data set, or list several under Data.Sources.",
            "is 'z' and Data.Sources has 1 entries; give one of the two.",
            "has two entries called 'a'; metrics need a name for each.",
            "has only weights of 0 after 7 tokens; one must be greater.",
            "must be in the order of AfterTokens, each greater than the one before.",
        ], ((IEnumerable<IValidatableObject>)[
            new DataConfig(), new DataConfig { Folder = "z", Sources = [a] }, new DataConfig { Sources = [a, a] },
            new DataConfig { Sources = [a with { Changes = [new() { AfterTokens = 7, Weight = 0 }] }, b with { Weight = 0 }] },
            a with { Changes = [new() { AfterTokens = 7, Weight = 1 }, new() { AfterTokens = 7, Weight = 2 }] },
        ]).SelectMany(c => c.Validate(new ValidationContext(c))).Select(problem => problem.ErrorMessage));
    }

    // Documents of one letter, so that a token tells its source.
    private static DataSourceConfig Source(TemporaryFolder folder, string letter, double weight = 1, string tokenizer = "byte")
    {
        var lines = new StringBuilder();
        for (var i = 0; i < 300; i++) lines.Append(CultureInfo.InvariantCulture, $"{{\"text\":\"{string.Concat(Enumerable.Repeat(letter, 1 + (i % 60)))} {i}\"}}\n");
        DatasetBuilder.Build(new PrepareOptions { Sources = [folder.Write(letter + ".jsonl", lines.ToString())], Output = folder[letter], ValidationFraction = 0.2, Tokenizer = tokenizer });
        return new DataSourceConfig { Name = letter, Folder = folder[letter], Weight = weight };
    }
}
