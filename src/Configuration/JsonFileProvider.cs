using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SparkTrain.Configuration;

/// <summary>
/// Brings a JSON file into the layers and remembers each key's form, line and column. The package's own JSON provider keeps neither, stops at
/// the first duplicate key and reads <c>"A:B"</c> as a nested key.
/// </summary>
internal sealed class JsonFileProvider(string file, byte[] text, List<ConfigurationProblem> problems) : ConfigurationProvider, IConfigurationSource
{
    private static readonly JsonReaderOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private readonly Dictionary<string, Entry> entries = new(StringComparer.OrdinalIgnoreCase);
    private readonly LineMap lines = new(text);

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public Entry? Find(string path) => entries.GetValueOrDefault(path);

    /// <summary>Reads the file; throws <see cref="ConfigurationException"/> where it is no JSON object.</summary>
    public override void Load()
    {
        var reader = new Utf8JsonReader(text, Options);
        try
        {
            if (text.AsSpan().TrimStart(" \t\r\n"u8).IsEmpty)
                throw Syntax(1, 1, "is empty; must be a JSON object: { … }.");
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Syntax(lines.At(reader.TokenStartIndex), "must be a JSON object: { … }.");
            ReadValue(ref reader, "", Here(ref reader));
            reader.Read();
        }
        catch (JsonException e)
        {
            var line = e.LineNumber ?? 0;
            throw Syntax(lines.At(line, e.BytePositionInLine ?? 0), Explain(e));
        }
        catch (InvalidOperationException)
        {
            throw Syntax(lines.At(reader.TokenStartIndex), "is no valid Unicode text.");
        }
    }

    private void ReadValue(ref Utf8JsonReader reader, string path, ValueOrigin origin)
    {
        var kind = Kind(reader.TokenType);
        var value = kind switch
        {
            EntryKind.String => reader.GetString()!,
            EntryKind.List or EntryKind.Section => "",
            _ => Encoding.UTF8.GetString(reader.ValueSpan),
        };
        entries[path] = new Entry(kind, value, origin);
        var isEmpty = kind switch
        {
            EntryKind.Section => ReadMembers(ref reader, path) == 0,
            EntryKind.List => ReadElements(ref reader, path) == 0,
            _ => true,
        };
        // As in the package's provider, a section or list with content exists through its content only.
        if (isEmpty && path.Length > 0) Data[path] = kind is EntryKind.Null or EntryKind.Section or EntryKind.List ? null : value;
    }

    private int ReadMembers(ref Utf8JsonReader reader, string path)
    {
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            var origin = Here(ref reader);
            reader.Read();
            var child = KeyPath.Join(path, name);
            if (path.Length == 0 && name is "$schema" or ConfigurationFile.OriginsKey)
                reader.Skip();
            else if (name.Length == 0 || name.Contains(':'))
                Refuse(ref reader, origin, child, "is no key name.", "Write nested sections as objects: \"A\": { \"B\": … }.");
            else if (entries.TryGetValue(child, out var first))
                Refuse(ref reader, origin, child, $"is given twice; the first is at {first.Origin.Line}:{first.Origin.Column}.", "Keep one of them.");
            else
            {
                ReadValue(ref reader, child, origin);
                count++;
            }
        }
        return count;
    }

    private int ReadElements(ref Utf8JsonReader reader, string path)
    {
        var count = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
            ReadValue(ref reader, KeyPath.Join(path, count.ToString(CultureInfo.InvariantCulture)), Here(ref reader));
        return count;
    }

    private void Refuse(ref Utf8JsonReader reader, ValueOrigin origin, string path, string message, string help)
    {
        problems.Add(new(origin, KeyPath.Display(path), message, help));
        reader.Skip();
    }

    private ValueOrigin Here(ref Utf8JsonReader reader)
    {
        var (line, column) = lines.At(reader.TokenStartIndex);
        return ValueOrigin.InFile(file, line, column);
    }

    private static EntryKind Kind(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => EntryKind.Section,
        JsonTokenType.StartArray => EntryKind.List,
        JsonTokenType.String => EntryKind.String,
        JsonTokenType.Number => EntryKind.Number,
        JsonTokenType.Null => EntryKind.Null,
        _ => EntryKind.Boolean,
    };

    private ConfigurationException Syntax((int Line, int Column) at, string message) => Syntax(at.Line, at.Column, message);

    private ConfigurationException Syntax(int line, int column, string message) =>
        new(file, [.. problems, new(ValueOrigin.InFile(file, line, column), "", message) { SourceLine = Shown(line, column) }]);

    /// <summary>The source line, unless it is so long that it would bury the message.</summary>
    private string? Shown(int line, int column) => lines.Line(line) is { Length: > 0 and <= 160 } source && column <= source.Length + 1 ? source : null;

    /// <summary>The reader's own message without its position, which we show as line and column counted from 1.</summary>
    private static string Explain(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return "is no valid JSON: " + (end < 0 ? e.Message : e.Message[..end]);
    }
}
