using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SparkTrain.ModelFormat.Tests;

public sealed unsafe class SafetensorsWriterTests : IDisposable
{
    // The parts that the writer hands over, and what it writes before it begins to flush behind itself.
    private const int Chunk = 4 << 20, FlushEvery = 64 << 20;

    private readonly string path = Path.GetTempFileName();
    private readonly byte* room = (byte*)NativeMemory.Alloc(FlushEvery + 2 * Chunk);

    public void Dispose()
    {
        NativeMemory.Free(room);
        File.Delete(path);
    }

    [Theory]
    [InlineData]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1, 3)]
    [InlineData(5, 0, 2 * Chunk, 7)]
    [InlineData(FlushEvery + Chunk + 1, 9)]
    public void The_file_is_the_header_and_the_bytes_and_the_hash_is_of_both(params int[] lengths)
    {
        byte[] data = new byte[lengths.Sum()];
        new Random(1).NextBytes(data);
        data.CopyTo(new Span<byte>(room, data.Length));
        long at = 0;
        List<(TensorInfo, SafetensorsWriter.Source)> tensors = [];
        foreach (var (index, length) in lengths.Index())
        {
            byte* bytes = room + at;
            tensors.Add((new($"t{index}", TensorType.U8, [length]), () => bytes));
            at += length;
        }
        foreach (bool allStay in (bool[])[false, true])
        {
            string hash = SafetensorsWriter.Write(path, tensors, allStay: allStay);
            byte[] written = File.ReadAllBytes(path), header = SafetensorsWriter.Header(tensors.Select(t => t.Item1), null);
            Assert.True(written.AsSpan(0, header.Length).SequenceEqual(header));
            Assert.True(written.AsSpan(header.Length).SequenceEqual(data));
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(written)), hash);
        }
    }

    [Fact]
    public void A_source_may_reuse_the_memory_of_the_tensor_before()
    {
        const int Length = Chunk + 5, Count = 6;
        var tensors = Enumerable.Range(0, Count).Select(i => (new TensorInfo($"t{i}", TensorType.U8, [Length]), (SafetensorsWriter.Source)(() =>
        {
            new Span<byte>(room, Length).Fill((byte)i);
            return room;
        }))).ToList();
        string hash = SafetensorsWriter.Write(path, tensors);
        byte[] written = File.ReadAllBytes(path);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(written)), hash);
        for (int i = 0; i < Count; i++) Assert.False(written.AsSpan(written.Length - (Count - i) * Length, Length).ContainsAnyExcept((byte)i));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_source_that_throws_ends_the_writing_and_leaves_the_file_to_others(bool allStay)
    {
        new Span<byte>(room, FlushEvery + Chunk).Clear();
        Assert.Throws<TimeZoneNotFoundException>(() => SafetensorsWriter.Write(path,
            [(new("x", TensorType.U8, [FlushEvery + Chunk]), () => room), (new("y", TensorType.U8, [1]), () => throw new TimeZoneNotFoundException())], allStay: allStay));
        using var alone = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    [Fact]
    public void A_disk_without_room_is_an_io_exception()
    {
        Assert.Throws<IOException>(() => SafetensorsWriter.Write("/dev/full", [(new("x", TensorType.U8, [Chunk]), () => room)]));
    }
}
