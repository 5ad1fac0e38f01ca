using System.Buffers.Binary;

namespace SparkTrain.Data;

/// <summary>
/// A table of a FlatBuffer, in which Arrow writes its metadata: fields found by number through a list of places that the table points at. Every place is compared with the end of the bytes; what lies beyond it
/// throws <see cref="InvalidDataException"/>.
/// </summary>
internal readonly ref struct FlatTable
{
    private readonly ReadOnlySpan<byte> bytes;

    private FlatTable(ReadOnlySpan<byte> bytes, int position)
    {
        this.bytes = bytes;
        Position = position;
    }

    /// <summary>Where it lies in the bytes.</summary>
    public int Position { get; }

    /// <summary>Returns the table that the first four bytes point at.</summary>
    public static FlatTable Root(ReadOnlySpan<byte> bytes) => new(bytes, Follow(bytes, 0));

    /// <summary>Reads a number of 1, 2, 4 or 8 bytes; 0 where it is not written.</summary>
    public long Number(int field, int size)
    {
        int at = Find(field);
        if (at == 0) return 0;
        var value = Take(bytes, at, size);
        return size switch
        {
            sizeof(byte) => value[0],
            sizeof(short) => BinaryPrimitives.ReadInt16LittleEndian(value),
            sizeof(int) => BinaryPrimitives.ReadInt32LittleEndian(value),
            _ => BinaryPrimitives.ReadInt64LittleEndian(value),
        };
    }

    /// <summary>Finds a table inside this one; false where it is not written.</summary>
    public bool TryTable(int field, out FlatTable table)
    {
        int at = Find(field);
        table = at == 0 ? default : new FlatTable(bytes, Follow(bytes, at));
        return at != 0;
    }

    /// <summary>Returns a text's bytes; empty where it is not written.</summary>
    public ReadOnlySpan<byte> Text(int field) => Elements(field, sizeof(byte), out _);

    /// <summary>Returns the elements of a list of numbers or structs, <paramref name="size"/> bytes each.</summary>
    public ReadOnlySpan<byte> Elements(int field, int size, out int count)
    {
        count = Count(field, size, out int first);
        return count == 0 ? default : bytes.Slice(first, count * size);
    }

    /// <summary>Returns how many tables a list holds.</summary>
    public int CountTables(int field) => Count(field, sizeof(int), out _);

    /// <summary>Returns one of the tables of a list.</summary>
    public FlatTable TableAt(int field, int index)
    {
        Count(field, sizeof(int), out int first);
        return new FlatTable(bytes, Follow(bytes, first + (index * sizeof(int))));
    }

    private int Count(int field, int size, out int first)
    {
        (int at, first) = (Find(field), 0);
        if (at == 0) return 0;
        int list = Follow(bytes, at);
        int count = BinaryPrimitives.ReadInt32LittleEndian(Take(bytes, list, sizeof(int)));
        first = list + sizeof(int);
        if (count < 0 || count > (bytes.Length - first) / size) throw new InvalidDataException($"a list of {count} where {bytes.Length - first} bytes are left");
        return count;
    }

    // Where the field lies; 0 where it is not written.
    private int Find(int field)
    {
        long places = Position - (long)BinaryPrimitives.ReadInt32LittleEndian(Take(bytes, Position, sizeof(int)));
        int size = BinaryPrimitives.ReadInt16LittleEndian(Take(bytes, places, sizeof(short))), place = (2 + field) * sizeof(short);
        // Readers disagree on whether these have a sign.
        if (size < 0) throw new InvalidDataException("a table of more than 32767 bytes");
        if (place >= size) return 0;
        int offset = BinaryPrimitives.ReadInt16LittleEndian(Take(bytes, places + place, sizeof(short)));
        if (offset < 0) throw new InvalidDataException("a field more than 32767 bytes from its table");
        return offset == 0 ? 0 : Position + offset;
    }

    private static int Follow(ReadOnlySpan<byte> bytes, int at)
    {
        long to = at + (long)BinaryPrimitives.ReadUInt32LittleEndian(Take(bytes, at, sizeof(uint)));
        Take(bytes, to, sizeof(int));
        return (int)to;
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> bytes, long at, int size) =>
        at >= 0 && at <= bytes.Length - size ? bytes.Slice((int)at, size) : throw new InvalidDataException($"its metadata point at byte {at} of {bytes.Length}");
}
