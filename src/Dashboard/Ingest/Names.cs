namespace SparkTrain.Dashboard;

/// <summary>What runs and metrics may be called.</summary>
internal static class Names
{
    public static void Require(string name, string what, int maxLength)
    {
        if (name.Length == 0) throw new EventRefusedException($"{what} is empty");
        if (name.Length > maxLength) throw new EventRefusedException($"{what} has {name.Length} characters; it may have {maxLength}");
        // A lone surrogate could not be written as UTF-8 again.
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsControl(name[i])) throw new EventRefusedException($"{what} has a control character");
            if (char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1])) i++;
            else if (char.IsSurrogate(name[i])) throw new EventRefusedException($"{what} has half of a character");
        }
    }
}
