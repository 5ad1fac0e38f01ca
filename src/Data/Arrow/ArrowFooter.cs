using System.Buffers.Binary;

namespace SparkTrain.Data;

/// <summary>The footer of Arrow's file format (File.fbs): the schema, and where dictionaries and record batches lie. Some writers leave the schema out everywhere else.</summary>
internal static class ArrowFooter
{
    private const int Schema = 1, Dictionaries = 2, Batches = 3, BlockBytes = 24;

    // A message (Message.fbs) of a header alone: 0 the place of its table; 4 the places of its fields, in 12 bytes; 16 the table: back to these, the header's place, the version, the header's type.
    private static readonly byte[] Head = [16, 0, 0, 0, 12, 0, 12, 0, 8, 0, 10, 0, 4, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, 0, 0];

    /// <summary>Returns where the messages lie: dictionaries, then record batches in their order.</summary>
    public static Queue<long> Places(ReadOnlySpan<byte> footer)
    {
        var root = FlatTable.Root(footer);
        var places = new Queue<long>();
        foreach (int list in new[] { Dictionaries, Batches })
        {
            var blocks = root.Elements(list, BlockBytes, out int count);
            for (int i = 0; i < count; i++) places.Enqueue(BinaryPrimitives.ReadInt64LittleEndian(blocks[(i * BlockBytes)..]));
        }
        return places;
    }

    /// <summary>Returns the schema as the message that a stream begins with: all places in it are relative, so the footer is taken along as it is.</summary>
    public static byte[] SchemaMessage(ReadOnlySpan<byte> footer)
    {
        if (!FlatTable.Root(footer).TryTable(Schema, out var schema)) throw new InvalidDataException("its footer has no schema");
        byte[] message = [.. Head, .. footer];
        const int HeaderPlace = 20;
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(HeaderPlace), Head.Length + schema.Position - HeaderPlace);
        ArrowMetadata.Check(message, (_, _) => { });
        return message;
    }
}
