namespace SparkTrain.Bench;

/// <summary>A reader of what others wrote.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Inputs">Makes what it reads, undamaged, the same bytes each time; it is given an empty folder to make files in.</param>
/// <param name="Read">Reads the files in a folder, all that it can.</param>
internal sealed record FuzzReader(string Name, Func<string, IReadOnlyList<FuzzInput>> Inputs, Action<string> Read)
{
    /// <summary>Makes checksums and lengths fit what was damaged, or not; null where there are none.</summary>
    public Action<IDictionary<string, byte[]>, Random>? Seal { get; init; }

    /// <summary>True for what is refused undamaged too, with words for the user.</summary>
    public bool IsAlwaysRefused { get; init; }

    /// <summary>Bytes that reading may allocate whatever the input, all that is freed meanwhile included.</summary>
    public long MostBytes { get; init; } = 128L << 20;

    /// <summary>Bytes that reading may allocate for each byte of the input.</summary>
    public long MostBytesPerByte { get; init; } = 1024;
}
