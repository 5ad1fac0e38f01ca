namespace SparkTrain.Configuration;

/// <summary>Finds the name that somebody who mistyped most likely meant.</summary>
public static class NearestName
{
    /// <summary>Returns the candidate nearest to <paramref name="typed"/>, or null where none is near; case, <c>_</c> and <c>-</c> do not count.</summary>
    public static string? Of(string typed, IReadOnlyCollection<string> candidates)
    {
        var plain = Plain(typed);
        var best = candidates.Select(candidate => (Name: candidate, Distance: Distance(plain, Plain(candidate)))).DefaultIfEmpty().MinBy(c => c.Distance);
        if (best.Name is not null && best.Distance <= Math.Max(1, plain.Length / 3)) return best.Name;
        // A name that became longer or shorter: ActiveFraction for Active, Layers for NumLayers.
        return candidates.FirstOrDefault(candidate => Contains(plain, Plain(candidate)) || Contains(Plain(candidate), plain));
    }

    private static bool Contains(string longer, string shorter) => shorter.Length >= 4 && longer.Contains(shorter, StringComparison.Ordinal);

    private static string Plain(string name) =>
        name.TrimStart('-').Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.</summary>
    internal static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
