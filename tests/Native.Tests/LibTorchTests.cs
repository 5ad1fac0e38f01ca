using System.Diagnostics;
using TorchSharp;

namespace SparkTrain.Native.Tests;

public sealed class LibTorchTests
{
    [Fact]
    public void Loads_and_computes()
    {
        LibTorch.Load(2);
        using var x = torch.arange(6, dtype: torch.float32);
        Assert.Equal(15f, x.sum().item<float>());
        Assert.Equal(2, torch.get_num_threads());
    }

    [Fact]
    public unsafe void Tensor_memory_is_the_tensors_own()
    {
        LibTorch.Load(2);
        using var x = torch.zeros(4);
        using var memory = new TensorMemory();
        memory.Float32(x)[2] = 7;
        Assert.Equal(7f, x[2].item<float>());
        Assert.Throws<ArgumentException>(() => (nint)memory.Pointer(torch.zeros(4, 4).t()));
    }

    [Fact]
    public void Managed_loops_run_on_libtorchs_pool_and_cover_every_item_once()
    {
        LibTorch.Load(2);
        Assert.True(OpenMp.IsNative);
        var seen = new int[1001];
        OpenMp.ForRanges(seen.Length, 10, (begin, end) => { for (long i = begin; i < end; i++) Interlocked.Increment(ref seen[i]); });
        OpenMp.ForEach(seen.Length, i => Interlocked.Increment(ref seen[i]));
        Assert.All(seen, n => Assert.Equal(2, n));
    }

    [Fact]
    public void An_exception_in_a_managed_loop_reaches_the_caller()
    {
        LibTorch.Load(2);
        var e = Assert.Throws<InvalidOperationException>(() => OpenMp.ForEach(8, i => { if (i == 5) throw new InvalidOperationException("item 5"); }));
        Assert.Equal("item 5", e.Message);
    }
}
