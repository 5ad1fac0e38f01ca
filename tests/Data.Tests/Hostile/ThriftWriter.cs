using SparkTrain.Parquet;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>Writes structs of Thrift's compact protocol, field by field, whatever they claim.</summary>
internal sealed class ThriftWriter
{
    private readonly List<byte> bytes = [];
    private int last;

    public byte[] End() => [.. bytes, 0];

    public ThriftWriter Int(int field, long value, int type = ThriftReader.Int32)
    {
        Head(field, type);
        Signed(value);
        return this;
    }

    public ThriftWriter Long(int field, long value) => Int(field, value, ThriftReader.Int64);

    public ThriftWriter Flag(int field, bool value)
    {
        Head(field, value ? ThriftReader.True : ThriftReader.False);
        return this;
    }

    public ThriftWriter Text(int field, string value)
    {
        Head(field, ThriftReader.Binary);
        Unsigned((ulong)value.Length);
        bytes.AddRange(System.Text.Encoding.ASCII.GetBytes(value));
        return this;
    }

    public ThriftWriter Struct(int field, byte[] value)
    {
        Head(field, ThriftReader.Struct);
        bytes.AddRange(value);
        return this;
    }

    public ThriftWriter List(int field, byte[][] structs, ulong? claimed = null)
    {
        Head(field, ThriftReader.List);
        bytes.Add(0xF0 | ThriftReader.Struct);
        Unsigned(claimed ?? (ulong)structs.Length);
        foreach (var item in structs) bytes.AddRange(item);
        return this;
    }

    private void Head(int field, int type)
    {
        bytes.Add((byte)(((field - last) << 4) | type));
        last = field;
    }

    private void Signed(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    private void Unsigned(ulong value)
    {
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }
}
