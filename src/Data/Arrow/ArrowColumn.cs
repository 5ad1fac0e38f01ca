using Apache.Arrow;
using Apache.Arrow.Types;
using ArrowBatch = Apache.Arrow.RecordBatch;

namespace SparkTrain.Data;

/// <summary>A column of an Arrow file: the numbers of the fields on the way to it, from the outermost in.</summary>
/// <param name="Name">Their names, joined by dots.</param>
/// <param name="Type">Its type.</param>
/// <param name="Path">Their numbers.</param>
internal sealed record ArrowColumn(string Name, IArrowType Type, IReadOnlyList<int> Path)
{
    public bool IsText => Text(Type is DictionaryType dictionary ? dictionary.ValueType : Type) || Type is NullType;

    public bool IsTokens => Element is NullType || IsIntegers;

    public bool IsIntegers => Element is IntegerType;

    private IArrowType? Element => Type.TypeId is ArrowTypeId.List or ArrowTypeId.LargeList or ArrowTypeId.FixedSizeList ? ((NestedType)Type).Fields[0].DataType : null;

    /// <summary>Returns the columns of a file: every field that is no struct, also those inside of structs.</summary>
    public static IEnumerable<ArrowColumn> Of(IReadOnlyList<Field> fields) => fields.SelectMany((field, i) => Of(field, field.Name, [i]));

    /// <summary>Finds the column in a record batch: its values, and the structs around them, any of which may be null in a row.</summary>
    /// <exception cref="InvalidDataException">It has another number of rows than the batch.</exception>
    public (IArrowArray Values, IReadOnlyList<IArrowArray> Around) Find(ArrowBatch batch)
    {
        var (values, around) = (batch.Column(Path[0]), new List<IArrowArray>());
        foreach (int field in Path.Skip(1))
        {
            around.Add(values);
            values = ((StructArray)values).Fields[field];
        }
        return values.Length == batch.Length && around.TrueForAll(a => a.Length == batch.Length) ? (values, around)
            : throw new InvalidDataException($"its column has {values.Length} rows, the record batch {batch.Length}");
    }

    /// <summary>Returns the bytes of a text; empty where it is null.</summary>
    public static ReadOnlySpan<byte> TextAt(IArrowArray texts, int row) => texts.IsNull(row) ? default : texts switch
    {
        BinaryArray a => a.GetBytes(row),
        LargeBinaryArray a => a.GetBytes(row),
        BinaryViewArray a => a.GetBytes(row),
        DictionaryArray a => TextOf(a, row),
        _ => throw new InvalidDataException("a value in a column of nulls"),
    };

    /// <summary>Returns the elements of a list; null where it is null.</summary>
    public static IArrowArray? ElementsAt(IArrowArray lists, int row)
    {
        if (lists.IsNull(row)) return null;
        var (elements, length) = lists switch
        {
            ListArray a => (a.GetSlicedValues(row), a.GetValueLength(row)),
            LargeListArray a => (a.GetSlicedValues(row), a.GetValueLength(row)),
            FixedSizeListArray a => (a.GetSlicedValues(row), ((FixedSizeListType)a.Data.DataType).ListSize),
            _ => throw new InvalidDataException("a list that is none"),
        };
        // A list that goes beyond its elements is cut without a word.
        return elements.Length == length ? elements : throw new InvalidDataException($"a list of {length} where {elements.Length} are left");
    }

    /// <summary>Returns an integer; null where it is null.</summary>
    public static long? IntegerAt(IArrowArray integers, int index) => integers.IsNull(index) ? null : integers switch
    {
        Int32Array a => a.Values[index],
        Int64Array a => a.Values[index],
        UInt16Array a => a.Values[index],
        UInt32Array a => a.Values[index],
        Int16Array a => a.Values[index],
        UInt8Array a => a.Values[index],
        Int8Array a => a.Values[index],
        UInt64Array a => (long)Math.Min(a.Values[index], long.MaxValue),
        _ => throw new InvalidDataException("an integer that is none"),
    };

    public override string ToString() => $"{Name} ({TypeName(Type)})";

    private static ReadOnlySpan<byte> TextOf(DictionaryArray texts, int row)
    {
        long index = IntegerAt(texts.Indices, row) ?? -1;
        return index >= 0 && index < texts.Dictionary.Length ? TextAt(texts.Dictionary, (int)index) : throw new InvalidDataException($"value {index} of a dictionary of {texts.Dictionary.Length}");
    }

    private static IEnumerable<ArrowColumn> Of(Field field, string name, IReadOnlyList<int> path) =>
        field.DataType is StructType type ? type.Fields.SelectMany((inner, i) => Of(inner, $"{name}.{inner.Name}", [.. path, i])) : [new ArrowColumn(name, field.DataType, path)];

    private static bool Text(IArrowType type) =>
        type.TypeId is ArrowTypeId.String or ArrowTypeId.LargeString or ArrowTypeId.StringView or ArrowTypeId.Binary or ArrowTypeId.LargeBinary or ArrowTypeId.BinaryView;

    private static string TypeName(IArrowType type) => type is DictionaryType dictionary ? $"dictionary of {dictionary.ValueType.Name}" : type.Name;
}
