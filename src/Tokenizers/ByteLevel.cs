namespace SparkTrain.Tokenizers;

/// <summary>
/// The printable stand-ins that byte-level vocabularies write for bytes (GPT-2's table): the 188 visible Latin-1 characters stand for
/// themselves, the other 68 bytes are numbered from U+0100.
/// </summary>
internal static class ByteLevel
{
    private static readonly char[] CharOfByte = BuildTable();
    private static readonly Dictionary<char, byte> ByteOfChar = CharOfByte.Select((c, b) => (c, b)).ToDictionary(x => x.c, x => (byte)x.b);

    public static char ToChar(byte value) => CharOfByte[value];

    public static string ToPiece(ReadOnlySpan<byte> bytes)
    {
        var chars = new char[bytes.Length];
        for (var i = 0; i < chars.Length; i++) chars[i] = CharOfByte[bytes[i]];
        return new string(chars);
    }

    /// <summary>Returns the bytes behind a piece, or null where a character is not in the table.</summary>
    public static byte[]? ToBytes(string piece)
    {
        var bytes = new byte[piece.Length];
        for (var i = 0; i < bytes.Length; i++)
            if (!ByteOfChar.TryGetValue(piece[i], out bytes[i])) return null;
        return bytes;
    }

    private static char[] BuildTable()
    {
        var table = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
            table[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++;
        return table;
    }
}
