namespace SparkTrain.Configuration;

/// <summary>The form in which a layer gives a value.</summary>
internal enum EntryKind
{
    /// <summary>Text from an override: what it means depends on the key.</summary>
    Text,
    String,
    Number,
    Boolean,
    Null,
    List,
    Section,
}

/// <summary>What one layer says about one key.</summary>
/// <param name="Kind">The form.</param>
/// <param name="Text">The value's text; empty for lists and sections.</param>
/// <param name="Origin">Where it stands.</param>
internal sealed record Entry(EntryKind Kind, string Text, ValueOrigin Origin)
{
    /// <summary>True for JSON's null and for the word null in an override.</summary>
    public bool IsNull => Kind == EntryKind.Null || (Kind == EntryKind.Text && Text == "null");

    /// <summary>The value as an error message quotes it.</summary>
    public string Found => Kind switch
    {
        EntryKind.String or EntryKind.Text => $"is \"{Shortened(ShownAddress.Of(Text))}\"",
        EntryKind.List => "is a list",
        EntryKind.Section => "is a section",
        _ => $"is {Shortened(Text)}",
    };

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..57] + "…";
}
