namespace SparkTrain.Parquet;

/// <summary>Reads the schema of a Parquet file: a tree, written as its nodes from the root down.</summary>
internal static class SchemaReader
{
    private const int Required = 0, Repeated = 2, MaxDepth = 32;

    /// <summary>Reads the list of nodes at which <paramref name="reader"/> stands. Throws <see cref="InvalidDataException"/> where it is no tree.</summary>
    public static ParquetColumn[] Read(ref ThriftReader reader)
    {
        var nodes = new Node[reader.ReadListHead(out var type)];
        if (type != ThriftReader.Struct || nodes.Length == 0) throw new InvalidDataException("the schema is no list of nodes");
        for (var i = 0; i < nodes.Length; i++) nodes[i] = ReadNode(ref reader);
        var (columns, next) = (new List<ParquetColumn>(), 1);
        for (var child = 0; child < nodes[0].Children; child++) AddColumns(nodes, ref next, new Place("", 0, 0, 0, true), columns, 0);
        if (next != nodes.Length) throw new InvalidDataException($"the schema has {nodes.Length} nodes, of which {next} are used");
        return [.. columns];
    }

    private static void AddColumns(Node[] nodes, ref int next, Place above, List<ParquetColumn> columns, int depth)
    {
        if (next == nodes.Length || depth > MaxDepth) throw new InvalidDataException("the schema is no tree");
        var node = nodes[next++];
        var definition = above.Definition + (node.Repetition == Required ? 0 : 1);
        var here = new Place(above.Name.Length == 0 ? node.Name : $"{above.Name}.{node.Name}", definition, above.Repetition + (node.Repetition == Repeated ? 1 : 0),
            node.Repetition == Repeated ? definition : above.ListDefinition, above.IsAlone && node.Children <= 1);
        if (node.Children == 0) columns.Add(new ParquetColumn(here.Name, node.Type, node.Meaning, here.Definition, here.Repetition, here.ListDefinition, here.IsAlone));
        for (var child = 0; child < node.Children; child++) AddColumns(nodes, ref next, here, columns, depth + 1);
    }

    private static Node ReadNode(ref ThriftReader reader)
    {
        var node = new Node("", -1, Required, 0, ColumnMeaning.Plain);
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32): node = node with { Type = reader.ReadInt() }; break;
                case (3, ThriftReader.Int32): node = node with { Repetition = reader.ReadInt() }; break;
                case (4, ThriftReader.Binary): node = node with { Name = reader.ReadText() }; break;
                case (5, ThriftReader.Int32): node = node with { Children = reader.ReadInt() }; break;
                case (6, ThriftReader.Int32): node = node with { Meaning = Converted(reader.ReadInt()) }; break;
                case (10, ThriftReader.Struct): node = node with { Meaning = ReadLogical(ref reader) }; break;
                default: reader.Skip(type); break;
            }
        }
        return node is { Repetition: >= Required and <= Repeated, Children: >= 0 } ? node : throw new InvalidDataException($"the schema's node '{node.Name}' has repetition {node.Repetition} and {node.Children} children");
    }

    // The older of two ways to tell the meaning: 0 UTF8, 4 ENUM, 11 to 14 unsigned and 15 to 18 signed integers of 8 to 64 bits, 19 JSON.
    private static ColumnMeaning Converted(int type) => type switch
    {
        0 or 4 or 19 => ColumnMeaning.Text,
        >= 11 and <= 14 => ColumnMeaning.Unsigned,
        >= 15 and <= 18 => ColumnMeaning.Plain,
        _ => ColumnMeaning.Other,
    };

    // The newer one is a union: 1 STRING, 4 ENUM, 10 INTEGER (with its sign as field 2), 11 UNKNOWN (nothing but nulls), 12 JSON.
    private static ColumnMeaning ReadLogical(ref ThriftReader reader)
    {
        var meaning = ColumnMeaning.Other;
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            if (field is 1 or 4 or 12) meaning = ColumnMeaning.Text;
            if (field == 11) meaning = ColumnMeaning.Null;
            if (field != 10 || type != ThriftReader.Struct) reader.Skip(type);
            else
            {
                meaning = ColumnMeaning.Plain;
                for (var inner = 0; reader.NextField(ref inner) is var innerType and not 0;)
                {
                    if (inner == 2 && innerType == ThriftReader.False) meaning = ColumnMeaning.Unsigned;
                    reader.Skip(innerType);
                }
            }
        }
        return meaning;
    }

    private readonly record struct Node(string Name, int Type, int Repetition, int Children, ColumnMeaning Meaning);

    private readonly record struct Place(string Name, int Definition, int Repetition, int ListDefinition, bool IsAlone);
}
