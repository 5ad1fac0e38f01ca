using CsCheck;

namespace SparkTrain.Distributed.Tests;

public sealed unsafe class SumTreeTests
{
    // Beside 1e8 a 1 is lost: the sum tells which were added first.
    [Theory]
    [InlineData(new[] { 3f }, 3f)]
    [InlineData(new[] { 1e8f, 1f, -1e8f }, 0f)] // (1e8 + 1) − 1e8
    [InlineData(new[] { 1e8f, -1e8f, 1f }, 1f)]
    [InlineData(new[] { 1e8f, 1f, -1e8f, 1f }, 0f)] // (1e8 + 1) + (−1e8 + 1)
    [InlineData(new[] { 1e8f, -1e8f, 1f, 1f }, 2f)]
    [InlineData(new[] { 1e8f, 1f, 1f, -1e8f, 1f }, 1f)] // ((1e8 + 1) + (1 − 1e8)) + 1
    [InlineData(new[] { 1f, 1f, 1f, 1f, 1e8f, -1e8f }, 4f)] // ((1 + 1) + (1 + 1)) + (1e8 − 1e8)
    [InlineData(new[] { 1f, 1f, 1f, 1e8f, -1e8f, 1f }, 0f)] // (2 + (1 + 1e8)) + (−1e8 + 1)
    public void Values_are_added_along_the_tree(float[] values, float expected) => Assert.Equal(expected, Sum([.. values.Select(value => new[] { value })])[0]);

    [Fact]
    public void Every_element_is_added_whatever_the_length() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[0, 5000]).Sample((parts, count) =>
        {
            float[][] values = [.. Enumerable.Range(0, parts).Select(part => Enumerable.Range(0, count).Select(i => (float)(part * 10 + i)).ToArray())];
            Assert.Equal(Enumerable.Range(0, count).Select(i => (float)(10 * parts * (parts - 1) / 2 + parts * i)), Sum(values));
        }, iter: 200);

    [Fact]
    public void Sums_made_in_parts_keep_the_bits_of_the_one_sum() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[1, 3000], Gen.Int).Sample((log, partLog, count, seed) =>
        {
            var random = new Random(seed);
            float[][] leaves = [.. Enumerable.Range(0, 1 << log).Select(_ => Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f).ToArray())];
            float[][] partial = [.. leaves.Chunk(Math.Min(1 << log, 1 << partLog)).Select(Sum)];
            Assert.Equal(Sum(leaves), Sum(partial));
        }, iter: 100);

    [Fact]
    public void The_sum_may_replace_any_of_its_parts()
    {
        for (int target = 0; target < 3; target++)
        {
            float[] a = [.. Enumerable.Repeat(1f, 5000)], b = [.. Enumerable.Repeat(2f, 5000)], c = [.. Enumerable.Repeat(4f, 5000)];
            fixed (float* pa = a, pb = b, pc = c) SumTree.Sum([(nint)pa, (nint)pb, (nint)pc], target == 0 ? pa : target == 1 ? pb : pc, 5000);
            Assert.All(new[] { a, b, c }[target], value => Assert.Equal(7f, value));
        }
    }

    [Fact]
    public void A_node_adds_its_right_to_its_left()
    {
        float[] left = [.. Enumerable.Range(0, 37).Select(i => (float)i)], right = [.. Enumerable.Repeat(100f, 37)];
        fixed (float* l = left, r = right) SumTree.Add(l, r, 37);
        Assert.Equal(Enumerable.Range(0, 37).Select(i => i + 100f), left);
    }

    private static float[] Sum(float[][] parts)
    {
        var sum = new float[parts[0].Length];
        var pins = parts.Select(part => System.Runtime.InteropServices.GCHandle.Alloc(part, System.Runtime.InteropServices.GCHandleType.Pinned)).ToArray();
        fixed (float* p = sum) SumTree.Sum([.. pins.Select(pin => pin.AddrOfPinnedObject())], p, sum.Length);
        foreach (var pin in pins) pin.Free();
        return sum;
    }
}
