using SparkTrain.Input;

namespace SparkTrain.Configuration;

/// <summary>Loads a tree of records from a JSON file, the environment and command-line overrides, and accepts nothing that is not exactly right.</summary>
public static class StrictConfiguration
{
    /// <summary>What the names of environment variables begin with: <c>SPARKTRAIN_Model__DModel</c> sets Model.DModel.</summary>
    public const string EnvironmentPrefix = "SPARKTRAIN_";

    /// <summary>No configuration is that long: a model or data file given by mistake is refused before it is read.</summary>
    private const int LongestFile = 4 << 20;

    /// <summary>Reads the layers, checks all keys and rules, and binds; a later layer wins over an earlier one.</summary>
    /// <param name="jsonPath">The JSON file; comments and trailing commas are allowed.</param>
    /// <param name="overrides">Overrides of the form <c>A.B=value</c> or <c>A:B=value</c>.</param>
    /// <param name="environmentPrefix">What the names of environment variables begin with.</param>
    /// <exception cref="ConfigurationException">The file cannot be read, or something in it or in an override is wrong; all problems are reported.</exception>
    public static ResolvedConfiguration<T> Load<T>(string jsonPath, IEnumerable<string> overrides, string environmentPrefix = EnvironmentPrefix)
        where T : class
    {
        var problems = new List<ConfigurationProblem>();
        var schema = SectionSchema.Of<T>();
        var layers = new Layers(jsonPath, ReadFile(jsonPath), overrides, environmentPrefix, schema, problems);
        var reader = new RecordReader(layers, schema, new StrayVariables(schema, environmentPrefix), problems);
        var value = (T)reader.Read();
        return problems.Count == 0
            ? new ResolvedConfiguration<T>(jsonPath, value, reader.Values, layers, schema)
            : throw new ConfigurationException(jsonPath, problems);
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            var text = RegularFile.ReadAllBytes(path, LongestFile);
            // The reader takes one for a line's end in comments only; places of problems count lines everywhere alike.
            for (int i = 0; i < text.Length; i++)
                if (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')) text[i] = (byte)'\n';
            return text.AsSpan().StartsWith("\uFEFF"u8) ? text[3..] : text;
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new ConfigurationException($"{path}: cannot be read: {e.Reason()}. Give a readable JSON configuration file.");
        }
    }
}
