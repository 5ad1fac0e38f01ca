using System.Text;

namespace SparkTrain.ModelFormat.Tests.Gguf;

/// <summary>A GGUF file, read as ggml/include/gguf.h describes the format.</summary>
internal sealed class GgufContent
{
    public GgufContent(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using var reader = new BinaryReader(new MemoryStream(bytes));
        Assert.Equal("GGUF", Encoding.ASCII.GetString(reader.ReadBytes(4)));
        Assert.Equal(3u, reader.ReadUInt32());
        long tensors = reader.ReadInt64(), keys = reader.ReadInt64();
        for (long i = 0; i < keys; i++) Keys.Add(Text(reader), Value(reader, reader.ReadInt32()));
        List<(string Name, long[] Sizes, int Type, long Offset)> infos = [];
        for (long i = 0; i < tensors; i++)
            infos.Add((Text(reader), [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => reader.ReadInt64())], reader.ReadInt32(), reader.ReadInt64()));
        long data = (reader.BaseStream.Position + 31) / 32 * 32;
        foreach (var (name, sizes, type, offset) in infos)
        {
            Assert.Equal(0, offset % 32);
            long length = sizes.Aggregate(1L, (a, b) => a * b) * (type == 0 ? 4 : 2);
            Tensors.Add(name, (sizes, type, bytes.AsSpan((int)(data + offset), (int)length).ToArray()));
        }
        Assert.InRange(bytes.Length, data + infos.Max(info => info.Offset) + 1, long.MaxValue);
    }

    public Dictionary<string, object> Keys { get; } = [];

    /// <summary>Sizes, innermost first, number of the type, and bytes.</summary>
    public Dictionary<string, (long[] Sizes, int Type, byte[] Bytes)> Tensors { get; } = [];

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadInt64()));

    private static object Value(BinaryReader reader, int type)
    {
        if (type != 9)
            return type switch { 4 => reader.ReadUInt32(), 5 => reader.ReadInt32(), 6 => reader.ReadSingle(), 7 => reader.ReadByte() != 0, 8 => Text(reader), _ => throw new InvalidDataException($"a value of type {type}") };
        int of = reader.ReadInt32();
        return Enumerable.Range(0, (int)reader.ReadInt64()).Select(_ => Value(reader, of)).ToArray();
    }
}
