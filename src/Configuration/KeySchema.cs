using System.Reflection;

namespace SparkTrain.Configuration;

/// <summary>What kind of node a key is.</summary>
internal enum KeyKind
{
    Scalar,
    List,
    Section,
}

/// <summary>One key of a section: a settable property of its record.</summary>
internal sealed record KeySchema
{
    public required PropertyInfo Property { get; init; }
    public required KeyKind Kind { get; init; }

    /// <summary>The scalar's type without nullability, the list's element type, or the section's record type.</summary>
    public required Type ValueType { get; init; }

    /// <summary>The dotted path; an element of a list of records is written <c>[]</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The dotted path that the key had in earlier versions, under which it is still read; null where it has not moved.</summary>
    public required string? Former { get; init; }

    public required bool IsRequired { get; init; }
    public required bool IsNullable { get; init; }

    /// <summary>The value when no layer gives one.</summary>
    public required object? Default { get; init; }

    /// <summary>The keys of a section, or of each element of a list of records; otherwise null.</summary>
    public required SectionSchema? Section { get; init; }

    public required IReadOnlyList<Constraint> Constraints { get; init; }

    public string Name => Property.Name;

    public string Doc => XmlDocumentation.Of(Property);

    /// <summary>The limits of all constraints, for the reference and for "must be …"; empty where there are none.</summary>
    public string Limits => string.Join(", ", Constraints.Select(c => c.Limits).Where(text => text.Length > 0));

    /// <summary>What the key holds, as the end of "must be …".</summary>
    public string Expected
    {
        get
        {
            var value = Kind switch
            {
                KeyKind.Section => Section!.Described,
                KeyKind.List => "a list of " + (Section?.Described ?? Plural(ValueType)),
                _ => ScalarText.Expected(ValueType),
            };
            return value + (Limits.Length == 0 ? "" : (Limits.StartsWith("from", StringComparison.Ordinal) ? " " : ", ") + Limits) + (IsNullable ? ", or null" : "");
        }
    }

    /// <summary>The default as the reference shows it.</summary>
    public string DefaultText => IsRequired ? "required" : Kind switch
    {
        KeyKind.List when Default is System.Collections.IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(ScalarText.Format))}]",
        KeyKind.Scalar when Default is "" => "\"\"",
        KeyKind.Section when Default is not null => "as below",
        _ => ScalarText.Format(Default),
    };

    private static string Plural(Type type) =>
        type.IsEnum ? string.Join(" | ", Enum.GetNames(type)) : type == typeof(string) ? "texts" : type == typeof(bool) ? "true or false" : type == typeof(double) ? "numbers" : "whole numbers";
}
