using System.Buffers.Binary;
using System.Text;

namespace SparkTrain.Native;

/// <summary>Reads and relaxes the symbol versions that a 64-bit little-endian ELF library needs (section SHT_GNU_verneed, System V gABI with GNU extensions).</summary>
public static class ElfVersionNeeds
{
    private const uint SectionVersionNeeds = 0x6ffffffe;
    private const ushort Weak = 2;

    /// <summary>Lists the versions that the library needs and does not mark weak, for example GLIBCXX_3.4.32.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a 64-bit little-endian ELF file.</exception>
    public static IReadOnlyList<string> Required(ReadOnlySpan<byte> elf)
    {
        var names = new List<string>();
        foreach (var (flagsAt, name) in Entries(elf))
            if ((BinaryPrimitives.ReadUInt16LittleEndian(elf[flagsAt..]) & Weak) == 0) names.Add(name);
        return names;
    }

    /// <summary>Marks every need of <paramref name="version"/> weak, so that the loader accepts a library without it; returns how many were marked.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a 64-bit little-endian ELF file.</exception>
    public static int Relax(Span<byte> elf, string version)
    {
        int relaxed = 0;
        foreach (var (flagsAt, name) in Entries(elf))
        {
            if (name != version) continue;
            var flags = elf[flagsAt..];
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | Weak));
            relaxed++;
        }
        return relaxed;
    }

    // Each Verneed {version, count, file, aux, next} heads a chain of Vernaux {hash, flags, other, name, next}; offsets are relative to the record.
    private static List<(int FlagsAt, string Name)> Entries(ReadOnlySpan<byte> elf)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        var found = new List<(int, string)>();
        int sections = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(elf[0x28..]));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3a..]), count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3c..]);
        for (int s = 0; s < count; s++)
        {
            var header = elf.Slice(sections + s * size, size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != SectionVersionNeeds) continue;
            int need = OffsetOf(header);
            int strings = OffsetOf(elf.Slice(sections + BinaryPrimitives.ReadInt32LittleEndian(header[0x28..]) * size, size));
            for (int next = -1; next != 0; need += next)
            {
                int aux = need + BinaryPrimitives.ReadInt32LittleEndian(elf[(need + 8)..]);
                for (int nextAux = -1; nextAux != 0; aux += nextAux)
                {
                    int name = strings + BinaryPrimitives.ReadInt32LittleEndian(elf[(aux + 8)..]);
                    found.Add((aux + 4, Encoding.ASCII.GetString(elf.Slice(name, elf[name..].IndexOf((byte)0)))));
                    nextAux = BinaryPrimitives.ReadInt32LittleEndian(elf[(aux + 12)..]);
                }
                next = BinaryPrimitives.ReadInt32LittleEndian(elf[(need + 12)..]);
            }
        }
        return found;
    }

    private static int OffsetOf(ReadOnlySpan<byte> sectionHeader) => checked((int)BinaryPrimitives.ReadUInt64LittleEndian(sectionHeader[0x18..]));
}
