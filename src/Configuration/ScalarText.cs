using System.Globalization;

namespace SparkTrain.Configuration;

/// <summary>The text form of single values: reading with strict rules, writing that reads back to the same value.</summary>
internal static class ScalarText
{
    public static bool IsSupported(Type type) =>
        type.IsEnum || type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(bool) || type == typeof(string);

    /// <summary>What a value of this type must be, as the end of "must be …".</summary>
    public static string Expected(Type type) =>
        type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type))
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(bool) ? "true or false"
        : "text";

    /// <summary>Reads a value; returns null where the entry does not hold one of this type.</summary>
    public static object? Parse(Type type, Entry entry)
    {
        var form = type == typeof(string) || type.IsEnum ? EntryKind.String : type == typeof(bool) ? EntryKind.Boolean : EntryKind.Number;
        if (entry.Kind != form && entry.Kind != EntryKind.Text) return null;
        var text = entry.Text;
        const NumberStyles Whole = NumberStyles.AllowLeadingSign;
        const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (type.IsEnum) return Enum.GetNames(type).FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(type, name) : null;
        if (type == typeof(int)) return int.TryParse(text, Whole, CultureInfo.InvariantCulture, out var i) ? i : null;
        if (type == typeof(long)) return long.TryParse(text, Whole, CultureInfo.InvariantCulture, out var l) ? l : null;
        if (type == typeof(double)) return double.TryParse(text, Real, CultureInfo.InvariantCulture, out var d) && double.IsFinite(d) ? d : null;
        if (type == typeof(bool)) return bool.TryParse(text, out var b) ? b : null;
        return text;
    }

    /// <summary>A hint for a value of the wrong type, or null.</summary>
    public static string? Hint(Type type, Entry entry)
    {
        if (type.IsEnum)
            return NearestName.Of(entry.Text, Enum.GetNames(type)) is { } near ? $"Did you mean {near}?" : null;
        if (entry.Kind == EntryKind.String && Parse(type, entry with { Kind = EntryKind.Text }) is { } meant)
            return $"Write {Format(meant)} without quotes.";
        if (type == typeof(string) && entry.Kind is EntryKind.Number or EntryKind.Boolean)
            return $"Write \"{entry.Text}\" in quotes.";
        if (type != typeof(int) && type != typeof(long)) return null;
        if (!double.TryParse(entry.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || number != Math.Floor(number)) return null;
        var most = type == typeof(int) ? int.MaxValue : long.MaxValue;
        return Math.Abs(number) <= most ? $"Write it plainly: {number:F0}." : $"The largest is {Format(most)}.";
    }

    /// <summary>Writes a value so that it reads back the same; numbers invariantly and as short as possible.</summary>
    public static string Format(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => Format(number),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    /// <summary>1E-06 as people write it: 1e-6.</summary>
    private static string Format(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        var split = text.IndexOf('E', StringComparison.Ordinal);
        return split < 0 ? text : $"{text[..split]}e{int.Parse(text[(split + 1)..], CultureInfo.InvariantCulture)}";
    }
}
