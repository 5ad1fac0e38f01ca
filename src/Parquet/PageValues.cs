namespace SparkTrain.Parquet;

/// <summary>The values of one page, decoded a few at a time; nulls are not among them.</summary>
public abstract class PageValues<T>
{
    /// <summary>True where nothing is left but padding, and where that cannot be told.</summary>
    public abstract bool IsAtEnd { get; }

    /// <summary>Fills <paramref name="into"/> with the next values. Throws <see cref="InvalidDataException"/> where there are fewer.</summary>
    public abstract void Read(Span<T> into);

    /// <summary>True for what a writer may leave behind the last value: nothing, or zeros, as fastparquet does.</summary>
    protected static bool IsPadding(ReadOnlySpan<byte> rest) => !rest.ContainsAnyExcept((byte)0);
}

/// <summary>Pages of a column of nothing but nulls: they hold no value.</summary>
public sealed class NullPages<T> : PageValues<T>, IPageFormat<T>
{
    public override bool IsAtEnd => true;

    public PageValues<T> Open(int encoding, ReadOnlyMemory<byte> bytes) => this;

    public override void Read(Span<T> into)
    {
        if (!into.IsEmpty) throw new InvalidDataException("a value in a column of nulls");
    }
}

/// <summary>Numbers of the values in a dictionary: a byte with their width in bits, then runs. Where every value is null, writers may leave the dictionary out.</summary>
internal sealed class DictionaryValues<T>(T[]? dictionary, ReadOnlyMemory<byte> bytes) : PageValues<T>
{
    private readonly RunReader? runs = bytes.IsEmpty ? null : new RunReader(bytes[1..], bytes.Span[0]);
    private int[] indices = [];

    // The last group of a run is filled up with anything.
    public override bool IsAtEnd => true;

    public override void Read(Span<T> into)
    {
        if (into.IsEmpty) return;
        if (dictionary is null) throw new InvalidDataException("the dictionary is missing");
        if (indices.Length < into.Length) indices = new int[into.Length];
        (runs ?? throw new InvalidDataException("the page is empty")).Read(indices.AsSpan(0, into.Length));
        for (var i = 0; i < into.Length; i++)
            into[i] = (uint)indices[i] < (uint)dictionary.Length ? dictionary[indices[i]] : throw new InvalidDataException($"value {indices[i]} of a dictionary of {dictionary.Length}");
    }
}

/// <summary>Opens pages of one physical type.</summary>
public interface IPageFormat<T>
{
    /// <summary>Returns the values that <paramref name="bytes"/> hold; null for an encoding that this type does not have.</summary>
    PageValues<T>? Open(int encoding, ReadOnlyMemory<byte> bytes);
}
