namespace SparkTrain.Data;

/// <summary>
/// The parts of a documentation id such as <c>M:System.String.Join(System.String,System.Object[])</c> (C# specification, annex D.4.2):
/// kind, type, name, parameter types and, for conversions, what follows <c>~</c>.
/// </summary>
internal readonly record struct MemberId(char Kind, string TypeId, string Name, IReadOnlyList<string>? Parameters, string? Result)
{
    public static bool TryParse(string text, out MemberId id)
    {
        id = default;
        if (text.Length < 3 || text[1] != ':' || !"TMPFE".Contains(text[0], StringComparison.Ordinal)) return false;
        var (kind, path) = (text[0], text[2..]);
        if (kind == 'T')
        {
            id = new MemberId(kind, path, "", null, null);
            return true;
        }
        string? result = null;
        if (path.LastIndexOf('~') is var tilde and >= 0) (path, result) = (path[..tilde], path[(tilde + 1)..]);
        IReadOnlyList<string>? parameters = null;
        if (path.IndexOf('(', StringComparison.Ordinal) is var open and >= 0)
        {
            parameters = SplitTopLevel(path[(open + 1)..].TrimEnd(')'));
            path = path[..open];
        }
        var dot = path.LastIndexOf('.');
        if (dot <= 0) return false;
        id = new MemberId(kind, path[..dot], path[(dot + 1)..].Replace('#', '.').TrimStart('.'), parameters, result);
        return true;
    }

    /// <summary>Splits at the commas that are in no bracket.</summary>
    public static List<string> SplitTopLevel(string list)
    {
        var parts = new List<string>();
        var (depth, start) = (0, 0);
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] is '{' or '[' or '(') depth++;
            else if (list[i] is '}' or ']' or ')') depth--;
            else if (list[i] == ',' && depth == 0)
            {
                parts.Add(list[start..i]);
                start = i + 1;
            }
        }
        if (list.Length > start) parts.Add(list[start..]);
        return parts;
    }
}
