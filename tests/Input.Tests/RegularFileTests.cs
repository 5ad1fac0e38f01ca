using SparkTrain.Support;

namespace SparkTrain.Input.Tests;

public sealed class RegularFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_is_read_up_to_the_limit()
    {
        File.WriteAllBytes(At("file"), [0xEF, 0xBB, 0xBF, 0x61, 0xC3, 0xA9]);
        Assert.Equal(6, RegularFile.ReadAllBytes(At("file"), 6).Length);
        Assert.Equal("a\u00e9", RegularFile.ReadAllText(At("file"), 6));
        Assert.Equal("it has 6 bytes, more than 5", Assert.Throws<IOException>(() => RegularFile.ReadAllBytes(At("file"), 5)).Message);
        File.CreateSymbolicLink(At("link"), At("file"));
        Assert.Equal(6, RegularFile.ReadAllBytes(At("link"), 6).Length);
    }

    [Theory]
    [InlineData("model-00001-of-00002.safetensors", true)]
    [InlineData(".hidden", true)]
    [InlineData("a b\\c", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("/a", false)]
    [InlineData("a\0b", false)]
    public void A_name_leads_to_a_file_in_its_folder_and_nowhere_else(string name, bool isOne) => Assert.Equal(isOne, RegularFile.IsName(name));

    // Its length says 0 and its bytes go on.
    [Fact]
    public void A_file_that_says_too_short_a_length_is_read_up_to_the_limit()
    {
        Assert.StartsWith("Name:", RegularFile.ReadAllText("/proc/self/status", 1 << 20), StringComparison.Ordinal);
        Assert.Equal("it has more than 10 bytes", Assert.Throws<IOException>(() => RegularFile.ReadAllBytes("/proc/self/status", 10)).Message);
    }

    [Fact]
    public void A_huge_file_is_refused_before_it_is_read()
    {
        using (var file = File.Create(At("sparse"))) file.SetLength(1L << 40);
        Assert.Equal("it has 1099511627776 bytes, more than 100", Assert.Throws<IOException>(() => RegularFile.ReadAllBytes(At("sparse"), 100)).Message);
    }

    [Fact]
    public void What_is_no_regular_file_is_refused_before_it_is_opened()
    {
        Assert.Equal(0, Started.Run("mkfifo", At("pipe")).ExitCode);
        File.CreateSymbolicLink(At("zero"), "/dev/zero");
        foreach (var (path, kind) in ((string, string)[])[(At("pipe"), "a pipe"), (At("zero"), "a device"), ("/dev/zero", "a device"), (folder, "a folder")])
        {
            Assert.Equal($"it is {kind}, not a regular file", Assert.Throws<IOException>(() => RegularFile.ReadAllBytes(path, 100)).Message);
            Assert.Throws<IOException>(() => RegularFile.OpenRead(path));
            Assert.Throws<IOException>(() => RegularFile.OpenShared(path));
            Assert.Equal($"{path} is {kind}, not a regular file", Assert.Throws<IOException>(() => RegularFile.RequireNamed(path)).Message);
        }
        Assert.Throws<FileNotFoundException>(() => RegularFile.OpenRead(At("absent")));
        Assert.Throws<DirectoryNotFoundException>(() => RegularFile.OpenRead(At("absent/file")));
    }

    private string At(string name) => Path.Combine(folder, name);
}
