using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace SparkTrain.Telemetry;

/// <summary>
/// A file of TensorBoard: records of TFRecord (length, its checksum, data, their checksum), each an Event of tensorflow/core/util/event.proto with the scalars of a step.
/// </summary>
public sealed partial class EventFile : IDisposable
{
    // Field numbers of Event, Summary, Summary.Value and SessionLog, SessionLog's first status, and protobuf's wire types.
    private const int WallTime = 1, StepField = 2, FileVersion = 3, Summary = 5, SessionLog = 7, SummaryValue = 1, Tag = 1, SimpleValue = 2, Status = 1, Start = 1;
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;
    private const uint MaskDelta = 0xa282ead8;

    private readonly FileStream file;
    private long end;

    /// <summary>
    /// Begins a file. TensorBoard reads all files of a folder as one run, in the order of their names, which begin with a time in seconds: where the clock was set back, or two starts share a second, the next free one is taken.
    /// </summary>
    /// <param name="folder">Made when absent.</param>
    /// <param name="now">When it begins.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public EventFile(string folder, DateTimeOffset now)
    {
        Directory.CreateDirectory(folder);
        long newest = Directory.EnumerateFiles(folder).Select(path => NameOfAny().Match(Path.GetFileName(path)))
            .Where(name => name.Success).Select(name => long.Parse(name.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty(-1).Max();
        string name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{Math.Max(now.ToUnixTimeSeconds(), newest + 1):d10}.{Environment.MachineName}.{Environment.ProcessId}");
        file = new(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var version = new MemoryStream();
        WriteDouble(version, WallTime, Seconds(now));
        WriteBytes(version, FileVersion, "brain.Event:2"u8);
        WriteRecord(version);
    }

    /// <summary>Writes the scalars of a step.</summary>
    public void Write(DateTimeOffset time, long step, IEnumerable<(string Name, double Value)> scalars)
    {
        var summary = new MemoryStream();
        foreach (var (name, value) in scalars)
        {
            var scalar = new MemoryStream();
            WriteBytes(scalar, Tag, Encoding.UTF8.GetBytes(name));
            WriteFloat(scalar, SimpleValue, (float)value);
            WriteBytes(summary, SummaryValue, scalar.ToArray());
        }
        var record = new MemoryStream();
        WriteDouble(record, WallTime, Seconds(time));
        WriteKey(record, StepField, Varint);
        WriteVarint(record, (ulong)step);
        WriteBytes(record, Summary, summary.ToArray());
        WriteRecord(record);
    }

    /// <summary>Says that what was written of a step and of later ones, in this file and in earlier ones, is computed again: readers drop it (SessionLog.START, as purge_step of other writers).</summary>
    /// <param name="time">When.</param>
    /// <param name="step">The first step that comes again.</param>
    public void Restart(DateTimeOffset time, long step)
    {
        var session = new MemoryStream();
        WriteKey(session, Status, Varint);
        WriteVarint(session, Start);
        var record = new MemoryStream();
        WriteDouble(record, WallTime, Seconds(time));
        WriteKey(record, StepField, Varint);
        WriteVarint(record, (ulong)step);
        WriteBytes(record, SessionLog, session.ToArray());
        WriteRecord(record);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private void WriteRecord(MemoryStream data)
    {
        byte[] bytes = data.ToArray(), head = new byte[12], tail = new byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), Checksum(head.AsSpan(0, 8)));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, Checksum(bytes));
        byte[] record = [.. head, .. bytes, .. tail];
        try
        {
            RandomAccess.Write(file.SafeFileHandle, record, end);
            end += record.Length;
        }
        // Behind half of a record a reader finds no other.
        catch (IOException)
        {
            RandomAccess.SetLength(file.SafeFileHandle, end);
            throw;
        }
    }

    // CRC-32C, masked as TFRecord wants it.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return BitOperations.RotateRight(~crc, 15) + MaskDelta;
    }

    private static void WriteKey(MemoryStream target, int field, int wireType) => WriteVarint(target, (ulong)(field << 3 | wireType));

    private static void WriteVarint(MemoryStream target, ulong value)
    {
        for (; value >= 0x80; value >>= 7) target.WriteByte((byte)(value | 0x80));
        target.WriteByte((byte)value);
    }

    private static void WriteBytes(MemoryStream target, int field, ReadOnlySpan<byte> value)
    {
        WriteKey(target, field, Bytes);
        WriteVarint(target, (ulong)value.Length);
        target.Write(value);
    }

    private static void WriteDouble(MemoryStream target, int field, double value)
    {
        WriteKey(target, field, Fixed64);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        target.Write(bytes);
    }

    private static void WriteFloat(MemoryStream target, int field, float value)
    {
        WriteKey(target, field, Fixed32);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        target.Write(bytes);
    }

    [GeneratedRegex(@"^events\.out\.tfevents\.([0-9]{1,18})\.")]
    private static partial Regex NameOfAny();
}
