using System.Text.RegularExpressions;

namespace SparkTrain.Telemetry;

/// <summary>
/// What an address of a receiver of events may be. It stands in configurations, events, reports and checkpoints, where every reader sees it, so no part of it that usually holds a secret is taken: a user's name and password, a query,
/// a fragment.
/// </summary>
public static class ReceiverUrl
{
    /// <summary>The rule as a regular expression for the whole text.</summary>
    public const string Pattern = @"https?://[^/?#@\s]+(/[^?#\s]*)?";

    /// <summary>The rule in words.</summary>
    public const string Rule = "must be an address that begins with http:// or https://, without user:password@, ?query and #fragment, which everyone who sees the run could read: use TokenFile.";

    private static readonly Regex Whole = new($@"\A(?:{Pattern})\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    /// <summary>Returns whether a text is such an address.</summary>
    public static bool IsFit(string text) => Whole.IsMatch(text) && Uri.TryCreate(text, UriKind.Absolute, out _);
}
