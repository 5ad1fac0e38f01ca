using System.Text;

namespace SparkTrain.ModelFormat.Gguf;

/// <summary>
/// The beginning of a GGUF file, version 3: magic, counts, keys with typed values, then each tensor's name, sizes (innermost first), type and place. Numbers are
/// little-endian, strings UTF-8 behind their length, and every tensor's data begin at a multiple of <see cref="Alignment"/>.
/// </summary>
internal sealed class GgufHeader : IDisposable
{
    /// <summary>What the places of data are multiples of, the format's default.</summary>
    public const int Alignment = 32;

    private const uint Version = 3;

    // The format's numbers of value types and of tensor types.
    private const uint UInt32 = 4, Int32 = 5, Float32 = 6, Bool = 7, String = 8, Array = 9;
    private const uint F32 = 0, F16 = 1, Bf16 = 30;

    private readonly MemoryStream keys = new(), tensors = new();
    private readonly BinaryWriter keyWriter, tensorWriter;
    private long keyCount, tensorCount;

    public GgufHeader() => (keyWriter, tensorWriter) = (new(keys, Encoding.UTF8), new(tensors, Encoding.UTF8));

    /// <summary>Bytes of the tensors' data with the gaps between them.</summary>
    public long DataBytes { get; private set; }

    public void Add(string key, uint value) => Begin(key, UInt32).Write(value);

    public void Add(string key, float value) => Begin(key, Float32).Write(value);

    public void Add(string key, bool value) => Begin(key, Bool).Write(value);

    public void Add(string key, string value)
    {
        Begin(key, String);
        Text(keyWriter, value);
    }

    public void Add(string key, IReadOnlyList<string> values)
    {
        BeginArray(key, String, values.Count);
        foreach (string value in values) Text(keyWriter, value);
    }

    public void Add(string key, IReadOnlyList<int> values)
    {
        BeginArray(key, Int32, values.Count);
        foreach (int value in values) keyWriter.Write(value);
    }

    public void Add(string key, IReadOnlyList<float> values)
    {
        BeginArray(key, Float32, values.Count);
        foreach (float value in values) keyWriter.Write(value);
    }

    /// <summary>Adds a tensor; the data follow in the order of the calls.</summary>
    public void Add(TensorInfo tensor)
    {
        Text(tensorWriter, tensor.Name);
        tensorWriter.Write(tensor.Shape.Count);
        foreach (long size in tensor.Shape.Reverse()) tensorWriter.Write(size);
        tensorWriter.Write(tensor.Type switch { TensorType.F32 => F32, TensorType.F16 => F16, _ => Bf16 });
        tensorWriter.Write(DataBytes);
        DataBytes += Aligned(tensor.ByteLength);
        tensorCount++;
    }

    /// <summary>Returns the bytes up to the first tensor's data.</summary>
    public byte[] ToBytes()
    {
        using var all = new MemoryStream();
        using var writer = new BinaryWriter(all);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write(tensorCount);
        writer.Write(keyCount);
        writer.Write(keys.ToArray());
        writer.Write(tensors.ToArray());
        writer.Write(new byte[Aligned(all.Length) - all.Length]);
        return all.ToArray();
    }

    public void Dispose()
    {
        keyWriter.Dispose();
        tensorWriter.Dispose();
    }

    public static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private BinaryWriter Begin(string key, uint type)
    {
        Text(keyWriter, key);
        keyWriter.Write(type);
        keyCount++;
        return keyWriter;
    }

    private void BeginArray(string key, uint type, long count)
    {
        Begin(key, Array).Write(type);
        keyWriter.Write(count);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((long)bytes.Length);
        writer.Write(bytes);
    }
}
