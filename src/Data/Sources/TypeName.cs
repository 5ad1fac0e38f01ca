using System.Globalization;
using System.Text;

namespace SparkTrain.Data;

/// <summary>Turns the type names of documentation ids into those of C#.</summary>
/// <param name="TypeParameters">Names for `0, `1, …</param>
/// <param name="MethodParameters">Names for ``0, ``1, …</param>
internal sealed record TypeName(IReadOnlyList<string> TypeParameters, IReadOnlyList<string> MethodParameters)
{
    private static readonly Dictionary<string, string> Keywords = new(StringComparer.Ordinal)
    {
        ["System.Boolean"] = "bool", ["System.Byte"] = "byte", ["System.SByte"] = "sbyte", ["System.Char"] = "char",
            ["System.Decimal"] = "decimal",
        ["System.Double"] = "double", ["System.Single"] = "float", ["System.Int16"] = "short", ["System.Int32"] = "int",
            ["System.Int64"] = "long",
        ["System.UInt16"] = "ushort", ["System.UInt32"] = "uint", ["System.UInt64"] = "ulong", ["System.Object"] = "object",
            ["System.String"] = "string",
        ["System.Void"] = "void",
    };

    /// <summary>For names outside any type: T, or T1, T2, … where there are several.</summary>
    public static TypeName Unbound { get; } = new([], []);

    /// <summary>
    /// Returns for example <c>IEnumerable&lt;string&gt;</c> for <c>System.Collections.Generic.IEnumerable{System.String}</c>.
    /// </summary>
    public string Of(string id)
    {
        if (id.EndsWith('@')) return "ref " + Of(id[..^1]);
        if (id.EndsWith('*')) return Of(id[..^1]) + "*";
        if (id.EndsWith(']') && id.LastIndexOf('[') is var open and > 0)
            return Of(id[..open]) + "[" + new string(',', id.AsSpan(open).Count(',')) + "]";
        if (id.StartsWith("``", StringComparison.Ordinal)) return Parameter(MethodParameters, id[2..], "T");
        if (id.StartsWith('`')) return Parameter(TypeParameters, id[1..], "T");
        if (Keywords.TryGetValue(id, out var keyword)) return keyword;
        if (id.StartsWith("System.Nullable{", StringComparison.Ordinal) && id.EndsWith('}')) return Of(id[16..^1]) + "?";
        return Path(id);
    }

    /// <summary>
    /// Returns the name of the type that a <c>T:</c> id names, with the names of its type parameters and without its namespace.
    /// </summary>
    public string OfDefinition(string id) => Path(id);

    // Namespace and outer types are left out, except outer types that carry arguments.
    private string Path(string id)
    {
        var name = new StringBuilder();
        foreach (var segment in Segments(id))
        {
            var (plain, arguments) = Arguments(segment);
            if (name.Length > 0 && name[^1] != '>') name.Clear();
            if (name.Length > 0) name.Append('.');
            name.Append(plain);
            if (arguments.Count > 0) name.Append('<').AppendJoin(", ", arguments).Append('>');
        }
        return name.ToString();
    }

    private (string Plain, List<string> Arguments) Arguments(string segment)
    {
        if (segment.IndexOf('{', StringComparison.Ordinal) is var brace and > 0 && segment.EndsWith('}'))
            return (segment[..brace], MemberId.SplitTopLevel(segment[(brace + 1)..^1]).ConvertAll(Of));
        if (segment.IndexOf('`', StringComparison.Ordinal) is var tick and > 0
            && int.TryParse(segment.AsSpan(tick).TrimStart('`'), CultureInfo.InvariantCulture, out var arity))
            return (segment[..tick], [.. Enumerable.Range(0, arity).Select(i => NameOf(TypeParameters, i, arity, "T"))]);
        return (segment, []);
    }

    private static List<string> Segments(string id)
    {
        var segments = new List<string>();
        var (depth, start) = (0, 0);
        for (var i = 0; i < id.Length; i++)
        {
            if (id[i] == '{') depth++;
            else if (id[i] == '}') depth--;
            else if (id[i] == '.' && depth == 0)
            {
                segments.Add(id[start..i]);
                start = i + 1;
            }
        }
        segments.Add(id[start..]);
        return segments;
    }

    private static string Parameter(IReadOnlyList<string> names, string index, string fallback) =>
        int.TryParse(index, CultureInfo.InvariantCulture, out var i) ? NameOf(names, i, names.Count, fallback) : fallback;

    private static string NameOf(IReadOnlyList<string> names, int index, int count, string fallback) =>
        index < names.Count && names.Count == count ? names[index]
        : count <= 1 ? fallback : fallback + (index + 1).ToString(CultureInfo.InvariantCulture);
}
