using System.ComponentModel.DataAnnotations;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class DataConfigTests
{
    [Fact]
    public void Opens_the_folder_it_names()
    {
        using var folder = new TemporaryFolder();
        using var built = Samples.Build(folder, 20);
        using var opened = DataMixture.Open(new DataConfig { Folder = folder["set"] });
        Assert.Equal(built.Manifest.Fingerprint, opened.Fingerprint);
    }

    [Fact]
    public void Every_key_has_a_range()
    {
        var config = new DataConfig { Folder = "", PrefetchBatches = 0, CacheMegabytes = 0 };
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(config, new ValidationContext(config), problems, validateAllProperties: true);
        Assert.Equal([nameof(DataConfig.CacheMegabytes), nameof(DataConfig.Folder), nameof(DataConfig.PrefetchBatches)],
            problems.SelectMany(p => p.MemberNames).Order());
    }
}
