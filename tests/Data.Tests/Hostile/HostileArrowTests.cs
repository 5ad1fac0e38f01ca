using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using SparkTrain.Input;
using SparkTrain.Support;
using ArrowBatch = Apache.Arrow.RecordBatch;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>Arrow files that lie: each is refused by name, ends no process, and takes no memory for what it claims.</summary>
public sealed class HostileArrowTests : IDisposable
{
    private const long MostAllocated = 4 << 20;
    private const int PlacesBytes = 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Places in the stream of goldens/saved-dataset, by its bytes: the schema's size, its byte order, the record batch's size, its body's, its rows, the first buffer with any bytes.
    public static TheoryData<int, long, int, string> Lies => new()
    {
        { 0x004, int.MaxValue, 4, "a message of 2147483647 bytes" },
        { 0x170, 0xFFFF, 2, "a table of more than 32767 bytes" },
        { 0x004, -5, 4, "a message of -5 bytes" },
        { 0x008, 0x7FFFFFF0, 4, "its metadata point at byte" },
        { 0x0E0, int.MaxValue, 4, "a list of 2147483647" },
        { 0x164, 0x4000_0000, 4, "a message of 1073741824 bytes" },
        { 0x188, 1L << 40, 8, "a record batch of 1099511627776 bytes" },
        { 0x188, -1, 8, "a buffer of" },
        { 0x1A8, 1L << 40, 8, "1099511627776 rows" },
        { 0x1A8, 2, 8, "its column has 3 rows, the record batch 2" },
        { 0x1C8, 1L << 40, 8, "a buffer of 16 bytes from 1099511627776 on" },
        { 0x1D0, 1L << 62, 8, "a buffer of 4611686018427387904 bytes" },
        { 0x1D0, 4, 8, "ArgumentOutOfRangeException" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_lie_is_refused_and_takes_no_memory(int at, long value, int size, string found)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.At("saved-dataset/data-00000-of-00001.arrow")), number = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        number.AsSpan(0, size).CopyTo(bytes.AsSpan(at));
        Refuse(bytes, found);
    }

    [Theory]
    [InlineData(CompressionCodecType.Zstd, 1L << 40, "unpacks to more than 1073741824 bytes")]
    [InlineData(CompressionCodecType.Zstd, -2, "unpacks to -2 bytes")]
    [InlineData(CompressionCodecType.Zstd, 20_481, "20481 bytes")]
    [InlineData(CompressionCodecType.Lz4Frame, 1 << 29, "claims to unpack to 536870912")]
    public void A_packed_buffer_that_lies_of_its_size_is_refused(CompressionCodecType codec, long claim, string found)
    {
        byte[] bytes = Packed(codec, new string('a', 20_480)), honest = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(honest, 20_480);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(bytes.AsSpan().IndexOf(honest)), claim);
        Refuse(bytes, found);
    }

    // Each field has the next one twice for a child, so 30 tables are 2^30 fields.
    [Fact]
    public void Fields_that_share_their_children_are_refused()
    {
        const int Levels = 30, FieldBytes = 40;
        List<byte> schema = [.. Table(field: 1, [4, 0, 0, 0]), .. Numbers(1, 4 + PlacesBytes)];
        for (int level = 0; level < Levels; level++) schema.AddRange([.. Table(field: 5, [4, 0, 0, 0]), .. Numbers(2, 8 + PlacesBytes, 4 + PlacesBytes)]);
        Refuse(Message([.. schema, .. new byte[FieldBytes]]), "fields more than 32 deep, or more than 65536");
    }

    [Fact]
    public void The_other_byte_order_is_refused_by_name() => Refuse(Message(Table(field: 0, [1, 0, 0, 0])), "the high byte first");

    [Fact]
    public void A_file_that_is_cut_off_anywhere_is_refused_or_ends_between_two_batches()
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.At("saved-dataset/data-00000-of-00001.arrow"));
        int[] whole = [0x160, 0x280, 0x288];   // without rows, without its last message, all of it
        for (int length = 1; length <= bytes.Length; length++)
        {
            string path = folder.Write("cut.arrow", bytes[..length]);
            if (whole.Contains(length)) Assert.Equal(length == 0x160 ? 0 : 3, ArrowDocuments.Read(path, "text").Count());
            else Assert.Throws<DataException>(() => ArrowDocuments.Read(path, "text").Count());
        }
    }

    // A table of one field: the places of seven fields, then how far back these are, then the field.
    private static byte[] Table(int field, byte[] value)
    {
        var table = new byte[PlacesBytes + sizeof(int)];
        (table[0], table[2], table[4 + (2 * field)], table[PlacesBytes]) = (PlacesBytes, 8, 4, PlacesBytes);
        return [.. table, .. value];
    }

    private static byte[] Numbers(params int[] numbers) => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();

    // A message of a schema: the root, its table (field 1 the type, field 2 the schema), then the schema.
    private static byte[] Message(byte[] schema)
    {
        byte[] places = [.. Numbers(PlacesBytes + 4), PlacesBytes, 0, 12, 0, 0, 0, 4, 0, 8, 0, .. new byte[PlacesBytes - 10]];
        byte[] metadata = [.. places, .. Numbers(PlacesBytes, 1, 4 + PlacesBytes), .. schema];
        return [0xFF, 0xFF, 0xFF, 0xFF, .. Numbers(metadata.Length), .. metadata];
    }

    private static byte[] Packed(CompressionCodecType codec, string text)
    {
        using var stream = new MemoryStream();
        var schema = new Schema([new Field("text", StringType.Default, true)], null);
        using (var writer = new ArrowStreamWriter(stream, schema, true, new IpcOptions { CompressionCodec = codec, CompressionCodecFactory = new CompressionCodecFactory() }))
        {
            writer.WriteRecordBatch(new ArrowBatch(schema, [new StringArray.Builder().Append(text).Build()], 1));
            writer.WriteEnd();
        }
        return stream.ToArray();
    }

    private void Refuse(byte[] bytes, string found)
    {
        string path = folder.Write("hostile.arrow", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<DataException>(() => ArrowDocuments.Read(path, "text").Count());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        Assert.Contains(found, error.Found, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Where, StringComparison.Ordinal);
    }
}
