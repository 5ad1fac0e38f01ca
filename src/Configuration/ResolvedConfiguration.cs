namespace SparkTrain.Configuration;

/// <summary>A configuration that passed every check, with the origin of each value.</summary>
public sealed class ResolvedConfiguration<T>
    where T : class
{
    private readonly Layers layers;
    private readonly SectionSchema schema;

    internal ResolvedConfiguration(string file, T value, IReadOnlyList<ResolvedValue> values, Layers layers, SectionSchema schema)
    {
        this.layers = layers;
        this.schema = schema;
        (File, Value, Values) = (file, value, values);
    }

    /// <summary>The path of the JSON file as it was given.</summary>
    public string File { get; }

    /// <summary>The bound records.</summary>
    public T Value { get; }

    /// <summary>Every value in the order of declaration, defaults included.</summary>
    public IReadOnlyList<ResolvedValue> Values { get; }

    /// <summary>Writes the configuration as JSON that loads again to the same records, each value's origin beside it under <c>$origins</c>.</summary>
    public string ToJson() => ResolvedJson.Write(schema, Value, Values);

    /// <summary>
    /// Makes the exception for a value that turns out wrong only later, for example a batch that the number of ranks does not divide;
    /// it points to the key's place like every other problem.
    /// </summary>
    /// <param name="key">The dotted key path.</param>
    /// <param name="message">What was found and expected, as a sentence that follows the key.</param>
    /// <param name="help">What to do, or null.</param>
    public ConfigurationException Refuse(string key, string message, string? help = null) =>
        new(File, [new ConfigurationProblem(layers.PlaceOf(KeyPath.FromDisplay(key)), key, message, help)]);
}
