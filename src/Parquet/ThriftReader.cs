using System.Text;

namespace SparkTrain.Parquet;

/// <summary>
/// Reads Thrift's compact protocol, in which Parquet's footer and page headers are written: structs of numbered fields, of which unknown ones are skipped. Throws
/// <see cref="InvalidDataException"/> where the bytes are no such struct, or end early.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>Types of fields; a boolean is all in its type.</summary>
    public const int True = 1, False = 2, Byte = 3, Int16 = 4, Int32 = 5, Int64 = 6, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11, Struct = 12;

    private const int MaxDepth = 16;

    private VarintReader reader = new(bytes);

    public readonly ReadOnlySpan<byte> Rest => reader.Rest;

    /// <summary>Moves to the next field of a struct and returns its type; 0 at the struct's end.</summary>
    public int NextField(ref int field)
    {
        var head = reader.Take(1)[0];
        if (head == 0) return 0;
        field = head >> 4 is var step and > 0 ? field + step : (int)reader.Signed();
        return head & 15;
    }

    /// <summary>Reads an integer of 16 or 32 bits.</summary>
    public int ReadInt() => reader.Signed() is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw new InvalidDataException("a number has more than 32 bits");

    /// <summary>Reads an integer of 64 bits.</summary>
    public long ReadLong() => reader.Signed();

    public string ReadText() => Encoding.UTF8.GetString(ReadBytes());

    public ReadOnlySpan<byte> ReadBytes() => reader.Take((long)Math.Min(reader.Unsigned(), long.MaxValue));

    /// <summary>Reads the beginning of a list and returns how many elements follow, at least a byte each.</summary>
    public int ReadListHead(out int type)
    {
        var head = reader.Take(1)[0];
        var count = head >> 4 is var small and < 15 ? (ulong)small : reader.Unsigned();
        type = head & 15;
        return count <= (ulong)Rest.Length ? (int)count : throw new InvalidDataException($"a list of {count} where {Rest.Length} bytes are left");
    }

    /// <summary>Passes over a field, whatever is inside it.</summary>
    public void Skip(int type) => Skip(type, 0);

    private void Skip(int type, int depth)
    {
        if (depth > MaxDepth) throw new InvalidDataException("structs inside structs without end");
        switch (type)
        {
            case True or False: break;
            case Byte: reader.Take(1); break;
            case Int16 or Int32 or Int64: reader.Unsigned(); break;
            case Double: reader.Take(sizeof(double)); break;
            case Binary: ReadBytes(); break;
            case List or Set:
                for (var left = ReadListHead(out var element); left > 0; left--) SkipElement(element, depth);
                break;
            case Map:
                var pairs = reader.Unsigned();
                var types = pairs == 0 ? 0 : reader.Take(1)[0];
                for (; pairs > 0; pairs--)
                {
                    SkipElement(types >> 4, depth);
                    SkipElement(types & 15, depth);
                }
                break;
            case Struct:
                for (var field = 0; NextField(ref field) is var inner and not 0;) Skip(inner, depth + 1);
                break;
            default: throw new InvalidDataException($"a field of the unknown type {type}");
        }
    }

    // Outside a struct a boolean has a byte.
    private void SkipElement(int type, int depth)
    {
        if (type is True or False) reader.Take(1);
        else Skip(type, depth + 1);
    }
}
