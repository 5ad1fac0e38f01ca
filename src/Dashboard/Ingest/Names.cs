namespace SparkTrain.Dashboard;

/// <summary>What runs and metrics may be called.</summary>
internal static class Names
{
    /// <summary>Returns whether a name may be given.</summary>
    public static bool IsFit(string name, int maxLength) => Problem(name, maxLength) is null;

    /// <summary>Refuses a name that may not be given.</summary>
    /// <exception cref="EventRefusedException">It is empty, too long, or has a character that is none.</exception>
    public static void Require(string name, string what, int maxLength)
    {
        if (Problem(name, maxLength) is { } problem) throw new EventRefusedException($"{what} {problem}");
    }

    private static string? Problem(string name, int maxLength)
    {
        if (name.Length == 0) return "is empty";
        if (name.Length > maxLength) return $"has {name.Length} characters; it may have {maxLength}";
        return name.Any(char.IsControl) ? "has a control character" : null;
    }
}
