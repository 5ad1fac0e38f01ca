namespace SparkTrain.Configuration;

/// <summary>Addresses as messages show them: without what may be a secret.</summary>
public static class ShownAddress
{
    private const string Scheme = "://", Hidden = "…";

    /// <summary>Returns a text without the user, query and fragment of an address in it; any other text as it is.</summary>
    public static string Of(string text)
    {
        int scheme = text.IndexOf(Scheme, StringComparison.Ordinal);
        if (scheme < 0) return text;
        int start = scheme + Scheme.Length, tail = text.IndexOfAny(['?', '#'], start);
        string address = tail < 0 ? text[start..] : text[start..tail] + text[tail] + Hidden;
        // A password may have a slash or an @ in it, where an address may not: the last @ decides.
        int user = address.LastIndexOf('@');
        return text[..start] + (user < 0 ? address : Hidden + address[user..]);
    }
}
