using System.Buffers.Binary;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer.Tests.Metrics;

/// <summary>Files for TensorBoard, read by the classes that its own schema gives TorchSharp.</summary>
public sealed class EventFileTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, 250, TimeSpan.Zero);

    [Fact]
    public void TensorBoards_own_classes_read_every_scalar()
    {
        string folder = Directory.CreateTempSubdirectory("tensorboard-tests-").FullName;
        try
        {
            using (var file = new EventFile(folder, Time))
            {
                file.Write(Time, 7, [("loss", 2.5), ("ffn_active_fraction_by_layer[0]", 0.08)]);
                file.Write(Time.AddSeconds(1), 3_000_000_000, [("loss", 1e-3)]);
            }
            string path = Assert.Single(Directory.GetFiles(folder));
            Assert.StartsWith("events.out.tfevents.1767323045.", Path.GetFileName(path), StringComparison.Ordinal);
            var events = Records(File.ReadAllBytes(path)).Select(Tensorboard.Event.Parser.ParseFrom).ToArray();
            Assert.Equal(3, events.Length);
            Assert.Equal(("brain.Event:2", 1767323045.25), (events[0].FileVersion, events[0].WallTime));
            Assert.Equal((7L, 1767323045.25), (events[1].Step, events[1].WallTime));
            Assert.Equal([("loss", 2.5f), ("ffn_active_fraction_by_layer[0]", 0.08f)], events[1].Summary.Value.Select(value => (value.Tag, value.SimpleValue)));
            Assert.Equal(3_000_000_000, events[2].Step);
            Assert.Equal([("loss", 1e-3f)], events[2].Summary.Value.Select(value => (value.Tag, value.SimpleValue)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<byte[]> Records(byte[] file)
    {
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            byte[] data = file[(at + 12)..(at + 12 + length)];
            Assert.Equal(Masked(file[at..(at + 8)]), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            yield return data;
            at += 16 + length;
        }
    }

    // Castagnoli's polynomial bit by bit, and the mask of TFRecord.
    private static uint Masked(byte[] bytes)
    {
        uint crc = ~0u;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
        }
        crc = ~crc;
        return (crc >> 15 | crc << 17) + 0xa282ead8;
    }
}
