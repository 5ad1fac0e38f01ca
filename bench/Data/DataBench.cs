namespace SparkTrain.Bench;

/// <summary>The data: reading batches, preparing, tokenizing; see docs/data.md.</summary>
internal static class DataBench
{
    /// <summary>Runs one part: <c>loader | tokenizer | bpe-train</c>, with settings such as <c>rounds=5</c>.</summary>
    public static int Run(string[] arguments) => arguments switch
    {
        ["loader", .. var settings] => LoaderBench.Run(new(settings)),
        ["prepare", .. var settings] => PrepareBench.Run(new(settings)),
        ["tokenizer", .. var settings] => TokenizerBench.Run(new(settings)),
        ["bpe-train", .. var settings] => BpeTrainBench.Run(new(settings)),
        _ => throw new ArgumentException("bench data wants loader, prepare, tokenizer or bpe-train"),
    };
}

/// <summary>Settings of a benchmark, given as <c>name=value</c>.</summary>
internal sealed class Settings(string[] given)
{
    /// <summary>Returns the value of a setting, or what holds where it is not given.</summary>
    public string this[string name, string unsaid] => given.LastOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? unsaid;

    /// <summary>Returns whole numbers that commas separate.</summary>
    public int[] Ints(string name, string unsaid) => [.. this[name, unsaid].Split(',').Select(number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>Returns a whole number.</summary>
    public int Int(string name, int unsaid) => int.Parse(this[name, unsaid.ToString(System.Globalization.CultureInfo.InvariantCulture)], System.Globalization.CultureInfo.InvariantCulture);
}
