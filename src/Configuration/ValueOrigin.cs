using System.Globalization;

namespace SparkTrain.Configuration;

/// <summary>The layer that a value comes from.</summary>
public enum OriginKind
{
    /// <summary>The record's own default.</summary>
    Default,

    /// <summary>The JSON file.</summary>
    File,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>An override on the command line.</summary>
    Set,
}

/// <summary>Says where one value comes from: <c>default</c>, <c>file.json:line:column</c>, <c>environment NAME</c> or <c>--set</c>.</summary>
public sealed record ValueOrigin
{
    private ValueOrigin(OriginKind kind, string name, int line, int column) =>
        (Kind, Name, Line, Column) = (kind, name, line, column);

    /// <summary>The record's own default.</summary>
    public static ValueOrigin Default { get; } = new(OriginKind.Default, "", 0, 0);

    /// <summary>An override on the command line.</summary>
    public static ValueOrigin Set { get; } = new(OriginKind.Set, "", 0, 0);

    /// <summary>The layer.</summary>
    public OriginKind Kind { get; }

    /// <summary>The path of the file or the name of the environment variable, otherwise empty.</summary>
    public string Name { get; }

    /// <summary>The line in the file, counted from 1; 0 outside files.</summary>
    public int Line { get; }

    /// <summary>The column in the file in characters, counted from 1; 0 outside files.</summary>
    public int Column { get; }

    /// <summary>Makes the origin of a value at a place in a file.</summary>
    public static ValueOrigin InFile(string path, int line, int column) => new(OriginKind.File, path, line, column);

    /// <summary>Makes the origin of a value from the environment.</summary>
    public static ValueOrigin InEnvironment(string variable) => new(OriginKind.Environment, variable, 0, 0);

    /// <summary>Writes the origin as people read it.</summary>
    public override string ToString() => Kind switch
    {
        OriginKind.File => string.Create(CultureInfo.InvariantCulture, $"{Name}:{Line}:{Column}"),
        OriginKind.Environment => $"environment {Name}",
        OriginKind.Set => "--set",
        _ => "default",
    };
}
