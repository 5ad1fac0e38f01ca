using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>Writes safetensors files: header first, then each tensor's bytes in the order given.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    // Large enough that handing it to another thread costs nothing.
    private const int Chunk = 4 << 20;

    // How far writing may be ahead of hashing, so that neither waits whenever the other does.
    private const int ChunksAhead = 16;

    // Flushed behind the writing, so that the end does not wait for the disk to take all of it.
    private const long FlushEvery = 64 << 20;

    /// <summary>Gives out the address of a tensor's bytes; called once, when its turn comes.</summary>
    public unsafe delegate byte* Source();

    /// <summary>
    /// Writes a file, flushes it to the disk, and returns the SHA-256 of its bytes as lower-case hex. The bytes depend on the arguments only.
    /// Hashing, writing and flushing go on side by side, so that the slowest of them sets the pace.
    /// </summary>
    /// <param name="path">The file; replaced when it is there.</param>
    /// <param name="tensors">Each tensor with the source of its bytes.</param>
    /// <param name="metadata">Free-form strings for the header.</param>
    /// <param name="allStay">True where the bytes of all tensors stay until the file is written, which is faster; false where those of one stay until the next are asked for.</param>
    /// <exception cref="IOException">The disk is full or the path is not writable.</exception>
    public static unsafe string Write(string path, IReadOnlyList<(TensorInfo Info, Source Bytes)> tensors, IReadOnlyDictionary<string, string>? metadata = null, bool allStay = false)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var ahead = new SemaphoreSlim(ChunksAhead);
        var (hashing, flushing) = (Task.CompletedTask, Task.CompletedTask);
        long written = 0, flushed = 0;
        byte[] header = Header(tensors.Select(t => t.Info), metadata);
        fixed (byte* first = header)
            try
            {
                Append(first, header.Length);
                foreach (var (info, source) in tensors)
                {
                    if (!allStay) hashing.Wait();
                    byte* bytes = source();
                    for (long at = 0; at < info.ByteLength; at += Chunk) Append(bytes + at, (int)Math.Min(Chunk, info.ByteLength - at));
                }
                flushing.GetAwaiter().GetResult();
                RandomAccess.FlushToDisk(file);
                hashing.Wait();
            }
            finally
            {
                // Whatever happened, nobody looks at the bytes or the file after this.
                Task.WhenAll(hashing, flushing).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
            }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(byte* bytes, int count)
        {
            ahead.Wait();
            hashing = hashing.ContinueWith(before =>
            {
                try
                {
                    before.Wait();
                    hash.AppendData(new ReadOnlySpan<byte>(bytes, count));
                }
                finally
                {
                    ahead.Release();
                }
            }, TaskScheduler.Default);
            RandomAccess.Write(file, new ReadOnlySpan<byte>(bytes, count), written);
            written += count;
            if (written - flushed < FlushEvery || !flushing.IsCompleted) return;
            flushing.GetAwaiter().GetResult();
            (flushed, flushing) = (written, Task.Factory.StartNew(() => RandomAccess.FlushToDisk(file), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        }
    }

    /// <summary>Returns the first bytes of a file that holds these tensors in this order.</summary>
    public static byte[] Header(IEnumerable<TensorInfo> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (var info in tensors)
            {
                json.WriteStartObject(info.Name);
                json.WriteString("dtype", info.Type.ToString());
                json.WriteStartArray("shape");
                foreach (long n in info.Shape) json.WriteNumberValue(n);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += info.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0) buffer.WriteByte((byte)' ');
        byte[] bytes = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - 8));
        return bytes;
    }
}
