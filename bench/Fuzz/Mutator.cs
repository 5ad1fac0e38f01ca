using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace SparkTrain.Bench;

/// <summary>Damages bytes as disks, networks, other programs and attackers do. What it does follows from the random numbers alone.</summary>
/// <param name="random">The random numbers.</param>
internal sealed class Mutator(Random random)
{
    // Enough to be many pages, records and blocks of whatever is read; no more, so that thousands are read in a minute.
    private const int MostBytes = 1 << 20;

    private const int MostTimes = 6, LongestRun = 64, LongestPiece = 4096, LookAhead = 256;

    private static readonly long[] Extremes =
    [
        0, 1, -1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, int.MaxValue, int.MinValue, int.MaxValue - 1L, 1L << 31, uint.MaxValue, 1L << 32, 1L << 28, 1L << 30, 1L << 40, 1L << 53,
        long.MaxValue, long.MinValue, long.MaxValue / 2, long.MaxValue / 8 + 1, 0x7FFF_FFF0, 0x4000_0001, 0x2000_0001,
    ];

    private static readonly string[] Numbers = ["0", "-1", "-0", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e308", "1e999", "-1e999", "1e-999", "0.5", "NaN", "1" + new string('0', 400), "1e2147483648"];

    private readonly JsonMutator json = new(random);

    /// <summary>Returns bytes that are damaged once or several times.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="other">Bytes of another input, parts of which may come in.</param>
    public byte[] Mutate(byte[] bytes, byte[] other)
    {
        int times = 1;
        while (times < MostTimes && random.Next(3) == 0) times++;
        for (; times > 0; times--) bytes = random.Next(10) < 8 && json.Mutate(bytes) is { } changed ? changed : Once(bytes, other);
        return bytes.Length <= MostBytes ? bytes : bytes[..MostBytes];
    }

    private byte[] Once(byte[] bytes, byte[] other) => bytes.Length == 0 ? Random() : random.Next(13) switch
    {
        0 or 1 => Changed(bytes, FlipBits),
        2 => Changed(bytes, SetRun),
        3 => bytes[..Place(bytes.Length)],
        4 => Insert(bytes, Random()),
        5 => Insert(bytes, Piece(bytes)),
        6 => Without(bytes),
        7 => Splice(bytes, other),
        8 => Insert(bytes, Piece(other)),
        9 or 10 => Changed(bytes, SetInteger),
        11 => Overwrite(bytes, Varint()),
        _ => ReplaceNumber(bytes) ?? Changed(bytes, SetInteger),
    };

    // Headers and footers mean more than what lies between.
    private int Place(int length) => random.Next(4) switch
    {
        0 => random.Next(Math.Min(length, LookAhead)),
        1 => length - 1 - random.Next(Math.Min(length, 4 * LookAhead)),
        _ => random.Next(length),
    };

    private static byte[] Changed(byte[] bytes, Action<byte[]> change)
    {
        byte[] copy = [.. bytes];
        change(copy);
        return copy;
    }

    private void FlipBits(byte[] bytes)
    {
        for (int count = 1 + random.Next(4); count > 0; count--) bytes[Place(bytes.Length)] ^= (byte)(1 << random.Next(8));
    }

    private void SetRun(byte[] bytes)
    {
        var run = Range(bytes, LongestRun);
        if (random.Next(3) == 0) random.NextBytes(run);
        else run.Fill((byte)(random.Next(2) == 0 ? 0 : 255));
    }

    private Span<byte> Range(byte[] bytes, int longest)
    {
        int at = Place(bytes.Length);
        return bytes.AsSpan(at, 1 + random.Next(Math.Min(longest, bytes.Length - at)));
    }

    private byte[] Random()
    {
        byte[] bytes = new byte[1 + random.Next(LongestRun)];
        random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Piece(byte[] bytes) => bytes.Length == 0 ? [] : Range(bytes, LongestPiece).ToArray();

    private byte[] Insert(byte[] bytes, byte[] piece)
    {
        int at = Place(bytes.Length);
        return [.. bytes.AsSpan(0, at), .. piece, .. bytes.AsSpan(at)];
    }

    private byte[] Overwrite(byte[] bytes, byte[] piece)
    {
        int at = Place(bytes.Length);
        return [.. bytes.AsSpan(0, at), .. piece, .. bytes.AsSpan(Math.Min(bytes.Length, at + piece.Length))];
    }

    private byte[] Without(byte[] bytes)
    {
        int at = Place(bytes.Length), length = 1 + random.Next(Math.Min(LongestPiece, bytes.Length - at));
        return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + length)];
    }

    private byte[] Splice(byte[] bytes, byte[] other) => [.. bytes.AsSpan(0, Place(bytes.Length)), .. other.AsSpan(other.Length == 0 ? 0 : random.Next(other.Length))];

    // Where something stands that may be a length or a place already, as far as one is near.
    private void SetInteger(byte[] bytes)
    {
        int width = 1 << random.Next(4), at = Place(bytes.Length);
        for (int ahead = at; ahead <= Math.Min(at + LookAhead, bytes.Length - width); ahead++)
            if (width > 1 && Integer(bytes.AsSpan(ahead, width), isBig: false) is > 0 and var found && found <= (ulong)bytes.Length)
            {
                at = ahead;
                break;
            }
        if (at > bytes.Length - width) (at, width) = (Math.Max(0, bytes.Length - width), Math.Min(width, bytes.Length));
        bool isBig = random.Next(4) == 0;
        var target = bytes.AsSpan(at, width);
        // An extreme one, or one that is wrong by a little.
        long value = random.Next(3) == 0 ? (long)Integer(target, isBig) + random.Next(-2, 3) : random.Next(4) == 0 ? bytes.Length + random.Next(-2, 3) : Extremes[random.Next(Extremes.Length)];
        Span<byte> all = stackalloc byte[sizeof(long)];
        if (isBig) BinaryPrimitives.WriteInt64BigEndian(all, value);
        else BinaryPrimitives.WriteInt64LittleEndian(all, value);
        (isBig ? all[^width..] : all[..width]).CopyTo(target);
    }

    private static ulong Integer(ReadOnlySpan<byte> bytes, bool isBig)
    {
        ulong value = 0;
        for (int i = 0; i < bytes.Length; i++) value = value << 8 | bytes[isBig ? i : bytes.Length - 1 - i];
        return value;
    }

    // As Thrift and Protocol Buffers write them, sometimes with signs folded in, sometimes without an end.
    private byte[] Varint()
    {
        if (random.Next(8) == 0) return [.. Enumerable.Repeat((byte)0xFF, 1 + random.Next(12))];
        ulong value = (ulong)Extremes[random.Next(Extremes.Length)];
        if (random.Next(2) == 0) value = value << 1 ^ (ulong)((long)value >> 63);
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    // Numbers that are written in digits.
    private byte[]? ReplaceNumber(byte[] bytes)
    {
        int from = Place(bytes.Length), begin = bytes.AsSpan(from).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (begin < 0) return null;
        begin += from;
        int length = bytes.AsSpan(begin).IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (length < 0) length = bytes.Length - begin;
        string number = random.Next(3) == 0 ? Extremes[random.Next(Extremes.Length)].ToString(CultureInfo.InvariantCulture) : Numbers[random.Next(Numbers.Length)];
        return [.. bytes.AsSpan(0, begin), .. Encoding.ASCII.GetBytes(number), .. bytes.AsSpan(begin + length)];
    }
}
