using CsCheck;

namespace SparkTrain.Parquet.Tests;

public sealed class DeltaBinaryPackedTests
{
    // The two examples of the format's description (Parquet, Encodings.md, "Delta Encoding").
    [Theory]
    [InlineData(new byte[] { 0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0 }, new[] { 1, 2, 3, 4, 5 })]
    [InlineData(new byte[] { 0x80, 0x01, 0x04, 0x08, 0x0E, 0x03, 2, 0, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0, 0, 0 }, new[] { 7, 5, 3, 1, 2, 3, 4, 5 })]
    [InlineData(new byte[] { 0x80, 0x01, 0x04, 0x01, 0x05 }, new[] { -3 })]
    [InlineData(new byte[] { 0x80, 0x01, 0x04, 0x00, 0x00 }, new int[0])]
    public void Decodes_the_formats_own_examples(byte[] bytes, int[] expected)
    {
        var values = new int[expected.Length];
        DeltaBinaryPacked.Decode(bytes, values);
        Assert.Equal(expected, values);
    }

    [Fact]
    public void Bytes_of_any_kind_are_decoded_or_refused() => Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[0, 300], Gen.Bool).Sample((bytes, count, beginsWell) =>
    {
        if (beginsWell) bytes = [0x80, 0x01, 0x04, (byte)((count & 0x7F) | (count > 127 ? 0x80 : 0)), .. (byte[])(count > 127 ? [(byte)(count >> 7)] : []), .. bytes];
        if (Record.Exception(() => DeltaBinaryPacked.Decode(bytes, new int[count])) is { } e) Assert.IsType<InvalidDataException>(e);
        if (Record.Exception(() => PageHeader.Read(bytes)) is { } other) Assert.IsType<InvalidDataException>(other);
    }, iter: 20_000);
}
