using SparkTrain.Support;

namespace SparkTrain.Native.Tests;

/// <summary>Memory of machines that are made up: a 24 GiB one, in and outside of control groups.</summary>
public sealed class MachineMemoryTests : IDisposable
{
    private const long GiB = 1L << 30, MiB = 1L << 20;

    private readonly TemporaryFolder root = new();

    public MachineMemoryTests() => Write("proc/meminfo", "MemTotal:       25165824 kB\nMemFree:  1 kB\nMemAvailable:   12582912 kB\n");

    public void Dispose() => root.Dispose();

    [Fact]
    public void Without_a_limit_it_is_what_the_kernel_says()
    {
        Write("sys/fs/cgroup/memory.max", "max\n");
        Write("sys/fs/cgroup/memory.current", "1073741824\n");
        // The largest number of version 1, in whole pages.
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824\n");
        Require(total: 24 * GiB, available: 12 * GiB, limit: null);
    }

    // 2 GiB, 1.5 used, of which 0.25 are pages of files that were not used lately: room for 0.75.
    [Theory]
    [InlineData("0::/\n", "", "memory.max", "memory.current", "inactive_file")]
    [InlineData("0::/job/step\n", "job/step/", "memory.max", "memory.current", "inactive_file")]
    [InlineData("0::/job/step\n", "job/", "memory.max", "memory.current", "inactive_file")]
    [InlineData("0::/host/path/of/a/container\n", "", "memory.max", "memory.current", "inactive_file")]
    [InlineData("5:devices:/\n4:memory:/job\n0::/\n", "memory/job/", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")]
    [InlineData("4:cpu,memory:/docker/x\n", "memory/", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")]
    public void The_limit_of_any_group_around_counts_in_both_versions(string groups, string folder, string limit, string used, string reclaimable)
    {
        Write("proc/self/cgroup", groups);
        Write($"sys/fs/cgroup/{folder}{limit}", "2147483648\n");
        Write($"sys/fs/cgroup/{folder}{used}", "1610612736\n");
        Write($"sys/fs/cgroup/{folder}memory.stat", $"anon 1\n{reclaimable} 268435456\nactive_file 7\n");
        Require(total: 2 * GiB, available: 768 * MiB, limit: 2 * GiB);
    }

    [Fact]
    public void The_tightest_group_decides_and_files_that_make_no_sense_do_not()
    {
        Write("proc/self/cgroup", "0::/a/b\n");
        Write("sys/fs/cgroup/a/memory.max", "2147483648\n");
        Write("sys/fs/cgroup/a/memory.current", "2147483648\n");
        Write("sys/fs/cgroup/a/b/memory.max", "8589934592\n");
        Write("sys/fs/cgroup/a/b/memory.current", "0\n");
        Write("sys/fs/cgroup/memory.max", "");
        Write("sys/fs/cgroup/memory.stat", "inactive_file many\n");
        Require(total: 2 * GiB, available: 0, limit: 2 * GiB);
    }

    private void Require(long total, long available, long? limit) =>
        Assert.Equal((total, available, limit), (MachineMemory.Total(root), MachineMemory.Available(root), MachineMemory.Limit(root)));

    private void Write(string file, string text)
    {
        string path = Path.Combine(root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
