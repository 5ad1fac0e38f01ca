using TorchSharp;

namespace SparkTrain.Native.Tests;

public sealed class TensorAllocatorTests
{
    [Fact]
    public unsafe void Large_tensors_come_from_the_arena_and_go_back_to_it()
    {
        LibTorch.Load(2);
        long before = TensorAllocator.Usage.Used;
        using var memory = new TensorMemory();
        using (var x = torch.ones(1 << 20))
        {
            Assert.InRange(TensorAllocator.Usage.Used - before, 4 << 20, 5 << 20);
            Assert.Equal(0, (nint)memory.Pointer(x) % 64);
            Assert.Equal(1 << 20, x.sum().item<float>());
        }
        Assert.Equal(before, TensorAllocator.Usage.Used);
        Assert.InRange(TensorAllocator.Usage.Peak, before + (4 << 20), long.MaxValue);
    }

    [Fact]
    public void Tensors_that_grow_and_are_freed_by_other_threads_stay_whole()
    {
        LibTorch.Load(2);
        Parallel.For(0, 8, thread =>
        {
            for (int i = 1; i < 40; i++)
            {
                using var x = torch.full(1000 * i, (float)thread);
                using var y = torch.cat([x, x]);
                using var z = y.repeat(3).narrow(0, 0, 3000 * i).contiguous();
                using var sum = z.sum();
                Assert.Equal(3000f * i * thread, sum.item<float>());
            }
        });
    }
}
