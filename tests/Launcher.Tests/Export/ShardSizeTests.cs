using SparkTrain.Configuration;
using SparkTrain.Launcher.Export;

namespace SparkTrain.Launcher.Tests.Export;

public sealed class ShardSizeTests
{
    [Theory]
    [InlineData("5GB", 5_000_000_000)]
    [InlineData("500MB", 500_000_000)]
    [InlineData("1.5gb", 1_500_000_000)]
    [InlineData("200 KB", 200_000)]
    [InlineData("2TB", 2_000_000_000_000)]
    [InlineData("4GiB", 4_294_967_296)]
    [InlineData("1MiB", 1_048_576)]
    [InlineData("12345", 12_345)]
    public void Sizes_are_read_as_hugging_face_writes_them(string text, long bytes) => Assert.Equal(bytes, ShardSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("GB")]
    [InlineData("0GB")]
    [InlineData("-5GB")]
    [InlineData("5XB")]
    [InlineData("5G B")]
    [InlineData("999999999999TB")]
    public void What_is_no_size_is_refused(string text) =>
        Assert.Contains($"--max-shard-size is '{text}'; must be a number with KB, MB, GB or TB", Assert.Throws<ConfigurationException>(() => ShardSize.Parse(text)).Message, StringComparison.Ordinal);
}
