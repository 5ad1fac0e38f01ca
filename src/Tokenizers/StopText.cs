namespace SparkTrain.Tokenizers;

/// <summary>Ends a text that comes in pieces before the stop string that is complete first (of two that end together, before the longer).</summary>
/// <param name="stops">The stop strings, none of them empty. They are compared character by character.</param>
public sealed class StopText(IReadOnlyList<string> stops)
{
    // What may be the beginning of a stop string waits here.
    private string held = "";

    /// <summary>True once a stop string has come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Takes in a piece; returns what of the text is certain to come before any stop string.</summary>
    public string Append(string piece)
    {
        if (IsComplete) return "";
        string text = held + piece;
        int end = int.MaxValue, begin = 0;
        foreach (string stop in stops)
            if (text.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var at && (at + stop.Length, at).CompareTo((end, begin)) < 0) (end, begin) = (at + stop.Length, at);
        IsComplete = end != int.MaxValue;
        if (!IsComplete) begin = FirstThatMayBeginAStop(text);
        held = IsComplete ? "" : text[begin..];
        return text[..begin];
    }

    /// <summary>Returns what was held back, once no more comes.</summary>
    public string Flush()
    {
        string rest = held;
        held = "";
        return rest;
    }

    private int FirstThatMayBeginAStop(string text)
    {
        int longest = stops.Count == 0 ? 0 : stops.Max(stop => stop.Length);
        for (int at = Math.Max(0, text.Length - longest + 1); at < text.Length; at++)
            foreach (string stop in stops)
                if (stop.AsSpan().StartsWith(text.AsSpan(at), StringComparison.Ordinal)) return at;
        return text.Length;
    }
}
