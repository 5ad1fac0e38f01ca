using System.Text;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>Damages JSON where it means something: values of other types, numbers without measure, texts that are none, names that stand twice, nesting without end. What comes out is mostly JSON still.</summary>
/// <param name="random">The random numbers.</param>
internal sealed class JsonMutator(Random random)
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "0.5", "1e999", "-1e999", "1e-999", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890", "1e18",
        "\"\"", "\"text\"", "\"0\"", "\"NaN\"", "\"Infinity\"", "\"\\ud800\"", "\"a\\udc00b\"", "\"\\u0000\"", "\"../../etc/passwd\"", "\"/dev/zero\"", "\"\\ud83d\\ude00\"", "\"\u00e9\u4e09\"",
        "[]", "{}", "[null]", "[[]]", "{\"\":0}", "[0]", "[1,2]", "[-1,1e99]", "[\"a\"]", "{\"a\":{\"a\":1}}", "[{}]", "\"1970-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.9999999Z\"",
    ];

    private static readonly string[] Names = ["\"\"", "\"a.b\"", "\"__proto__\"", "\"\\ud800\"", "\"$schema\"", "\"\\u0000\"", "\"type\"", "\"Type\""];

    private static readonly int[] Depths = [1, 2, 40, 70, 200, 1100, 20_000];

    /// <summary>Returns JSON that is damaged in one place; null where the bytes hold no JSON. Of several lines one is damaged.</summary>
    public byte[]? Mutate(byte[] bytes)
    {
        var text = bytes.AsSpan().TrimStart("\uFEFF \t\r\n"u8);
        if (text.IsEmpty || text[0] is not ((byte)'{' or (byte)'[')) return null;
        var (begin, end) = (bytes.Length - text.Length, bytes.Length);
        var (values, names) = Parts(bytes.AsSpan(begin, end - begin));
        if (values.Count == 0)
        {
            (begin, end) = Line(bytes);
            (values, names) = Parts(bytes.AsSpan(begin, end - begin));
            if (values.Count == 0) return null;
        }
        string json = Encoding.Latin1.GetString(bytes.AsSpan(begin, end - begin));
        byte[] changed = Encoding.Latin1.GetBytes(Change(json, values, names));
        return [.. bytes.AsSpan(0, begin), .. changed, .. bytes.AsSpan(end)];
    }

    // Latin-1 stands for the bytes; what is written is ASCII but for two letters that are made of their bytes here.
    private static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private string Change(string json, List<Range> values, List<Range> names)
    {
        var (value, other) = (Any(values), Any(values));
        switch (random.Next(9))
        {
            case 0 or 1 or 2: return Replaced(json, value, Utf8(Values[random.Next(Values.Length)]));
            case 3: return Replaced(json, value, json[other]);
            case 4:
                int depth = Depths[random.Next(Depths.Length)];
                return Replaced(json, value, random.Next(2) == 0
                    ? string.Concat(new string('[', depth), json[value], new string(']', depth))
                    : string.Concat(string.Concat(Enumerable.Repeat("{\"a\":", depth)), json[value], new string('}', depth)));
            case 5 when names.Count > 0: return Replaced(json, Any(names), random.Next(3) == 0 ? json[Any(names)] : Names[random.Next(Names.Length)]);
            // A member once more, in front of where it stands.
            case 6 when names.Count > 0:
                var name = Any(names);
                return json.Insert(name.Start.Value, $"{json[name]}:{(random.Next(2) == 0 ? json[value] : "null")},");
            case 7 when json[value] is ['[', _, ..] and not "[]": return json.Insert(value.Start.Value + 1, string.Concat(Enumerable.Repeat((random.Next(2) == 0 ? json[other] : "0") + ",", 1 + random.Next(3))));
            case 8 when json[value] is ['"', .., '"']: return Replaced(json, value, string.Concat("\"", new string('x', 1 << random.Next(14)), json[value][1..]));
            default: return Replaced(json, value, "null");
        }
    }

    private Range Any(List<Range> parts) => parts[random.Next(parts.Count)];

    private static string Replaced(string json, Range part, string by) => string.Concat(json.AsSpan(0, part.Start.Value), by, json.AsSpan(part.End.Value));

    private (int Begin, int End) Line(byte[] bytes)
    {
        int at = random.Next(bytes.Length), begin = bytes.AsSpan(0, at).LastIndexOf((byte)'\n') + 1, length = bytes.AsSpan(begin).IndexOf((byte)'\n');
        return (begin, length < 0 ? bytes.Length : begin + length);
    }

    // Where values and names stand; none where it is no JSON.
    private static (List<Range> Values, List<Range> Names) Parts(ReadOnlySpan<byte> json)
    {
        var (values, names, open) = (new List<Range>(), new List<Range>(), new Stack<int>());
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 1000, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            while (reader.Read())
            {
                int begin = (int)reader.TokenStartIndex, end = (int)reader.BytesConsumed;
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) open.Push(begin);
                else if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject) values.Add(open.Pop()..end);
                else if (reader.TokenType == JsonTokenType.PropertyName) names.Add(begin..(begin + reader.ValueSpan.Length + 2));
                else values.Add(begin..end);
            }
            return (values, names);
        }
        catch (JsonException)
        {
            return ([], []);
        }
    }
}
