namespace SparkTrain.Input.Tests;

/// <summary>Errors as the system gives them. A disk that is read-only is tried where one can be mounted: tests/Integration.Tests.</summary>
public sealed class IoFailureTests
{
    [Fact]
    public void A_full_disk_is_told_from_missing_rights()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("there is no /dev/full");
        var full = Assert.ThrowsAny<IOException>(() => File.WriteAllText("/dev/full", "text"));
        Assert.Equal(("a disk with room", "free space"), IoFailure.Explain(full));
        Assert.False(IoFailure.IsLocked(full));
        Assert.Equal("correct its permissions", IoFailure.Explain(new UnauthorizedAccessException()).Do);
    }

    [Fact]
    public void A_file_that_somebody_holds_is_locked()
    {
        string path = Path.GetTempFileName();
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.True(IoFailure.IsLocked(Assert.Throws<IOException>(() => new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))));
        File.Delete(path);
    }

    // EROFS of Linux and macOS.
    [Fact]
    public void A_read_only_file_system_is_named() => Assert.Equal("a file system that is mounted for writing", IoFailure.Explain(new IOException("", 30)).Expected);
}
