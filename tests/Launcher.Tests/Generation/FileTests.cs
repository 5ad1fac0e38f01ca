using SparkTrain.Input;
using SparkTrain.Launcher.Generation;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Generation;

public sealed class FileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_text_is_read_as_it_is()
    {
        File.WriteAllText(At("text"), " \u00e9\r\n\n");
        Assert.Equal(" \u00e9\r\n\n", TextFile.Read(At("text"), "--prompt-file"));
    }

    [Fact]
    public void A_text_that_cannot_be_read_is_the_users_to_correct()
    {
        Assert.Equal("there is no such file", Refusal("absent"));
        Assert.Equal("there is no such file", Refusal("absent/either"));
        Assert.StartsWith("it cannot be read", Refusal(""), StringComparison.Ordinal);
        File.WriteAllBytes(At("latin"), [0x61, 0xe9]);
        Assert.Equal("it is not UTF-8", Refusal("latin"));

        string Refusal(string name) => Assert.Throws<DataException>(() => TextFile.Read(At(name), "--input")).Found;
    }

    [Fact]
    public void A_file_appears_when_it_is_whole()
    {
        File.WriteAllText(At("out"), "old");
        WholeFile.Write(At("out"), "--output", writer =>
        {
            writer.Write("new\n");
            writer.Flush();
            Assert.Equal("old", File.ReadAllText(At("out")));
        });
        Assert.Equal("new\n", File.ReadAllText(At("out")));
        Assert.Equal([At("out")], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_failure_leaves_what_was_there()
    {
        File.WriteAllText(At("out"), "old");
        Assert.Throws<OperationCanceledException>(() => WholeFile.Write(At("out"), "--output", writer =>
        {
            writer.Write("half");
            throw new OperationCanceledException();
        }));
        Assert.Equal("old", File.ReadAllText(At("out")));
        Assert.Equal([At("out")], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named_before_any_work_is_done()
    {
        foreach (string name in (string[])["absent/out", ""])
        {
            var problem = Assert.Throws<DataException>(() => WholeFile.Write(At(name), "--output", _ => Assert.Fail("the work was done")));
            Assert.StartsWith("it cannot be written", problem.Found, StringComparison.Ordinal);
            Assert.Contains("choose another --output", problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_device_stays_a_device()
    {
        WholeFile.Write("/dev/null", "--output", writer => writer.Write("gone"));
        Assert.Equal("", File.ReadAllText("/dev/null"));
        Assert.False(File.Exists("/dev/null.tmp"));
    }

    private string At(string name) => Path.Combine(folder, name);
}
