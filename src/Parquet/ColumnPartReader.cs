using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace SparkTrain.Parquet;

/// <summary>
/// Reads the values of a column in a row group with their levels, a few at a time: memory holds a page and a dictionary, whatever the headers claim. Throws <see cref="InvalidDataException"/> where they are
/// damaged, <see cref="NotSupportedException"/> where they are written in a way that is not known.
/// </summary>
public sealed class ColumnPartReader<T>(SafeFileHandle file, ParquetColumn column, ColumnPart part, IPageFormat<T> format)
{
    private const int Most = 128;

    private readonly PageReader pages = new(file, part);
    private T[]? dictionary;
    private RunReader? repetitionRuns, definitionRuns;
    private PageValues<T>? pageValues;
    private long left = part.Values;
    private int leftInPage;

    /// <summary>Repetition levels of what was read: 0 where a row begins.</summary>
    public int[] Repetition { get; } = new int[Most];

    /// <summary>Definition levels of what was read: the column's highest where there is a value.</summary>
    public int[] Definition { get; } = new int[Most];

    /// <summary>The values, one after another; where there is none, none is left out.</summary>
    public T[] Values { get; } = new T[Most];

    /// <summary>Reads what is next and returns how many levels that is; 0 at the end.</summary>
    public int Read()
    {
        while (leftInPage == 0)
        {
            if (left == 0) return 0;
            NextPage();
        }
        var count = Math.Min(leftInPage, Most);
        ReadLevels(repetitionRuns, Repetition.AsSpan(0, count), column.MaxRepetition);
        ReadLevels(definitionRuns, Definition.AsSpan(0, count), column.MaxDefinition);
        pageValues!.Read(Values.AsSpan(0, Definition.AsSpan(0, count).Count(column.MaxDefinition)));
        leftInPage -= count;
        left -= count;
        if (leftInPage == 0 && !pageValues.IsAtEnd) throw new InvalidDataException("a page holds more values than its levels say");
        return count;
    }

    private static void ReadLevels(RunReader? runs, Span<int> levels, int most)
    {
        runs?.Read(levels);
        if (levels.ContainsAnyExceptInRange(0, most)) throw new InvalidDataException($"a level above {most}");
    }

    private void NextPage()
    {
        var (header, body) = pages.Next();
        switch (header.Type)
        {
            case PageHeader.DictionaryPage:
                if (dictionary is not null) throw new InvalidDataException("a second dictionary");
                ReadDictionary(header, body);
                return;
            case PageHeader.DataPage or PageHeader.DataPageV2:
                break;
            default:
                return;
        }
        if (header.Values > left) throw new InvalidDataException($"a page of {header.Values} values where {left} are left");
        leftInPage = header.Values;
        if (header.Type == PageHeader.DataPage)
        {
            repetitionRuns = TakeLevels(ref body, column.MaxRepetition, header.RepetitionEncoding);
            definitionRuns = TakeLevels(ref body, column.MaxDefinition, header.DefinitionEncoding);
        }
        else
        {
            repetitionRuns = Levels(body[..header.RepetitionBytes], column.MaxRepetition);
            definitionRuns = Levels(body.Slice(header.RepetitionBytes, header.DefinitionBytes), column.MaxDefinition);
            body = body[(header.RepetitionBytes + header.DefinitionBytes)..];
        }
        pageValues = Open(header.Encoding, body);
    }

    // In version 1 levels have their size before them, and none are written where there is only one.
    private static RunReader? TakeLevels(ref ReadOnlyMemory<byte> body, int most, int encoding)
    {
        if (most == 0) return null;
        if (encoding != PageHeader.Rle) throw new NotSupportedException($"its levels have the encoding {encoding}");
        var size = body.Length < sizeof(uint) ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(body.Span);
        if (size > body.Length - sizeof(uint)) throw new InvalidDataException($"levels of {size} bytes in a page of {body.Length}");
        var levels = body.Slice(sizeof(uint), (int)size);
        body = body[(sizeof(uint) + (int)size)..];
        return Levels(levels, most);
    }

    private static RunReader? Levels(ReadOnlyMemory<byte> bytes, int most) => most == 0 ? null : new RunReader(bytes, int.Log2(most) + 1);

    private void ReadDictionary(PageHeader header, ReadOnlyMemory<byte> body)
    {
        if (header.Encoding is not (PageHeader.Plain or PageHeader.PlainDictionary)) throw new NotSupportedException($"its dictionary has the encoding {header.Encoding}");
        if (header.Values > body.Length / sizeof(int)) throw new InvalidDataException($"a dictionary of {header.Values} values in {body.Length} bytes");
        dictionary = new T[header.Values];
        format.Open(PageHeader.Plain, body)!.Read(dictionary);
    }

    private PageValues<T> Open(int encoding, ReadOnlyMemory<byte> body)
    {
        if (encoding is PageHeader.PlainDictionary or PageHeader.RleDictionary) return new DictionaryValues<T>(dictionary, body);
        return format.Open(encoding, body) ?? throw new NotSupportedException($"its values have the encoding {encoding}");
    }
}
